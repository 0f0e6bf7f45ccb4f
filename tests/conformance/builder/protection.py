# SPDX-License-Identifier: MIT
"""Encrypts the blocks of a file (protection.md, "Encrypted blocks")."""
import base64
import dataclasses
import hashlib
import struct

import crypto

from .expect import digest, said_of
from .fields import NO_TIME
from .model import ENCRYPTED, SIDE_DATA

LABEL = b"H4MK/2 "


def expand(key, label, data=b""):
    return crypto.expand(key, LABEL + label.encode() + b"\0" + data, 32)


def u32(number):
    return number.to_bytes(4, "little")


def u64(number):
    return number.to_bytes(8, "little")


def sized(data):
    return u64(len(data)) + data


def digest_text(value):
    """protection.md, "Digest of a JSON value"."""
    if value is None or isinstance(value, bool):
        return {None: b"n", True: b"t", False: b"f"}[value]
    if isinstance(value, int):
        return (b"-" if value < 0 else b"+") + u64(value % 2**64)
    if isinstance(value, float):
        return b"r" + struct.pack("<d", value)
    if isinstance(value, str):
        return b"s" + sized(value.encode())
    if isinstance(value, list):
        return b"a" + u64(len(value)) + b"".join(digest_text(v) for v in value)
    members = sorted((k.encode(), v) for k, v in value.items())
    return b"o" + u64(len(members)) + b"".join(b"s" + sized(k) + digest_text(v) for k, v in members)


def tracks_digest(tracks):
    described = [{k: v for k, v in t.items() if k not in ("name", "note", "tags")} for t in tracks]
    return hashlib.sha256(digest_text(described)).digest()


def meta_digest(meta):
    words = ("tags", "chapters", "protection")
    described = {k: v for k, v in meta.items() if k not in words and not isinstance(v, str)}
    return hashlib.sha256(digest_text(described)).digest()


def base64_text(data):
    return base64.b64encode(data).decode()


class Encryption:
    """One key for the blocks of one file. What was encrypted is kept, to say what a reader with the key must hand out."""

    def __init__(self, name, scheme="aes-256-gcm", session=bytes(16)):
        self.key = hashlib.sha256(b"key of " + name.encode()).digest()
        self.file_id = hashlib.sha256(b"id of " + name.encode()).digest()[:16]
        self.scheme = scheme
        self.session = session
        self.root = crypto.extract(self.file_id, self.key)
        self.ordinals = {}
        self.plain = []  # (block as it was given, block as it is stored)

    # ---- META

    def protection(self, tracks, meta=None, closed=False, **more):
        """The member of META. `closed`: with the end of a closed file."""
        descriptions = expand(expand(self.root, "descriptions key"), "descriptions", tracks_digest(tracks) + meta_digest(meta or {}))
        said = {"scheme": self.scheme, "file_id": base64_text(self.file_id), "key_check": base64_text(self.check()),
                "descriptions": base64_text(descriptions)}
        if closed:
            counts = [[t["track_id"], self.ordinals.get(t["track_id"], 0)] for t in tracks]
            data = descriptions + u32(len(counts)) + b"".join(u32(i) + u64(n) for i, n in counts)
            said["end"] = {"blocks": counts, "mac": base64_text(expand(expand(self.root, "end key"), "end", data))}
        return {**said, **more}

    def check(self):
        return expand(self.root, "key check", self.scheme.encode())

    def meta(self, tracks, meta=None, **more):
        return {**(meta or {}), "protection": self.protection(tracks, meta, **more)}

    # ---- blocks

    def block_key(self, track, ordinal):
        if self.scheme == "aes-256-gcm":
            return expand(self.root, "block key", self.session + u32(track) + u64(ordinal >> 20))
        node = expand(self.root, "living track", self.session + u32(track))
        for bit in range(63, -1, -1):
            node = expand(node, "living right" if ordinal >> bit & 1 else "living left")
        return expand(node, "living key")

    def nonce(self, part, ordinal):
        return u32(part) + u64(ordinal)

    def associated(self, track, ordinal, block, flags, part):
        numerator, denominator = map(int, track["time_base"].split("/"))
        times = [NO_TIME if time is None else time for time in (block.pts, block.dts)]
        return (b"H4MK/2 block\0" + u32(part) + self.file_id + self.session
                + struct.pack("<IiiQqqqI", block.track, numerator, denominator, ordinal, *times, block.duration, flags))

    def seal_part(self, track, ordinal, block, flags, part, data):
        associated = self.associated(track, ordinal, block, flags, part)
        return crypto.seal(self.block_key(block.track, ordinal), self.nonce(part, ordinal), data, associated)

    def seal(self, tracks, blocks):
        """The blocks as they are stored."""
        return [self.seal_one(next(t for t in tracks if t["track_id"] == b.track), b) for b in blocks]

    def seal_one(self, track, block):
        ordinal = self.ordinals.get(block.track, 0) if block.ordinal is None else block.ordinal
        self.ordinals[block.track] = ordinal + 1
        flags = block.stored_flags | ENCRYPTED | (SIDE_DATA if block.side else 0)
        side = ()
        if block.side:
            packed = b"".join(u32(len(n.encode())) + n.encode() + u32(len(d)) + d for n, d in block.side)
            side = (("encrypted", self.seal_part(track, ordinal, block, flags, 1, packed)),)
        stored = dataclasses.replace(block, data=self.seal_part(track, ordinal, block, flags, 0, block.data), side=side, ordinal=ordinal,
                                     flags=block.flags | ENCRYPTED, plain=None)
        self.plain.append((dataclasses.replace(block, ordinal=ordinal), stored))
        return stored

    # ---- what a reader with the key must say

    def said(self, lost=()):
        """All blocks that were encrypted, in their order, but for [track, ordinal] of those that are lost."""
        out = []
        for plain, stored in self.plain:
            if [plain.track, plain.ordinal] not in [list(x) for x in lost]:
                how = ["encrypted"] + (["compressed"] if plain.plain is not None else [])
                out.append({**said_of(plain), "stored": {"as": how, "size": len(stored.data), "sha256": digest(stored.data)}})
        return out

    def read_by(self, case, lost=(), problems=(), key=None, closed=True, pipe=False, **more):
        """Adds to a case what must come out with the key, of a file or from a pipe."""
        problems = sorted(problems, key=lambda p: (p["offset"], p["kind"]))
        expect = {"outcome": "read", "closed": closed, "blocks": self.said(lost), "problems": problems, **more}
        case.keyed.append({"options": ["--key", (key or self.key).hex()] + ["--pipe"] * pipe, "expect": expect})
        return case

    def refused_by(self, case, kind, offset, key=None):
        case.keyed.append({"options": ["--key", (key or self.key).hex()],
                           "expect": {"outcome": "refused", "error": {"kind": kind, "offset": offset}}})
        return case
