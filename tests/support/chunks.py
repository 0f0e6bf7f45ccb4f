# SPDX-License-Identifier: MIT
"""Takes files of versions 1 and 2 apart and puts them together again, independent of the library.

A file is a header of 16 bytes, chunks (tag, u32 flags, u32 length, payload, u32 CRC of all that), and, if it is closed, the
container checksum: the CRC of the header and of the CRC fields of all chunks. CRCs of version 2 start from the salt in the
header. All that knows of CRCs is here.
"""
import json
import struct
import zlib

HEADER_SIZE = 16


class File:
    """header: bytes; chunks: a list of [tag, flags, payload]; closed: whether a checksum follows."""

    def __init__(self, data):
        self.header = data[:HEADER_SIZE]
        self.chunks = []
        at = HEADER_SIZE
        while at + 16 <= len(data):
            tag, flags, length = struct.unpack_from("<4sII", data, at)
            if at + 16 + length > len(data):
                break
            self.chunks.append([tag.decode("latin-1"), flags, data[at + 12 : at + 12 + length]])
            at += 16 + length
        self.closed = len(data) - at == 4

    def start_value(self):
        """What every CRC begins with: the salt of a file of version 2."""
        return struct.unpack_from("<I", self.header, 8)[0] if self.header[4] == 2 else 0

    def bytes(self):
        out = bytearray(self.header)
        checksum = zlib.crc32(self.header, self.start_value())
        for tag, flags, payload in self.chunks:
            chunk = struct.pack("<4sII", tag.encode("latin-1"), flags, len(payload)) + payload
            crc = struct.pack("<I", zlib.crc32(chunk, self.start_value()))
            checksum = zlib.crc32(crc, checksum)
            out += chunk + crc
        return bytes(out + struct.pack("<I", checksum)) if self.closed else bytes(out)

    def json(self, tag):
        """The object in the last chunk with a tag, which is the one that counts; None if there is none."""
        found = [payload for name, _, payload in self.chunks if name == tag]
        return json.loads(found[-1]) if found else None

    def set_json(self, tag, value, same_size=False):
        """Puts an object into all chunks with a tag, or into a new one behind TRAK. same_size pads with spaces."""
        text = json.dumps(value, separators=(",", ":")).encode()
        found = [chunk for chunk in self.chunks if chunk[0] == tag]
        for chunk in found:
            if same_size and len(text) > len(chunk[2]):
                raise ValueError(f"{tag}: {len(text)} bytes do not fit where {len(chunk[2])} were")
            chunk[2] = text.ljust(len(chunk[2])) if same_size else text
        if not found:
            after = [chunk[0] for chunk in self.chunks].index("TRAK") + 1
            self.chunks.insert(after, [tag, 0, text])

    def drop_index(self):
        """Leaves a file without end behind, which says nothing of where its chunks are."""
        self.chunks = [chunk for chunk in self.chunks if chunk[0] not in ("TSEK", "TAIL")]
        self.closed = False
