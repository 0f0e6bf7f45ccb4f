# SPDX-License-Identifier: MIT
"""Signs a file while it is built (protection.md, "Signed files")."""
import base64
import hashlib
import struct

import crypto

from . import index
from .fields import NO_TIME, Fields, signed, u16, u64, varint
from .model import Totals

SPKI_OF_ED25519 = bytes.fromhex("302a300506032b6570032100")  # RFC 8410: what stands before the key in DER
PIECE = 16384


def sha256(data):
    return hashlib.sha256(data).digest()


def root_of(hashes):
    """RFC 9162, 2.1.1, with the first bytes of protection.md. Leaves are hashed already."""
    if len(hashes) == 1:
        return hashes[0]
    split = 1 << (len(hashes) - 1).bit_length() - 1
    return sha256(b"\1" + root_of(hashes[:split]) + root_of(hashes[split:]))


def subtrees(hashes):
    """Roots of the complete subtrees, the largest first."""
    out, at = [], 0
    for bit in reversed(range(len(hashes).bit_length())):
        if len(hashes) >> bit & 1:
            out.append(root_of(hashes[at:at + 2**bit]))
            at += 2**bit
    return out


def leaf_hash(chunk):
    data = chunk.fields.bytes()[:-4]
    if chunk.tag != "CORE":
        return sha256(b"\0" + data)
    begin = chunk.fields.find("data")[0]
    pieces = b"".join(sha256(data[i:i + PIECE]) for i in range(begin, len(data), PIECE))
    return sha256(b"\2" + data[:begin] + pieces)


class Signing:
    def __init__(self, name):
        self.seed = sha256(b"signing key of " + name.encode())
        self.public = SPKI_OF_ED25519 + crypto.public_key(self.seed)
        self.tree_id = sha256(b"tree of " + name.encode())[:16]
        self.hashes = []       # of all leaves in checkpoints
        self.done = 0          # how many chunks of the file these checkpoints are about
        self.checkpoints = []  # chunks
        self.pages = 0         # how many pages have their digest in a checkpoint
        self.base = None

    # ---- places

    def place(self, offset):
        return 0 if offset is None else offset - self.base + 1

    def leaves(self, f):
        return [c for c in f.chunks[self.done:] if c.tag not in ("TSEK", "TAIL", "FREE") and c not in self.checkpoints]

    # ---- digests of the index

    def page_digest(self, f, page, copy=False):
        chunk = next(c for c in f.chunks if c.offset == page.offset)
        payload = chunk.fields.bytes()[12:-4]
        if not copy:
            return sha256(u64(self.place(chunk.offset)) + payload)
        return sha256(u64(self.place(self.target(chunk, payload, 29))) + payload[37:])

    def target(self, chunk, payload, at):
        distance = struct.unpack_from("<q", payload, at)[0]
        return chunk.offset - distance if distance else None

    def top_digest(self, f):
        pages = f.listed_pages()
        spans = {t: [index.Spans(t, page.clusters) for _, _, page in pages] for t in f.track_ids}
        first = {t: index.carried(min(s.first, default=None) for s in spans[t]) for t in f.track_ids}
        keys = {t: index.carried(min(s.key_first, default=None) for s in spans[t]) for t in f.track_ids}
        said = u64(len(pages))
        for number, (_, size, page) in enumerate(pages):
            said += u64(size) + u64(len(page.clusters))
            for t in f.track_ids:
                s, k = spans[t][number], keys[t][number]
                said += u64(sum(s.blocks)) + u64(sum(s.hidden)) + u64(first[t][number]) + u64(len(s.key_span))
                said += u64(k) + u64(max(s.key_last, default=k)) + bytes([not s.ordered])
        for t in f.track_ids:
            totals = Totals.of(t, f.clusters)
            said += u64(totals.blocks) + u64(totals.hidden) + u64(totals.bytes)
            said += b"".join(u64(NO_TIME if v is None else v) for v in (totals.start_pts, totals.first_dts, totals.end))
            said += bytes([totals.flags & ~7])
        return sha256(said)

    # ---- checkpoints

    def checkpoint(self, f, final=False, seed=None):
        """A checkpoint of all chunks since the one before. The final one needs the pages, and the copies that the top names."""
        new = self.leaves(f)
        if self.base is None:
            self.base = new[0].offset
        before = list(self.hashes)
        self.hashes += [leaf_hash(c) for c in new]
        position = f.end - self.base
        fields = Fields()
        put = fields.put_raw
        put("magic", b"H4VC")
        put("algorithm, final", bytes([1, final]))
        put("SHA-256 of the public key", sha256(self.public))
        put("id of the tree", self.tree_id)
        put("file header", f.header.bytes())
        put("position", u64(position))
        put("back to the checkpoint before", u64(f.end - self.checkpoints[-1].offset if self.checkpoints else 0))
        put("leaves before", varint(len(before)) + b"".join(subtrees(before)))
        put("leaf_count", varint(len(new)))
        put("position of the first", u64(new[0].offset - self.base if new else 0))
        end = new[0].offset if new else 0
        for leaf, digest in zip(new, self.hashes[len(before):]):
            put(f"{leaf.tag}: gap, size", varint(leaf.offset - end) + varint(leaf.size))
            put(f"{leaf.tag}: hash", digest)
            end = leaf.end
        put("root", root_of(self.hashes))
        put("totals", self.totals(f))
        places = [c.offset - self.base for c in self.checkpoints] if final else []
        put("checkpoints before", varint(len(places)) + b"".join(varint(b - a) for a, b in zip([0, *places], places)))
        pages = f.pages[self.pages:]
        put("pages written", varint(len(pages)) + b"".join(self.page_digest(f, page) for page in pages))
        if final:
            put("page_count", varint(len(f.pages)))
            for offset, _, page in f.listed_pages():
                put("digest of the page as a copy", self.page_digest(f, page, copy=True))
                put("place of the page", u64(self.place(offset)))
            put("digest of the top", self.top_digest(f))
            put("places of TRAK and META", u64(self.place(f.trak)) + u64(self.place(f.meta)))
        signature = crypto.sign(seed or self.seed, b"H4MK/2 checkpoint\0" + fields.bytes())
        put("signature", signature)
        put("size of the signature", u16(len(signature)))
        self.checkpoints.append(f.chunk("VERI", fields))
        self.done, self.pages = len(f.chunks), len(f.pages)
        return self

    def totals(self, f):
        said = varint(len(f.track_ids))
        for t in f.track_ids:
            totals = Totals.of(t, f.clusters)
            end = b"\0" if totals.end is None else b"\1" + signed(totals.end)
            said += varint(t) + varint(totals.blocks) + varint(totals.bytes) + end
        return said

    def finish(self, f):
        """The end of a signed file."""
        f.page().copies()
        self.checkpoint(f, final=True)
        f.top().locator().checksum()
        return f

    # ---- what a reader with the key must say

    def options(self):
        return ["--verify-key", base64.b64encode(self.public).decode()]

    def read_by(self, case, verdict="good", **more):
        """Adds to a case what must come out where all is verified. What is not said here is as without the key."""
        expect = {k: case.expect[k] for k in ("outcome", "closed", "tracks", "meta", "blocks", "problems")}
        expect.update(more)
        expect["problems"] = sorted(expect["problems"], key=lambda p: (p["offset"], p["kind"]))
        case.keyed.append({"options": self.options(), "expect": {**expect, "verdict": verdict}})
        return case

    def refused_by(self, case, kind, offset=0):
        case.keyed.append({"options": self.options(), "expect": {"outcome": "refused", "error": {"kind": kind, "offset": offset}}})
        return case
