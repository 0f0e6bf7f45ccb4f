# SPDX-License-Identifier: MIT
"""core.md, "File", "Chunk", "Reading", "Damage": the file as a sequence of chunks, the damaged one as well."""

import re
import struct
from collections.abc import Iterator
from dataclasses import dataclass

from .cluster import Cluster, find_index, parse_cluster
from .primitives import Broken, Budget, Bytes, Crc, salt_for

HEADER_SIZE = 16
CHECKSUM_SIZE = 4
TAIL_SIZE = 32
OVERHEAD = 16  # head and CRC of a chunk
CLUSTER_FLAG = 1 << 30
MAX_CHUNK = 64 << 20  # of those that are read whole
MAX_ATTACHMENT = (1 << 30) + 3

KNOWN_TAGS = (b"TRAK", b"META", b"ATTA", b"CORE", b"TSEK", b"FREE", b"TAIL", b"ORIG", b"VERI", b"SAFE", b"NOTE")
KEPT_TAGS = (b"SAFE", b"NOTE")
READ_WHOLE = (b"TRAK", b"META", b"TSEK", b"TAIL", b"VERI")
# A tag may begin inside of another (METAIL): matches of no length do not hide each other.
ANY_KNOWN_TAG = re.compile(b"(?=" + b"|".join(KNOWN_TAGS) + b")")


class Refused(Exception):
    """The file is refused: `kind` and `offset` as in README.md, "Errors"."""

    def __init__(self, kind: str, offset: int) -> None:
        super().__init__(kind)
        self.kind = kind
        self.offset = offset


def check_header(data: Bytes) -> int:
    """ "File": the header. Returns the salt."""
    if bytes(data[:4]) != b"H4MK":
        raise Refused("not_h4mk", 0)
    if len(data) < HEADER_SIZE:
        raise Refused("truncated", len(data))
    version, features = data[4], data[5]
    if version == 1 or (version == 0 and features == 1):
        raise Refused("legacy", 4)
    if version != 2:
        raise Refused("version", 4)
    if features:
        raise Refused("required_feature", 5)
    return int.from_bytes(data[8:12], "little")


@dataclass
class Chunk:
    """A chunk as its head describes it. What its CRCs say stands in `whole` and `cluster`."""

    offset: int
    tag: bytes
    flags: int
    length: int
    whole: bool = False  # its CRC holds
    unfinished: bool = False  # the file ends inside of it
    lost: bool = False  # a stretch where no chunk can be made out, `length` bytes less OVERHEAD
    index_holds: bool = False  # a cluster: the CRC of its index does
    cluster: Cluster | None = None  # what that says, if it breaks no rule

    @property
    def payload(self) -> int:
        return self.offset + 12

    @property
    def end(self) -> int:
        return self.payload + self.length + 4

    @property
    def is_cluster(self) -> bool:
        return self.tag == b"CORE" and bool(self.flags & CLUSTER_FLAG)

    @property
    def is_readable(self) -> bool:
        """A cluster whose blocks can be listed."""
        return self.cluster is not None and not self.unfinished and not self.unknown_flags

    @property
    def unknown_flags(self) -> int:
        """Bits 16-31 that have no meaning here. Those of chunks that are only kept need none."""
        if self.tag in KEPT_TAGS:
            return 0
        return self.flags & 0xFFFF0000 & ~(CLUSTER_FLAG if self.tag == b"CORE" else 0)

    @property
    def usable(self) -> bool:
        return self.whole and not self.unknown_flags

    @property
    def within_limits(self) -> bool:
        if self.tag == b"ATTA":
            return self.length <= MAX_ATTACHMENT
        return self.length <= MAX_CHUNK or self.tag not in READ_WHOLE


class Walk:
    """Goes from chunk to chunk. `limit` is where the chunks end: the end of the file, or its checksum."""

    def __init__(self, crc: Crc, limit: int) -> None:
        self.crc = crc
        self.limit = limit
        self._budget = Budget(len(crc.data))
        self._seen: Chunk | None = None

    def chunks(self) -> Iterator[Chunk]:
        position = HEADER_SIZE
        while position < self.limit:
            chunk = self._at(position) or self._stretch(position, self.limit)
            if not (chunk.unfinished or chunk.whole or self._length_is_right(chunk)):
                chunk = self._lost(chunk)
            yield chunk
            if chunk.unfinished:
                return
            position = chunk.end

    def _at(self, position: int) -> Chunk | None:
        """What stands here, if it has the shape of a chunk. The chunk before it has asked already: looked at once."""
        if self._seen is None or self._seen.offset != position:
            self._seen = self._read(position)
        return self._seen

    def _read(self, position: int) -> Chunk | None:
        head = bytes(self.crc.data[position : min(position + 12, self.limit)])
        if len(head) < 12 or not all(0x20 <= byte <= 0x7E for byte in head[:4]):
            return None
        chunk = Chunk(position, *struct.unpack("<4sII", head))
        if not chunk.within_limits:
            return chunk
        if chunk.end <= self.limit:
            stored = int.from_bytes(self.crc.data[chunk.end - 4 : chunk.end], "little")
            chunk.whole = self.crc.of(position, chunk.end - 4) == stored
        if chunk.is_cluster:
            self._read_index(chunk)
            chunk.unfinished = chunk.end > self.limit and chunk.cluster is not None
        return chunk

    def _read_index(self, chunk: Chunk) -> None:
        index = find_index(self.crc, chunk.payload, min(chunk.end - 4, self.limit))
        if index is not None:
            chunk.index_holds = True
            try:
                chunk.cluster = parse_cluster(self.crc, index, chunk.payload, chunk.length, self._budget)
            except Broken:
                pass

    def _stands(self, position: int) -> bool:
        """A whole chunk: one that holds by its CRC; a cluster: whose index does. So does that of the unfinished end."""
        chunk = self._at(position)
        if chunk is None:
            return False
        return chunk.whole or chunk.unfinished or (chunk.index_holds and chunk.end <= self.limit)

    def _length_is_right(self, chunk: Chunk) -> bool:
        """ "Where a chunk has a bad CRC but a whole chunk or the end of the file follows it, its length is right."
        The sizes in the index of a cluster say the same."""
        if chunk.lost or chunk.end > self.limit:
            return False
        before_checksum = chunk.end + CHECKSUM_SIZE == self.limit and chunk.length == TAIL_SIZE - OVERHEAD
        at_end = chunk.end == self.limit or before_checksum
        return chunk.cluster is not None or at_end or self._stands(chunk.end)

    def _lost(self, chunk: Chunk) -> Chunk:
        """No chunk, or one with a wrong length: goes on at the next known tag whose chunk holds. If there is none, what
        has the shape of a chunk and ends behind the file is the unfinished end."""
        for match in ANY_KNOWN_TAG.finditer(self.crc.data, chunk.offset + 1, self.limit):
            if self._stands(match.start()):
                return self._stretch(chunk.offset, match.start(), chunk.index_holds)
        if self.limit - chunk.offset < 12 or (not chunk.lost and chunk.within_limits and chunk.end > self.limit):
            chunk.unfinished = True
            return chunk
        return self._stretch(chunk.offset, self.limit, chunk.index_holds)

    @staticmethod
    def _stretch(begin: int, end: int, index_holds: bool = False) -> Chunk:
        return Chunk(begin, b"", 0, end - begin - OVERHEAD, lost=True, index_holds=index_holds)


def has_end(crc: Crc) -> bool:
    """ "End of file": the last 36 bytes are a locator that holds, and the checksum."""
    begin = len(crc.data) - TAIL_SIZE - CHECKSUM_SIZE
    if begin < HEADER_SIZE:
        return False
    tag, flags, length = struct.unpack("<4sII", crc.data[begin : begin + 12])
    stored = int.from_bytes(crc.data[begin + 28 : begin + 32], "little")
    return (
        (tag, length, flags >> 16) == (b"TAIL", 16, 0)
        and bytes(crc.data[begin + 12 : begin + 16]) == b"H4TL"
        and crc.of(begin, begin + 28) == stored
    )


def recover_salt(data: Bytes) -> int | None:
    """ "A damaged salt": that with which the first chunk holds, if the second one holds with it too."""
    crc, position, salt = None, HEADER_SIZE, 0
    for _ in range(2):
        if position + OVERHEAD > len(data):
            return None
        end = position + OVERHEAD + int.from_bytes(data[position + 8 : position + 12], "little")
        if end > len(data):
            return None
        message, stored = data[position : end - 4], int.from_bytes(data[end - 4 : end], "little")
        if crc is None:
            salt = salt_for(message, stored)
            crc = Crc(data, salt)
        elif crc.of(position, end - 4) != stored:
            return None
        position = end
    return salt
