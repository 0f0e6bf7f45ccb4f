# SPDX-License-Identifier: MIT
"""What must be said about a file, in the form that README.md fixes: from what the writer meant, not from what a reader says."""
import hashlib
from dataclasses import dataclass, field

from . import model


def digest(data):
    return hashlib.sha256(data).hexdigest()[:16]


def said_of(block):
    """A block as a reader hands it out."""
    flags = [(model.KEY, "key"), (model.DISCARD, "discard"), (model.CORRUPT, "corrupt"), (model.DISPOSABLE, "disposable")]
    stored = [(model.ENCRYPTED, "encrypted"), (model.COMPRESSED, "compressed"), (model.EXTERNAL, "external")]
    plain = block.data if block.plain is None and not block.flags & model.ENCRYPTED else block.plain
    said = {
        "track": block.track,
        "ordinal": block.ordinal,
        "type": block.type[0],
        "flags": [name for bit, name in flags if block.stored_flags & bit],
        "pts": block.pts if block.pts != model.NO_TIME else None,
        "dts": block.dts if block.dts != model.NO_TIME else None,
        "duration": block.duration,
        "size": None if plain is None else len(plain),
        "sha256": None if plain is None else digest(plain),
    }
    if block.side:
        said["side_data"] = [{"name": n, "size": len(d), "sha256": digest(d)} for n, d in block.side]
    if any(block.stored_flags & bit for bit, _ in stored):
        said["stored"] = {"as": [name for bit, name in stored if block.stored_flags & bit], "size": len(block.data),
                          "sha256": digest(block.data)}
    return said


def said_of_totals(totals):
    return {k: getattr(totals, k) for k in ("blocks", "hidden", "bytes", "start_pts", "first_dts", "end")}


def problem(kind, where, **more):
    """`where`: an offset or a chunk."""
    return {"kind": kind, "offset": where if isinstance(where, int) else where.offset, **more}


def ids(blocks):
    return [[b.track, b.ordinal] for b in blocks]


@dataclass
class Case:
    """A file of the suite."""
    data: bytes
    expect: dict
    ask: list = field(default_factory=list)    # {"options": […], member: answer}
    pipe: dict = field(default_factory=dict)   # members that differ when the file is read from a pipe
    beside: dict = field(default_factory=dict) # other files that lie in the folder: bytes, or the Path that a link leads to
    also: list = field(default_factory=list)   # expectations that are as good, where the document says MAY
    keyed: list = field(default_factory=list)  # {"options": […], "expect": {…}}: what comes out with a key

    def asked(self, member, answer, *options):
        self.ask.append({"options": [str(o) for o in options], member: answer})
        return self

    def seek(self, track, time, answer, *more):
        return self.asked("seek", answer, "--seek", track, time, *more)

    def frames(self, track, answer):
        return self.asked("frame_list", answer, "--frames", track)

    def chain(self, track, frame, answer):
        return self.asked("chain", answer, "--chain", track, frame)

    def block(self, track, ordinal, answer):
        return self.asked("block", said_of(answer) if answer else None, "--block", track, ordinal)


def refused(data, kind, offset, **more):
    return Case(bytes(data), {"outcome": "refused", "error": {"kind": kind, "offset": offset}}, **more)


def read(f, data=None, lost=(), problems=(), blocks=None, tracks=None, meta="as written", attachments=None, index=None, closed=None,
         clusters=None, pipe=None, **more):
    """A file that is read. What is not said otherwise is as the writer meant it.

    lost: [track, ordinal] of blocks that are not handed out. clusters: those that the file has. pipe: members that differ when the
    file is read from a pipe, besides those that always do; False: that is not compared."""
    tracks = f.tracks if tracks is None else tracks
    closed = f.closed is not None if closed is None else closed
    clusters = f.clusters if clusters is None else clusters
    blocks = [b for c in clusters for b in c.blocks] if blocks is None else blocks
    index = index or index_of(f, closed)
    problems = sorted(problems, key=lambda p: (p["offset"], p["kind"]))
    useless = {p["offset"] for p in problems if p["kind"] in USELESS}
    walked = totals_of(tracks, [c for c in clusters if c.offset not in useless])
    totals = totals_of(tracks, clusters) if index["from"] == "top" else walked
    expect = {
        "outcome": "read",
        "closed": closed,
        "tracks": tracks,
        "meta": f.meta_value if meta == "as written" else meta,
        "attachments": [{"track_id": t["track_id"], "size": len(f.attachments[t["track_id"]]),
                         "sha256": digest(f.attachments[t["track_id"]])}
                        for t in tracks if t["track_id"] in f.attachments] if attachments is None else attachments,
        "blocks": [said_of(b) for b in blocks if [b.track, b.ordinal] not in [list(x) for x in lost]],
        "problems": problems,
        "totals": totals,
        "frames": frames_of(totals),
        "index": index,
    }
    if pipe is not False:
        pipe = {"problems": [p for p in problems if p["kind"] != "index_contradiction"], "totals": walked, "frames": frames_of(walked),
                "index": WALK, **(pipe or {})}
        pipe = {k: v for k, v in pipe.items() if v != expect[k]}
    return Case(f.bytes() if data is None else bytes(data), expect, pipe=pipe, **more)


# What keeps a reader from using anything of a cluster.
USELESS = ("damaged_index", "damaged_chunk", "unknown_chunk_flag", "missing_bytes")


def totals_of(tracks, clusters):
    return {str(t["track_id"]): said_of_totals(model.Totals.of(t["track_id"], clusters)) for t in tracks}


def frames_of(totals):
    return {t: v["blocks"] - v["hidden"] for t, v in totals.items()}


def cut(f, size, **more):
    """The file up to a byte: what is whole is read. For files whose descriptions do not change."""
    clusters = [c for c in f.clusters if c.offset + c.size <= size]
    pages = [p for p in f.pages if p.offset + p.size <= size]
    torn = [c for c in f.chunks if c.offset < size < c.end]
    index = {"from": "page", "pages": len(pages), "clusters": sum(len(p.clusters) for p in pages)} if pages else WALK
    more.setdefault("problems", [problem("missing_bytes", c) for c in torn])
    return read(f, f.bytes()[:size], clusters=clusters, closed=False, index=index, **more)


def index_of(f, closed):
    listed = sum(len(p.clusters) for p in f.pages)
    if closed:
        return {"from": "top", "pages": len(f.pages), "clusters": listed}
    if f.pages:
        return {"from": "page", "pages": len(f.pages), "clusters": listed}
    return WALK


WALK = {"from": "walk", "pages": 0, "clusters": 0}


def flipped(data, offset, bit=0):
    out = bytearray(data)
    out[offset] ^= 1 << bit
    return bytes(out)
