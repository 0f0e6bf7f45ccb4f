# SPDX-License-Identifier: MIT
"""protection.md, "Signed files": what a verifying reader uses. Everything else becomes zeros before the file is read."""

import hashlib
import struct
from dataclasses import dataclass, field

import crypto

from .chunks import CHECKSUM_SIZE, HEADER_SIZE, Chunk, Refused, Walk, check_header, has_end
from .decryption import text_of
from .description import parse_json, parse_meta, parse_tracks
from .index import Top, TopTrack, Totals, ended_a_file, parse_locator, parse_top
from .primitives import NO_TIME, Broken, Budget, Crc, Cursor, require

PIECE = 16384
SPKI_OF_ED25519 = bytes.fromhex("302a300506032b6570032100")
LABEL = b"H4MK/2 checkpoint\0"


def sha256(data: bytes) -> bytes:
    return hashlib.sha256(data).digest()


def u64(value: int | None) -> bytes:
    return ((NO_TIME if value is None else value) % 2**64).to_bytes(8, "little")


@dataclass
class Leaf:
    position: int
    size: int
    digest: bytes


@dataclass
class Checkpoint:
    """A signed statement about all chunks before it. Positions count from the first leaf."""

    offset: int
    final: bool
    tree: bytes
    header: bytes
    position: int
    back: int
    before: int
    subtrees: list[bytes]
    leaves: list[Leaf]
    root: bytes
    tracks: list[tuple[int, int, int, int | None]]
    pages: list[bytes]
    copies: list[tuple[bytes, int]] = field(default_factory=list)
    top: bytes = b""
    trak: int = 0
    meta: int = 0

    @property
    def base(self) -> int:
        return self.offset - self.position


def parse_checkpoint(chunk: Chunk, payload: bytes, public: bytes) -> Checkpoint:
    """Broken if it is none, or not signed with this key."""
    cursor = Cursor(payload)
    require(bytes(cursor.take(4)) == b"H4VC", "no checkpoint")
    kind, bits = cursor.fixed(1), cursor.fixed(1)
    require(kind == 1 and bits <= 1, "not signed by Ed25519")
    require(bytes(cursor.take(32)) == sha256(public), "signed with another key")
    point = Checkpoint(chunk.offset, bits == 1, bytes(cursor.take(16)), bytes(cursor.take(16)), cursor.fixed(8), cursor.fixed(8),
                       cursor.varint(), [], [], b"", [], [])  # fmt: skip
    point.subtrees = [bytes(cursor.take(32)) for _ in range(point.before.bit_count())]
    point.leaves = _leaves(cursor)
    point.root = bytes(cursor.take(32))
    for _ in range(_count(cursor, 4)):
        track, blocks, size = cursor.varint(), cursor.varint(), cursor.varint()
        point.tracks.append((track, blocks, size, cursor.signed_varint() if cursor.fixed(1) else None))
    for _ in range(_count(cursor, 1)):
        cursor.varint()  # positions of checkpoints: a reader that goes back from one to the next does not need them
    point.pages = [bytes(cursor.take(32)) for _ in range(_count(cursor, 32))]
    if point.final:
        point.copies = [(bytes(cursor.take(32)), cursor.fixed(8)) for _ in range(_count(cursor, 40))]
        point.top, point.trak, point.meta = bytes(cursor.take(32)), cursor.fixed(8), cursor.fixed(8)
    signed = LABEL + payload[: cursor.position]
    signature = bytes(cursor.take(cursor.left() - 2))
    require(cursor.fixed(2) == len(signature), "the size of the signature is another one")
    require(crypto.is_signed(public.removeprefix(SPKI_OF_ED25519), signed, signature), "the signature does not fit")
    hashes = _RootBuilder(point.before, point.subtrees)
    for leaf in point.leaves:
        hashes.add(leaf.digest)
    require(hashes.root() == point.root, "the root is not that of the leaves")
    return point


def _count(cursor: Cursor, size: int) -> int:
    count = cursor.varint()
    require(count * size <= cursor.left(), "a list is longer than what is left")
    return count


def _leaves(cursor: Cursor) -> list[Leaf]:
    count, position, leaves = _count(cursor, 34), cursor.fixed(8), []
    require(count <= 4096, "a checkpoint has more than 4096 leaves")
    for number in range(count):
        gap = cursor.varint()
        require(number > 0 or gap == 0, "the first leaf has a gap")
        leaves.append(Leaf(position + gap, cursor.varint(), bytes(cursor.take(32))))
        position = leaves[-1].position + leaves[-1].size
    return leaves


class _RootBuilder:
    """The root of a tree that grows by leaves: complete subtrees by their size."""

    def __init__(self, count: int, subtrees: list[bytes]) -> None:
        sizes = [bit for bit in reversed(range(count.bit_length())) if count >> bit & 1]
        self._parts = list(zip(sizes, subtrees))

    def add(self, digest: bytes) -> None:
        self._parts.append((0, digest))
        while len(self._parts) > 1 and self._parts[-1][0] == self._parts[-2][0]:
            (size, left), (_, right) = self._parts[-2:]
            self._parts[-2:] = [(size + 1, sha256(b"\1" + left + right))]

    def root(self) -> bytes:
        require(bool(self._parts), "a tree without leaves")
        root = self._parts[-1][1]
        for _, left in reversed(self._parts[:-1]):
            root = sha256(b"\1" + left + root)
        return root


class Verification:
    """`data`: the file with zeros in the place of what is not signed. `told`: where that is, or what is an edit."""

    def __init__(self, data: bytes, public: bytes) -> None:
        self.raw = memoryview(data)
        self.public = public
        self.told: list[tuple[str, int]] = []
        crc = Crc(self.raw, check_header(self.raw))
        self.has_end = has_end(crc)
        limit = len(data) - CHECKSUM_SIZE if self.has_end else len(data)
        self.chunks = list(Walk(crc, limit).chunks())
        self._by_offset = {chunk.offset: chunk for chunk in self.chunks if not chunk.lost}
        self._edits: list[int] = []
        self.points = self._checkpoints()
        self.last = self.points[-1]
        if self.last.header != bytes(self.raw[:HEADER_SIZE]):
            raise Refused("corrupt", 0)
        self._leaf_hashes = {leaf.position: leaf.digest for point in self.points for leaf in point.leaves}
        self._page_numbers = {self.last.base + place - 1: number for number, (_, place) in enumerate(self.last.copies)}
        self._page_copies: dict[int, bytes] = {}  # digests as copies, by offset
        allowed = {offset for offset, _ in self._good_leaves()} | {point.offset for point in self.points}
        allowed |= self._pages() | self._free()
        allowed |= self._end(allowed)
        self.data = self._masked(allowed)
        self._check_end(allowed)

    # ---- checkpoints

    def _checkpoints(self) -> list[Checkpoint]:
        """From the first to the last one of the tree of the last one."""
        found = {}
        for chunk in self.chunks:
            if chunk.tag == b"VERI" and chunk.flags == 0 and not chunk.lost and not chunk.unfinished:
                try:
                    payload = bytes(self.raw[chunk.payload : chunk.end - 4])
                    found[chunk.offset] = parse_checkpoint(chunk, payload, self.public)
                except Broken:
                    continue
        if not found:
            raise Refused("key", 0)
        chain = [found[max(found)]]
        while chain[-1].back:
            before = found.get(chain[-1].offset - chain[-1].back)
            if before is None or (before.tree, before.base) != (chain[-1].tree, chain[-1].base):
                break  # a checkpoint is lost: what it lists is as well
            chain.append(before)
        return chain[::-1]

    # ---- what is used

    def _good_leaves(self):
        for point in self.points:
            for leaf in point.leaves:
                offset = point.base + leaf.position
                if self._hash(offset, leaf.size) == leaf.digest:
                    yield offset, leaf
                else:
                    self.told.append(("not_as_signed", offset))

    def _hash(self, offset: int, size: int) -> bytes | None:
        data = bytes(self.raw[offset : offset + size - 4])
        if len(data) != size - 4 or size < 16:
            return None
        tag, flags, length = struct.unpack("<4sII", data[:12])
        if length != size - 16:
            return None
        if tag != b"CORE" or not flags >> 30 & 1:
            return sha256(b"\0" + data)
        try:
            cursor = Cursor(data[12:])
            begin = 12 + cursor.varint() + cursor.position + 4
        except Broken:
            return None
        if begin > len(data):
            return None
        pieces = b"".join(sha256(data[at : at + PIECE]) for at in range(begin, len(data), PIECE))
        return sha256(b"\2" + data[:begin] + pieces)

    def _pages(self) -> set[int]:
        """Pages where the checkpoint behind them lists what they say, and copies before the final one or in front. The
        place that the n-th page had when the file was signed can hold no other page."""
        good: set[int] = set()
        for chunk in self._index_chunks(b"H4TP"):
            payload = bytes(self.raw[chunk.payload : chunk.end - 4])
            behind = next((point for point in self.points if point.offset > chunk.offset), None)
            in_front = chunk.offset < self.last.base
            first_cluster = self._place(chunk, payload, 29)
            self._page_copies[chunk.offset] = copy = sha256(u64(first_cluster) + payload[37:])
            if payload[4] == 1 and not any(payload[5:29]):
                listed = in_front or behind is self.last
                known, digest = [of for of, _ in self.last.copies] if listed else [], copy
            elif payload[4] == 0 and behind is not None and not in_front:
                known, digest = behind.pages, sha256(u64(chunk.offset - self.last.base + 1) + payload)
            else:
                continue
            number = self._page_numbers.get(chunk.offset)
            if digest in known and (number is None or copy == self.last.copies[number][0]):
                good.add(chunk.offset)
        return good

    def _index_chunks(self, begin: bytes) -> list[Chunk]:
        return [
            chunk
            for chunk in self.chunks
            if chunk.tag == b"TSEK" and chunk.flags == 0 and chunk.length >= 37 and not (chunk.lost or chunk.unfinished)
            and bytes(self.raw[chunk.payload : chunk.payload + 4]) == begin
        ]  # fmt: skip

    def _place(self, chunk: Chunk, payload: bytes, at: int) -> int:
        distance = struct.unpack_from("<q", payload, at)[0]
        return chunk.offset - distance - self.last.base + 1 if distance else 0

    def _free(self) -> set[int]:
        return {
            chunk.offset
            for chunk in self.chunks
            if chunk.tag == b"FREE" and chunk.flags == 0 and chunk.whole and not any(self.raw[chunk.payload : chunk.end - 4])
        }

    def _end(self, allowed: set[int]) -> set[int]:
        """Tops, the locator and edits, which only a final checkpoint allows."""
        if not self.last.final:
            return set()
        good = {chunk.offset for chunk in self.chunks if chunk.offset > self.last.offset and self._is_edit(chunk)}
        tops: dict[int, Top] = {}  # by offset
        for chunk in self._index_chunks(b"H4TT"):
            try:
                top = parse_top(self.raw, chunk, Budget(len(self.raw)))
            except Broken:
                continue
            if self._is_top(top, allowed, good):
                tops[chunk.offset] = top
        for chunk in self.chunks:
            if chunk.tag == b"TAIL" and chunk.flags == 0 and chunk.length == 16 and chunk.offset > self.last.offset:
                try:
                    offset, size = parse_locator(self.raw, chunk)
                    if offset in tops and offset > self.last.offset and size == tops[offset].size:
                        good.add(chunk.offset)
                except Broken:
                    pass
        for offset in sorted(good & set(self._edits)):
            self.told.append(("unsigned_edit", offset))
        return good | set(tops)

    def _is_edit(self, chunk: Chunk) -> bool:
        """Other words about the recording, and nothing else."""
        if chunk.tag not in (b"TRAK", b"META") or chunk.flags or not chunk.whole:
            return False
        signed = self._by_offset.get((self.last.trak if chunk.tag == b"TRAK" else self.last.meta) - 1 + self.last.base)
        try:
            told, before = self._words_apart(chunk), self._words_apart(signed) if signed else b""
        except Broken:
            return False
        if chunk.tag == b"META" and not self.last.meta:
            before = text_of({})
        if told != before:
            return False
        self._edits.append(chunk.offset)
        return True

    def _words_apart(self, chunk: Chunk) -> bytes:
        payload = self.raw[chunk.payload : chunk.end - 4]
        if chunk.tag == b"META":
            words = ("tags", "chapters")
            kept = {k: v for k, v in parse_meta(payload).items() if k not in words and (k == "protection" or not isinstance(v, str))}
            return text_of(kept)
        parse_tracks(payload)
        root = parse_json(payload)
        words = ("name", "note", "tags")
        root["tracks"] = [{k: v for k, v in track.items() if k not in words} for track in root["tracks"]]
        return text_of(root)

    def _is_top(self, top: Top, allowed: set[int], edits: set[int]) -> bool:
        in_front = top.offset < self.last.base
        if not in_front and (top.offset < self.last.offset or not ended_a_file(top)):
            return False
        if _top_digest(top, [track for track, *_ in self.last.tracks]) != self.last.top or len(top.pages) != len(self.last.copies):
            return False
        for number, (offset, _, _) in enumerate(top.pages):
            if self._page_numbers.get(offset) == number:
                continue
            is_copy_there = in_front and offset < self.last.base and offset in allowed
            if not is_copy_there or self._page_copies.get(offset) != self.last.copies[number][0]:
                return False
        names = [(top.trak, self.last.trak, b"TRAK"), (top.meta, self.last.meta, b"META")]
        return all(self._is_description(offset, signed, tag, edits) for offset, signed, tag in names)

    def _is_description(self, offset: int | None, signed: int, tag: bytes, edits: set[int]) -> bool:
        if offset is None:
            return signed == 0
        if offset in edits:
            return self._by_offset[offset].tag == tag
        digest = self._leaf_hashes.get(signed - 1)
        return digest is not None and self._leaf_hashes.get(offset - self.last.base) == digest

    # ---- zeros for the rest

    def _masked(self, allowed: set[int]) -> bytes:
        out = bytearray(len(self.raw))
        out[:HEADER_SIZE] = self.raw[:HEADER_SIZE]
        told = {offset for _, offset in self.told}
        for chunk in self.chunks:
            if chunk.offset in allowed:
                out[chunk.offset : chunk.end] = self.raw[chunk.offset : chunk.end]
            elif chunk.offset not in told:
                self.told.append(("not_signed", chunk.offset))
        if self.has_end and self.chunks and self.chunks[-1].offset in allowed:
            out[-CHECKSUM_SIZE:] = self.raw[-CHECKSUM_SIZE:]
        if not self.last.final:  # what was written since is not signed yet
            end = self._by_offset[self.last.offset].end
            self.told = [(kind, offset) for kind, offset in self.told if offset < end]
            del out[end:]
        return bytes(out)


    def _check_end(self, allowed: set[int]) -> None:
        """ "It ends with the locator and the container checksum": an end that was signed and is gone is told where it should begin."""
        begin = self._by_offset[self.last.offset].end
        ends = self.has_end and self.chunks[-1].tag == b"TAIL" and self.chunks[-1].offset in allowed
        others = any(kind != "unsigned_edit" and offset >= begin for kind, offset in self.told)
        if self.last.final and not ends and not others:
            self.told.append(("not_as_signed", begin))


def _top_digest(top: Top, tracks: list[int]) -> bytes:
    """A track that the top leaves out is one without blocks."""
    none = TopTrack(*([0] * len(top.pages) for _ in range(6)), [False] * len(top.pages), Totals())
    listed = [top.tracks.get(track, none) for track in tracks]
    said = u64(len(top.pages))
    for number, (_, size, clusters) in enumerate(top.pages):
        said += u64(size) + u64(clusters)
        for track in listed:
            first, key_range = track.first_key[number], track.key_range[number]
            said += u64(track.blocks[number]) + u64(track.hidden[number]) + u64(track.first_time[number]) + u64(track.keys[number])
            said += u64(first) + u64(first + key_range) + bytes([track.unordered[number]])
    for totals in (track.totals for track in listed):
        said += u64(totals.blocks) + u64(totals.hidden) + u64(totals.bytes)
        said += u64(totals.start_pts) + u64(totals.first_dts) + u64(totals.end)
        said += bytes([totals.not_all_seek_points << 3 | totals.first_is_none << 4 | totals.overlap << 5])
    return sha256(said)
