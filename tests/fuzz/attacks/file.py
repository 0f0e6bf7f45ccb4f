# SPDX-License-Identifier: MIT
"""A file as chunks that name each other by reference, so that they can be moved: distances, CRCs and the container checksum are made to fit when it is written."""
import copy
import struct
import zlib
from dataclasses import dataclass, field

from builder.fields import deltas
from reader.chunks import Crc, Walk
from reader.index import parse_top
from reader.primitives import Budget, Cursor

PAGE_DISTANCES = (5, 13, 21, 29)  # in its payload: page before, TRAK, META, first cluster
TOP_DISTANCES = (12, 20, 28)      # first cluster, TRAK, META
TOP_PAGES = 36
TAIL_DISTANCE, TAIL_SIZE = 4, 12


@dataclass(eq=False)
class Chunk:
    tag: bytes
    flags: int
    payload: bytes
    offset: int = 0
    names: dict = field(default_factory=dict)  # position of a distance in the payload: the chunk that it leads to, or the distance itself
    into: int = 0                              # how far behind the head of these chunks the distances lead
    pages: list | None = None                  # of a top
    rest: bytes = b""                          # of a top: what stands behind the distances to the pages
    end_lie: int = 0                           # of a top: added to the bytes to the end
    good_crc: bool = True
    raw: bytes | None = None                   # these bytes stand there, and are no chunk; 16 or more

    @property
    def kind(self):
        if self.raw is not None:
            return "junk"
        if self.tag == b"TSEK":
            return {b"H4TP": "page", b"H4TT": "top"}.get(self.payload[:4], "TSEK")
        return self.tag.decode("latin-1")

    def twin(self):
        other = copy.copy(self)
        other.names = dict(self.names)
        return other

    def link(self, end):
        """Writes the distances, in a file that ends at `end`."""
        payload = bytearray(self.payload)
        if self.pages is not None:
            payload[TOP_PAGES:] = self.head + deltas([self.offset - page.offset for page in self.pages]) + self.rest
            struct.pack_into("<Q", payload, 4, (end - self.offset + self.end_lie) % 2**64)
        for position, to in self.names.items():
            distance = self.offset - to.offset - self.into if isinstance(to, Chunk) else to
            struct.pack_into("<Q", payload, position, distance % 2**64)
        if self.tag == b"TAIL" and isinstance(self.names.get(TAIL_DISTANCE), Chunk):
            struct.pack_into("<I", payload, TAIL_SIZE, 16 + len(self.names[TAIL_DISTANCE].payload))
        self.payload = bytes(payload)

    def bytes(self, salt):
        if self.raw is not None:
            return self.raw
        data = struct.pack("<4sII", self.tag, self.flags, len(self.payload)) + self.payload
        return data + struct.pack("<I", zlib.crc32(data, salt) ^ (not self.good_crc))


class AttackedFile:
    def __init__(self, data):
        self.header = data[:16]
        self.salt = struct.unpack_from("<I", data, 8)[0]
        self.closed = data[-36:-32] == b"TAIL"  # by a container checksum
        self.good_checksum = True
        limit = len(data) - 4 if self.closed else len(data)
        found = list(Walk(Crc(memoryview(data), self.salt), limit).chunks())
        self.chunks = [Chunk(c.tag, c.flags, data[c.payload:c.end - 4], c.offset) for c in found]
        self.at = {chunk.offset: chunk for chunk in self.chunks}
        for chunk, read in zip(self.chunks, found):
            for position in {"page": PAGE_DISTANCES, "top": TOP_DISTANCES, "TAIL": (TAIL_DISTANCE,)}.get(chunk.kind, ()):
                distance = struct.unpack_from("<q", chunk.payload, position)[0]
                if distance:
                    chunk.names[position] = self.at[chunk.offset - distance]
            if chunk.kind == "top":
                self._split_top(chunk, parse_top(memoryview(data), read, Budget(len(data))))

    def _split_top(self, chunk, top):
        cursor = Cursor(chunk.payload[TOP_PAGES:])
        cursor.varint()
        chunk.head = chunk.payload[TOP_PAGES:TOP_PAGES + cursor.position]
        size = len(deltas([chunk.offset - offset for offset, _, _ in top.pages]))
        chunk.rest = chunk.payload[TOP_PAGES + cursor.position + size:]
        chunk.pages = [self.at[offset] for offset, _, _ in top.pages]

    def bytes(self):
        sizes = None
        while sizes != (sizes := [len(chunk.payload) for chunk in self.chunks]):  # those of tops depend on what they name
            end = 16
            for chunk in self.chunks:
                chunk.offset = end
                end += 16 + len(chunk.payload)
            for chunk in self.chunks:
                chunk.link(end + 4 * self.closed)
        chunks = [chunk.bytes(self.salt) for chunk in self.chunks]
        crc = zlib.crc32(self.header + b"".join(chunk[-4:] for chunk in chunks), self.salt) ^ (not self.good_checksum)
        return self.header + b"".join(chunks) + struct.pack("<I", crc) * self.closed
