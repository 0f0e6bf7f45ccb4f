# SPDX-License-Identifier: MIT
"""read_v1.py FILE: reads as strictly as the first readers of version 1 did (legacy.md, "Version 1"): every CRC, the footer,
the seven keys of TRAK and no other, H4TB in every block, blocks ordered by time and track. Prints the number of tracks."""
import json
import struct
import sys
import zlib

data = open(sys.argv[1], "rb").read()
assert data[:5] == b"H4MK\x01" and zlib.crc32(data[:-4]) == struct.unpack("<I", data[-4:])[0]
position, tracks, times, tables = 16, None, [], 0
while position < len(data) - 4:
    tag, flags, length = struct.unpack("<4sII", data[position:position + 12])
    payload = data[position + 12:position + 12 + length]
    assert zlib.crc32(data[position:position + 12 + length]) == struct.unpack("<I", data[position + 12 + length:][:4])[0]
    if tag == b"TRAK":
        tracks = json.loads(payload)["tracks"]
        for track in tracks:
            assert list(track) == ["track_id", "name", "kind", "codec", "sample_rate", "channels", "note"], list(track)
    elif tag == b"CORE":
        magic, track_id = struct.unpack("<4sH", payload[:6])
        assert magic == b"H4TB" and flags >> 30 == 0 and flags >> 28 < 3
        times.append((flags & 0xFFFFFFF, track_id))
    elif tag == b"TSEK":
        tables += 1
        assert payload[:4] == b"H4TS" and payload[8:12] == b"H4SK"
    position += 16 + length
assert times == sorted(times) and tables == len(tracks)
print(len(tracks))
