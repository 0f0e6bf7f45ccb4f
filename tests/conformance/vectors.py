# SPDX-License-Identifier: MIT
"""The annotated vectors of the specification: small files whose every byte is named by the writer that wrote it."""
import re

from builder.expect import cut as cut_case
from builder.expect import problem, read
from builder.expect import refused as refused_case
from builder.expect import said_of
from builder.fields import Form
from builder.file import File
from builder.model import DISCARD, Block, delta, key, track
from builder.protection import Encryption, expand, meta_digest, tracks_digest
from builder.signing import Signing
from cases.external import FILM, taken
from cases.index import group

INTRODUCTION = """# The H4MK container format, version 2: vectors

Small files, byte by byte, for those who write a reader or a writer. `tests/conformance/make.py` makes this document, and a test compares it. The files are in `tests/conformance/vectors/`.

A row is one field or some that follow each other: where it begins, the bytes of each, and for each its name in [core.md](core.md) and what it says. A list in brackets is what a column holds. Fields without bytes are not shown; of long
ones, the first 16 bytes are. What the blocks are comes last: `I` and `P` are types, `*` marks key blocks, `-` is a time that is not known.
"""

ALL = []


def vector(function):
    ALL.append(function)
    return function


def small(track_id, **more):
    return track(track_id, kind="data", codec="x", **more)


@vector
def two_tracks(f):
    """Two tracks with side data. The second piece of side data of track 1 is a count of 0: the same as before. A closed file, with one page."""
    side = (("x-note", b"hello"),)
    f.describe([small(1), small(2)], {"title": "two"})
    return f.cluster([key(1, b"one", 0, side=side), key(2, b"ab", 0, duration=5), delta(1, b"three", 10, side=side, repeats=True),
                      key(2, b"cd", 5, duration=5), key(2, b"ef", 10, duration=5)]).finish()


@vector
def columns(f):
    """One cluster without an end, whose columns are constant with one exception (`flags`), of a width (`size`), with a step and an exception (`duration`), and zeros."""
    durations = [512, 1024, 512, 512, 40960, 512, 1024, 512]
    blocks = []
    time = 0
    for i, duration in enumerate(durations):
        blocks.append(Block(1, bytes([97 + i]) * (1 + i % 3), time, time, duration, "P" if i else "I", 0 if i else 4))
        time += duration
    return f.describe([small(1)]).cluster(blocks, forms={
        "track 1 flags": Form(exceptions=(0,), minimum=1, width=0), "track 1 duration": Form(step=512, exceptions=(4,))})


@vector
def stripes(f):
    """A cluster of 4,101 bytes of data in stripes of 4 KiB: two CRCs. The third block touches the second stripe only."""
    return f.describe([small(1)]).cluster([key(1, b"A" * 4000, 0), delta(1, b"B" * 96, 10), delta(1, b"last!", 20)], shift=12)


@vector
def unknown_times(f):
    """Blocks without pts, without dts, without both, and one that is not shown. A page with the times of the frames."""
    return f.describe([small(1)]).cluster([
        key(1, b"a", 20, None), delta(1, b"b", None, 30), delta(1, b"c", None, None), delta(1, b"d", 60, 50),
        delta(1, b"e", 70, 60, flags=DISCARD)]).page(times=True)


@vector
def two_pages(f):
    """Two pages: the first one is copied before the top, which names the copy. Track 2 has blocks in the second page only."""
    return f.describe([small(1), small(2)]).cluster(group(0)).page().cluster(group(1) + [key(2, b"x", 25)]).finish()


@vector
def edited(f):
    """A closed file whose META was edited: a new META, top, locator and checksum in the place of the former checksum. The former top and locator mean nothing any more."""
    f.describe([small(1)], {"title": "a"}).cluster([key(1, b"block", 0)]).finish().reopen()
    return f.describe_meta({"title": "b"}).top().locator().checksum()


@vector
def cut(f):
    """A file that was cut within its second cluster, whose index holds: the first one is read, the second one is the unfinished end."""
    f.describe([small(1)]).cluster([key(1, b"whole", 0)]).cluster([key(1, b"unfinished", 10)])
    f.clusters.pop()
    f.cut_at = f.end - 9
    return f


@vector
def added_track(f):
    """A track is added while the file is written: the second TRAK has it, the first page does not know it."""
    f.describe([small(1)]).cluster([key(1, b"alone", 0)]).page()
    return f.describe([small(1), small(2)]).cluster([key(1, b"both", 10), key(2, b"new", 10)]).page()


@vector
def external_data(f):
    """Blocks that lie in the file `film` beside this one, at 20 and at 60, and one block that is stored here."""
    return f.describe([small(1, beside="film")]).cluster([taken(1, 20, 30, 0, True), taken(1, 60, 8, 10), delta(1, b"here", 20)])


@vector
def encrypted_block(f):
    """A closed file of one encrypted block ([protection.md](protection.md), "Encrypted blocks"). The master key, and what is made of it, stands below in hex."""
    tracks = [small(1)]
    sealing = Encryption(f.name)
    block = key(1, b"secret", 0)
    sealed = sealing.seal(tracks, [block])
    f.describe(tracks, sealing.meta(tracks)).cluster(sealed).describe_meta(sealing.meta(tracks, closed=True))
    f.sealing = sealing
    f.notes = {
        "master key": sealing.key, "file_id": sealing.file_id, "root": sealing.root, "session id": sealing.session,
        "key_check": sealing.check(), "key of the descriptions": expand(sealing.root, "descriptions key"),
        "tracks digest": tracks_digest(tracks), "metadata digest": meta_digest({}),
        "block key of track 1, ordinal 0": sealing.block_key(1, 0), "nonce": sealing.nonce(0, 0),
        "associated data": sealing.associated(tracks[0], 0, block, sealed[0].stored_flags, 0), "plaintext": block.data,
        "ciphertext and tag": sealed[0].data}
    return f.finish()


@vector
def checkpoint(f):
    """A closed file of one block, signed by Ed25519: its only checkpoint is the final one ([protection.md](protection.md), "Signed files"). The keys stand below in hex."""
    signing = Signing(f.name)
    f.describe([small(1)]).cluster([key(1, b"signed", 0)])
    f.signing = signing
    f.notes = {"private key": signing.seed, "public key (DER)": signing.public}
    return signing.finish(f)


@vector
def refused(f):
    """A file that must be refused: bit 0 of the required features is set. The rest of it is as it should be."""
    f = File(f.name, change={"required features": 1})
    f.refused = "The file is refused, and required feature 0 is named."
    return f.describe([small(1)]).cluster([key(1, b"never", 0)])


def shown(part):
    """What a field says, in a few characters."""
    value = part.value
    if isinstance(value, bytes):
        value = value.decode() if all(32 <= b < 127 for b in value) else ""
    if isinstance(value, Block):
        value = "as before" if value.repeats else ", ".join(f"{n}: {d!r}" for n, d in value.side)
    if part.label in ("crc", "index_crc", "salt") or "stripe" in part.label:
        value = ""
    if part.label == "flags" and value:
        value = f"0x{value:x}"
    text = str(value)
    return text if len(text) <= 400 else text[:40] + "…"


GROUPS = re.compile(r"(index track \d+ |index |track \d+ totals |track \d+ |)(.+)")


def group_of(part):
    """Fields of one group stand in one row; the name of the group is said once."""
    group, name = GROUPS.fullmatch(part.label).groups()
    return group.removeprefix("index ").strip(), name


def rows(f, size):
    """Rows of (offset, parts) with as many fields of one group as fit."""
    row, begin, group, used = [], 0, None, 0
    for offset, length, chunk, part in f.parts():
        if offset >= size:
            break
        where = (chunk and chunk.offset, group_of(part)[0], part.label in ("crc", "index_crc", "data", "payload", "tag"))
        head = where[2] is False and row and row[0][1].label == "tag" and len(row) < 3
        if row and not head and (where != group or used + length > 16):
            yield begin, row
            row = []
        if not row:
            begin, used = offset, 0
        row.append((chunk, part, part.data[:size - offset]))
        used += length
        group = (where[0], where[1], False) if part.label != "length" else None
    yield begin, row


def written(f, size):
    for begin, row in rows(f, size):
        bytes_ = " ".join("`" + data[:16].hex(" ") + (" …" if len(data) > 16 else "") + "`" for _, _, data in row)
        chunk, first, _ = row[0]
        group = group_of(first)[0]
        words = ", ".join(f"{group_of(part)[1]} {shown(part)}".strip() for _, part, _ in row)
        if first.label == "tag":
            missing = f", {chunk.end - size} bytes of it are missing" if chunk.end > size else ""
            words = f"**{chunk.tag}**" + words.removeprefix(f"tag {chunk.tag}") + missing
        elif group:
            words = f"{group}: {words}"
        yield f"| {begin} | {bytes_} | {words.replace('|', chr(92) + '|')} |"
    if f.closed:
        yield f"| {f.end} | `{f.closed.hex(' ')}` | **container checksum** |"


def blocks(f):
    for c in f.clusters:
        for b in c.blocks:
            said = said_of(b)
            pts, dts = ("-" if said[k] is None else said[k] for k in ("pts", "dts"))
            yield (f"| {b.track} | {b.ordinal} | {said['type']}{'*' if 'key' in said['flags'] else ''} | {pts} | {dts} | {b.duration} | {len(b.data)} "
                   f"| {', '.join(x for x in said['flags'] if x != 'key') or ('in `film`' if b.at is not None else '')} |")


def made():
    """name, comment, File and bytes of each."""
    for function in ALL:
        name = function.__name__.replace("_", "-")
        f = function(File("vector " + name))
        yield name, " ".join(function.__doc__.split()), f, f.bytes()[:getattr(f, "cut_at", None)]


def cases():
    """The vectors as files of the suite."""
    for name, comment, f, data in made():
        if hasattr(f, "refused"):
            case = refused_case(data, "required_feature", 5)
        elif hasattr(f, "cut_at"):
            case = cut_case(f, f.cut_at)
        else:
            case = read(f)
        if name == "external-data":
            case.beside["film"] = FILM
            case.pipe |= {"blocks": case.expect["blocks"][2:],
                          "problems": [problem("external_missing", f.clusters[0], track=1, blocks=[[1, 0], [1, 1]])]}
        if hasattr(f, "sealing"):
            f.sealing.read_by(case)
        if hasattr(f, "signing"):
            f.signing.read_by(case)
        yield name, comment, case


def document():
    out = [INTRODUCTION]
    for name, comment, f, data in made():
        out += [f"## {name}", "", f"{comment} {len(data)} bytes.", "", "| at | bytes | what they say |", "| ---: | --- | --- |",
                *written(f, len(data)), ""]
        if hasattr(f, "notes"):
            out += ["| | |", "| --- | --- |", *(f"| {what} | `{value.hex()}` |" for what, value in f.notes.items()), ""]
        if hasattr(f, "refused"):
            out += [f.refused, ""]
        else:
            out += ["| track | ordinal | type | pts | dts | duration | bytes | |", "| --- | --- | --- | --- | --- | --- | --- | --- |", *blocks(f), ""]
    return "\n".join(out)
