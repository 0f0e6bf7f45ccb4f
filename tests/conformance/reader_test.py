#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Tests of the reader's own parts, on bytes that are written down by hand: `python3 -m unittest reader_test`."""

import hashlib
import json
import os
import struct
import tempfile
import unittest
import zlib
from unittest import mock

from reader import primitives
from reader.cluster import Block
from reader.contents import zstd_content
from reader.description import Track, parse_json, parse_tracks
from reader.primitives import Broken, Crc, Cursor, move, salt_for
from reader.recording import Recording
from reader.report import Report

SALT = 0x12345678


def hexes(text: str) -> Cursor:
    return Cursor(bytes.fromhex(text))


class Varints(unittest.TestCase):
    def test_seven_bits_a_byte(self):
        for text, value in (("00", 0), ("7f", 127), ("8001", 128), ("8000", 0), ("ffffffffffffffffff01", 2**64 - 1)):
            self.assertEqual(hexes(text).varint(), value, text)

    def test_signed(self):
        self.assertEqual([hexes(f"{n:02x}").signed_varint() for n in range(5)], [0, -1, 1, -2, 2])
        self.assertEqual(hexes("ffffffffffffffffff01").signed_varint(), -(2**63))

    def test_refused(self):
        for text in ("80", "ffffffffffffffffff02", "8080808080808080808000"):
            with self.assertRaises(Broken, msg=text):
                hexes(text).varint()


class Columns(unittest.TestCase):
    def test_valid(self):
        for text, count, values in (
            ("", 0, []),
            ("7f", 3, [0, 0, 0]),
            ("00 02", 4, [1, 1, 1, 1]),
            ("02 01 e4", 4, [-1, 0, 1, 2]),  # width 2, min -1, residuals 0 1 2 3
            ("81 01 14 05 05", 3, [15, 10, 15]),  # step 5, min 10, residuals 1 0 1
            ("80 02 02 02 00 07 01 08", 4, [8, 1, 9, 1]),  # exceptions: gap 0 -> 7; gap 1 -> position 2, 8
            ("80 03 00 0a 01 02 03", 3, [0, 0, 30]),  # step 10 applies to the exception as well
            ("40 00 ffffffffffffffff", 1, [-1]),
            ("c0 01 00 02 0000000000000080", 1, [0]),  # modulo 2^64
            ("03 00 88 c6 fa", 8, [0, 1, 2, 3, 4, 5, 6, 7]),
        ):
            cursor = hexes(text)
            self.assertEqual(cursor.column(count), values, text)
            self.assertEqual(cursor.left(), 0, text)

    def test_refused(self):
        for text, count in (
            ("41 00" + "00" * 65, 8),  # wider than 64
            ("80 04 00", 3),  # reserved bit
            ("08 00 01", 2),  # too short
            ("80 02 00 03 00 00 00 00 00 00", 2),  # more exceptions than values
            ("80 02 00 01 02 00", 2),  # exception behind the end
            ("", 1),
        ):
            with self.assertRaises(Broken, msg=text):
                hexes(text).column(count)

    def test_deltas(self):
        self.assertEqual(hexes("14 00 02").deltas(3), [10, 11, 12])
        self.assertEqual(hexes("14").deltas(1), [10])
        self.assertEqual(hexes("").deltas(0), [])


class Crcs(unittest.TestCase):
    def test_salt_0_is_the_usual_crc(self):
        self.assertEqual(Crc(memoryview(b"123456789"), 0).of(0, 9), 0xCBF43926)

    def test_ranges_short_and_long(self):
        data = memoryview(bytes(i * i % 251 for i in range(300_000)))
        crc = Crc(data, SALT)
        for begin, end in ((0, 0), (5, 100), (0, 300_000), (1, 299_999), (70_000, 200_001), (16384, 16384 * 8)):
            self.assertEqual(crc.of(begin, end), zlib.crc32(data[begin:end], SALT), (begin, end))

    def test_moves_there_and_back(self):
        self.assertEqual(move(move(0xDEADBEEF, 1000), -1000), 0xDEADBEEF)

    def test_salt_from_a_crc(self):
        self.assertEqual(salt_for(b"some bytes", zlib.crc32(b"some bytes", SALT)), SALT)


class JsonRules(unittest.TestCase):
    def test_accepted(self):
        deepest = b"[" * 64 + b"]" * 64
        for text in (b' {"a": 1.5} \n', deepest, b'"[[\\"{"', '"\U0001f3b5"'.encode(), b'"\\ud83c\\udfb5"'):
            parse_json(text)

    def test_refused(self):
        for text in (
            b'{"a": 1, "a": 2}', b'{"a": 1, "\\u0061": 2}', b"NaN", b"[Infinity]", b'"\\ud800"', b'{"\\udc00": 1}', b"1 2", b"{}\0", b"9223372036854775808",
            b"\xef\xbb\xbf{}", b'"\xff"', b"[" * 65 + b"]" * 65, b"1e999", b'"\n"', b"[1,]", b"", b"[" + b"0," * 2**17 + b"0]",
            json.dumps({str(i): 0 for i in range(4097)}).encode(), b"01",
        ):  # fmt: skip
            with self.assertRaises(Broken, msg=text[:40]):
                parse_json(text)

    def test_tracks(self):
        good = {"track_id": 1, "name": "", "kind": "video", "codec": "x", "time_base": "1/1000"}
        parse_tracks(json.dumps({"tracks": [good]}).encode())
        for change in (
            {"track_id": 65536}, {"track_id": -1}, {"track_id": 1.0}, {"track_id": True}, {"name": 3}, {"time_base": "1/0"},
            {"time_base": "01/5"}, {"time_base": "1/2147483648"}, {"time_base": "1"}, {"requires": "x"}, {"requires": [1]},
        ):  # fmt: skip
            with self.assertRaises(Broken, msg=change):
                parse_tracks(json.dumps({"tracks": [good | change]}).encode())
        with self.assertRaises(Broken):
            parse_tracks(json.dumps({"tracks": [good, good]}).encode())

    def test_names_of_other_files(self):
        good = {"track_id": 1, "name": "", "kind": "video", "codec": "x", "time_base": "1/1000"}
        for name in ("film.mp4", "a b", "…", "é" * 127, "..."):
            self.assertEqual(Track(good | {"beside": name}).beside(), name)
        for name in ("", ".", "..", "a/b", "a\\b", "c:", "a%20", "a?", "a#", "-x", "a\n", "a\x7f", "é" * 128, 5, None):
            self.assertIsNone(Track(good | {"beside": name}).beside(), name)


class Zstd(unittest.TestCase):
    """RFC 8878: magic, descriptor 0x20 (single segment, content size in one byte), then blocks."""

    def test_raw_and_rle(self):
        raw = bytes.fromhex("28b52ffd 20 05 290000") + b"hello"
        rle = bytes.fromhex("28b52ffd 20 09 4b0000") + b"a"
        both = bytes.fromhex("28b52ffd 20 07 180000") + b"abc" + bytes.fromhex("230000") + b"z"
        for frame, content in ((raw, b"hello"), (rle, b"a" * 9), (both, b"abczzzz")):
            self.assertEqual(zstd_content(frame), (len(content), content))

    def test_refused(self):
        for text in (
            "28b52ffd 20 06 29000068656c6c6f",  # other content size
            "28b52ffd 00 58 29000068656c6c6f",  # no content size
            "28b52ffd 21 07 05 29000068656c6c6f",  # dictionary
            "28b52ffd 20 05 29000068656c6c6f 00",  # something behind it
            "28b52ffd 28 05 29000068656c6c6f",  # reserved bit
            "28b52ffd 20 05 2f000068656c6c6f",  # reserved block type
            "29b52ffd 20 05 29000068656c6c6f",
            "28b52ffd a0 01000100 0b000861",  # 64 KiB and one byte
        ):
            with self.assertRaises(Broken, msg=text):
                zstd_content(bytes.fromhex(text))


class TotalsOfTracks(unittest.TestCase):
    def totals(self, *clusters):
        """Clusters of blocks (flags, pts, duration)."""
        recording = Recording()
        for offset, blocks in enumerate(clusters):
            for flags, pts, duration in blocks:
                recording.add(offset, Block(1, 0, flags, 3, duration, pts and pts - 2, pts))
        return recording.totals(1)

    def test_values(self):
        found = self.totals([(4 | 8, 10, 5), (0, None, 5), (0, 30, -7)], [(4, 29, 0)])
        self.assertEqual((found.blocks, found.hidden, found.bytes), (4, 2, 12))
        self.assertEqual((found.start_pts, found.first_dts, found.end), (30, 8, 30))
        self.assertEqual((found.not_all_seek_points, found.first_is_none), (True, False))

    def test_overlap_is_between_clusters(self):
        self.assertFalse(self.totals([(4, 20, 1), (4, 10, 1)], [(4, 21, 1)]).overlap)
        self.assertTrue(self.totals([(4, 20, 1), (4, 10, 1)], [(4, 20, 1)]).overlap)
        self.assertTrue(self.totals([(4, 20, 1)], [(4, 30, 1)], [(4, 25, 1)]).overlap)

    def test_the_end_stays_within_64_bits(self):
        self.assertEqual(self.totals([(4, 2**63 - 5, 100)]).end, 2**63 - 1)


# Files, by hand.


def chunk(tag: bytes, payload: bytes, flags: int = 0, salt: int = SALT) -> bytes:
    body = tag + struct.pack("<II", flags, len(payload)) + payload
    return body + struct.pack("<I", zlib.crc32(body, salt))


def varint(value: int) -> bytes:
    return bytes([value]) if value < 128 else bytes([value & 127 | 128]) + varint(value >> 7)


def column(values: list[int]) -> bytes:
    return bytes([64, 0]) + b"".join(struct.pack("<Q", value % 2**64) for value in values) if values else b""


def deltas(values: list[int]) -> bytes:
    first = varint(2 * values[0] if values[0] >= 0 else -2 * values[0] - 1)
    return first + column([b - a for a, b in zip(values, values[1:])])


HEADER = b"H4MK" + struct.pack("<BBHII", 2, 0, 0, SALT, 0)
TRACK = {"track_id": 1, "name": "n", "kind": "video", "codec": "c", "time_base": "1/1000"}


def trak(*tracks: dict) -> bytes:
    return chunk(b"TRAK", json.dumps({"tracks": list(tracks) or [TRACK]}).encode())


def cluster(ordinal: int, blocks: list[bytes], flags: list[int] | None = None, behind: bytes = b"", chunk_flags=1 << 30, shift=0) -> bytes:
    """Blocks of track 1, each 10 ticks long; the first one at 10 * ordinal."""
    flags = flags or [4] * len(blocks)
    here = b"".join(block for block, bits in zip(blocks, flags) if not bits & 1 << 11)
    form = shift | (32 if any(bits & 1 << 11 for bits in flags) else 0)
    index = varint(len(blocks)) + b"\1" + bytes([form]) + b"\1" + varint(ordinal) + varint(20 * ordinal)
    index += column(flags) + column([len(block) for block in blocks]) + column([10] * len(blocks))
    index += (b"\x7f" if len(blocks) > 1 else b"") + b"\x7f"
    for begin in range(0, len(here) if shift else 0, 1 << shift if shift else 1):
        index += struct.pack("<I", zlib.crc32(here[begin : begin + (1 << shift)], SALT))
    index = varint(len(index + behind)) + index + behind
    return chunk(b"CORE", index + struct.pack("<I", zlib.crc32(index, SALT)) + here, chunk_flags)


def totals(blocks: int, size: int) -> bytes:
    """Every block a seek point, from 0 on."""
    return b"\7" + varint(blocks) + b"\0" + varint(size) + b"\0\0" + varint(20 * blocks)


def closed(front: bytes, clusters: list[bytes], blocks: int = 2, before_top: bytes = b"") -> bytes:
    """One page of clusters with `blocks` blocks of 4 bytes each."""
    places = [len(front) + sum(map(len, clusters[:i])) for i in range(len(clusters))]
    data = front + b"".join(clusters)
    n, total = len(clusters), blocks * len(clusters)
    starts = [10 * blocks * i for i in range(n)]
    page = b"H4TP\0" + struct.pack("<qqqq", 0, len(data) - 16, 0, len(data) - places[0]) + varint(n)
    page += column([b - a for a, b in zip(places, places[1:])]) + b"\1\1" + varint(n) + deltas(list(range(n)))
    page += column([blocks] * n) + b"\x7f" + deltas(starts) + varint(n) + deltas(list(range(n)))
    page += b"\x7f" + column([10 * (blocks - 1)] * n) + b"\0" + totals(total, 4 * total)
    page_place, page = len(data), chunk(b"TSEK", page)
    data += page + before_top
    column_one = lambda value: column([value])  # noqa: E731
    top = struct.pack("<qqq", len(data) - places[0], len(data) - 16, 0) + b"\1" + deltas([len(data) - page_place])
    top += column_one(len(page)) + column_one(n) + b"\1\1" + column_one(total) + b"\x7f" + deltas([0]) + column_one(n)
    top += deltas([0]) + column_one(10 * (total - 1)) + b"\x7f" + totals(total, 4 * total)
    top = chunk(b"TSEK", b"H4TT" + struct.pack("<Q", len(top) + 12 + 16 + 36) + top)
    data += top
    data += chunk(b"TAIL", b"H4TL" + struct.pack("<qI", len(top), len(top)))
    return data + checksum(data)


def checksum(data: bytes) -> bytes:
    fields, place = data[:16], 16
    while place < len(data):
        place += 16 + int.from_bytes(data[place + 8 : place + 12], "little")
        fields += data[place - 4 : place]
    return struct.pack("<I", zlib.crc32(fields, SALT))


FRONT = HEADER + trak()
CLUSTERS = [cluster(2 * i, [b"%03da" % i, b"%03db" % i]) for i in range(3)]


def flip(data: bytes, place: int) -> bytes:
    return data[:place] + bytes([data[place] ^ 0x10]) + data[place + 1 :]


class CountingCrc:
    """In the place of zlib: how many bytes CRCs are computed of."""

    def __init__(self) -> None:
        self.bytes = 0

    def crc32(self, data, start: int = 0) -> int:
        self.bytes += len(data)
        return zlib.crc32(data, start)


class Files(unittest.TestCase):
    def read(self, data: bytes, folder: str | None = None, pipe: bool = False) -> dict:
        self.report = Report(data, folder, pipe)
        return self.report.json

    def ordinals(self, data: bytes, **how) -> list[int]:
        return [block["ordinal"] for block in self.read(data, **how)["blocks"]]

    def problems(self, data: bytes) -> list[str]:
        return [problem["kind"] for problem in self.read(data)["problems"]]

    def refusal(self, data: bytes) -> tuple:
        return tuple(self.read(data).get("error", {}).values())

    def test_a_closed_file(self):
        data = closed(FRONT, CLUSTERS)
        found = self.read(data)
        self.assertEqual((found["outcome"], found["closed"], found["problems"]), ("read", True, []))
        self.assertEqual(found["tracks"], [TRACK])
        self.assertEqual(found["index"], {"from": "top", "pages": 1, "clusters": 3})
        self.assertEqual(found["totals"]["1"], {"blocks": 6, "hidden": 0, "bytes": 24, "start_pts": 0, "first_dts": 0, "end": 60})
        hash_of_first = hashlib.sha256(b"000a").hexdigest()[:16]
        first = {"track": 1, "ordinal": 0, "type": "I", "flags": ["key"], "pts": 0, "dts": 0, "duration": 10, "size": 4}
        self.assertEqual(found["blocks"][0], first | {"sha256": hash_of_first})
        self.assertEqual([block["pts"] for block in found["blocks"]], [0, 10, 20, 30, 40, 50])

    def test_a_pipe_says_the_same(self):
        data = closed(FRONT, CLUSTERS)
        self.assertEqual(self.read(data) | {"index": None}, self.read(data, pipe=True) | {"index": None})

    def test_cut_at_every_byte(self):
        data = closed(FRONT, CLUSTERS)
        ends = [len(FRONT) + sum(map(len, CLUSTERS[:i])) for i in range(4)]
        for size in range(len(data)):
            found = self.read(data[:size])
            if size < len(FRONT):
                self.assertEqual(found["error"]["kind"], "truncated" if size >= 4 else "not_h4mk", size)
                continue
            self.assertFalse(found["closed"])
            self.assertEqual(len(found["blocks"]), 2 * sum(size >= end for end in ends[1:]), size)
            self.assertLessEqual({problem["kind"] for problem in found["problems"]}, {"missing_bytes"}, size)

    def test_every_flipped_bit_costs_one_cluster_at_most_and_is_reported(self):
        data = closed(FRONT, CLUSTERS)
        for place in range(len(FRONT), len(data)):
            found = self.read(flip(data, place))
            self.assertGreaterEqual(len(found["blocks"]), 4, place)
            self.assertTrue(found["problems"], place)

    def test_headers_that_are_refused(self):
        data = closed(FRONT, CLUSTERS)
        for place, value, error in (
            (0, 0, ("not_h4mk", 0)), (4, 3, ("version", 4)), (4, 1, ("legacy", 4)), (4, 0, ("version", 4)), (5, 1, ("required_feature", 5)),
        ):  # fmt: skip
            self.assertEqual(self.refusal(data[:place] + bytes([value]) + data[place + 1 :]), error)
        self.assertEqual(self.refusal(b""), ("not_h4mk", 0))
        self.assertEqual(self.problems(data[:6] + b"\xff\xff" + data[8:]), ["container_checksum"])

    def test_a_damaged_salt_is_computed(self):
        data = closed(FRONT, CLUSTERS)
        found = self.read(flip(data, 9))
        self.assertEqual([problem["kind"] for problem in found["problems"]], ["damaged_salt", "container_checksum"])
        self.assertEqual(len(found["blocks"]), 6)

    def test_nothing_is_looked_for_inside_a_chunk_whose_length_is_right(self):
        inner = chunk(b"ATTA", b"\1" + CLUSTERS[0] + CLUSTERS[1])
        self.assertEqual(self.ordinals(FRONT + flip(inner, 13) + CLUSTERS[2]), [4, 5])
        self.assertEqual(self.problems(FRONT + flip(inner, 13) + CLUSTERS[2]), ["damaged_chunk", "ordinals"])

    def test_nothing_is_looked_for_inside_the_unfinished_end(self):
        data = FRONT + CLUSTERS[0] + cluster(2, [CLUSTERS[1] + CLUSTERS[2], b"the rest"])
        self.assertEqual(self.ordinals(data), [0, 1, 2, 3])
        self.assertEqual(self.ordinals(data[:-12]), [0, 1])
        self.assertEqual(self.problems(data[:-12]), ["missing_bytes"])

    def test_goes_on_at_the_next_tag_where_nothing_follows(self):
        self.assertEqual(self.ordinals(FRONT + CLUSTERS[0] + b"rubbish" * 9 + CLUSTERS[1]), [0, 1, 2, 3])
        self.assertEqual(self.ordinals(FRONT + flip(CLUSTERS[0], 9) + CLUSTERS[1]), [2, 3])

    def test_the_work_is_in_proportion_to_the_file(self):
        """Each tag could be a chunk of half of the file: 1.6 GB of CRCs, were each of them computed anew."""
        hostile = b"".join(b"FREE" + struct.pack("<III", 0, 160_000, i) for i in range(20_000))
        with mock.patch.object(primitives, "zlib", CountingCrc()) as counting:
            self.assertEqual(self.ordinals(FRONT + b"\0" + hostile + CLUSTERS[0]), [0, 1])
        self.assertLess(counting.bytes, 20_000 * 4 * Crc.STEP)

    def test_chunks_that_are_not_read_whole_may_be_of_any_length(self):
        large = bytes(65 << 20)
        self.assertEqual(self.problems(FRONT + chunk(b"FREE", large) + chunk(b"note", large) + CLUSTERS[0]), [])
        self.assertEqual(self.problems(FRONT + chunk(b"META", large) + CLUSTERS[0]), ["damaged_chunk"])

    def test_unknown_chunks_and_bits(self):
        private = chunk(b"priv", b"?") + chunk(b"NEWT", b"", 1 << 20) + chunk(b"CORE", b"no cluster") + chunk(b"TSEK", b"H4TXabc")
        self.assertEqual(self.problems(FRONT + private + CLUSTERS[0]), [])
        unknown = cluster(0, [b"a"], chunk_flags=1 << 30 | 1 << 17)
        self.assertEqual(self.problems(FRONT + unknown), ["unknown_chunk_flag"])
        self.assertEqual(self.ordinals(FRONT + cluster(0, [b"a"], chunk_flags=1 << 30 | 1)), [0])
        found = self.read(FRONT + cluster(0, [b"a", b"b"], [4 | 1 << 12, 1 << 31]))
        self.assertEqual(found["problems"][0], {"kind": "unknown_block_flag", "offset": len(FRONT), "flags": 4096, "blocks": [[1, 0]]})
        self.assertEqual([block["ordinal"] for block in found["blocks"]], [1])

    def test_requirements_and_unknown_tracks(self):
        needs = HEADER + trak(TRACK | {"requires": ["holography"]})
        found = self.read(needs + CLUSTERS[0])
        self.assertEqual(found["problems"], [{"kind": "unknown_requirement", "offset": 16, "track": 1, "feature": "holography"}])
        self.assertEqual(found["blocks"], [])
        self.assertEqual(self.problems(HEADER + trak(TRACK | {"track_id": 2}) + CLUSTERS[0]), ["unknown_track"])

    def test_stripes(self):
        blocks = [b"a" * 4096, b"", b"b" * 5000, b"c" * 100]
        whole = FRONT + cluster(0, blocks, shift=12)
        self.assertEqual(self.ordinals(whole), [0, 1, 2, 3])
        self.assertEqual(self.ordinals(flip(whole, len(whole) - 5)), [0, 1])
        self.assertEqual(self.ordinals(flip(whole, len(whole) - 9000)), [1, 2, 3])
        self.assertEqual(self.ordinals(flip(whole, len(whole) - 1)), [0, 1, 2, 3])

    def test_side_data(self):
        data = FRONT + cluster(0, [b"a", b"b"], [4 | 256, 256], b"\1\3abc" + b"\1\0\2xy" + b"\0")
        side = [{"name": "abc", "size": 2, "sha256": hashlib.sha256(b"xy").hexdigest()[:16]}]
        self.assertEqual([block["side_data"] for block in self.read(data)["blocks"]], [side, side])
        for broken in (b"\1\3abc\0\0", b"\1\3abc\1\1\0", b"\1\0", b"\1\3abc\1\0\7x"):
            self.assertEqual(self.problems(FRONT + cluster(0, [b"a", b"b"], [4 | 256, 256], broken)), ["damaged_index"])

    def test_repeated_side_data_is_bounded(self):
        for size, repeats, problems in ((10_000, 32, []), (10_000, 36, ["damaged_index"]), (0, 3000, [])):
            behind = b"\1\1n" + b"\1\0" + varint(size) + bytes(size) + bytes(repeats)
            self.assertEqual(self.problems(FRONT + cluster(0, [b""] * (repeats + 1), [256] * (repeats + 1), behind)), problems)

    def test_compression(self):
        frame = bytes.fromhex("28b52ffd 20 05 290000") + b"hello"
        for compression, problems in (({"compression": "zstd"}, []), ({}, ["bad_compression"]), ({"compression": "x"}, ["unknown_compression"])):
            self.assertEqual(self.problems(HEADER + trak(TRACK | compression) + cluster(0, [frame], [4 | 1 << 10])), problems)
        found = self.read(HEADER + trak(TRACK | {"compression": "zstd"}) + cluster(0, [frame, b"as it is"], [4 | 1 << 10, 0]))
        self.assertEqual([block["size"] for block in found["blocks"]], [5, 8])
        self.assertEqual(found["blocks"][0]["stored"]["as"], ["compressed"])

    def test_encrypted_blocks_are_named_and_not_read(self):
        block = self.read(FRONT + cluster(0, [b"secret"], [4 | 1 << 9]))["blocks"][0]
        self.assertEqual((block["size"], block["sha256"], block["stored"]["as"]), (None, None, ["encrypted"]))

    def test_files_beside(self):
        film = b"....frame one..frame two"
        digest = hashlib.sha256(b"frame oneframe two").digest()
        behind = digest + b"\0" + varint(4) + column([2])
        data = HEADER + trak(TRACK | {"beside": "film"}) + cluster(0, [b"frame one", b"frame two"], [4 | 1 << 11, 1 << 11], behind)
        with tempfile.TemporaryDirectory() as folder:
            name = os.path.join(folder, "film")
            self.assertEqual(self.read(data, folder)["problems"][0]["kind"], "external_missing")
            for content, problems in ((film, []), (film[:-1], ["external_missing"]), (film[:-1] + b"O", ["external_changed"])):
                with open(name, "wb") as file:
                    file.write(content)
                self.assertEqual([problem["kind"] for problem in self.read(data, folder)["problems"]], problems)
            os.rename(name, name + "2")
            os.symlink(name + "2", name)
            self.assertEqual(self.read(data, folder)["problems"][0]["kind"], "external_missing")
            os.remove(name)
            os.mkdir(name)
            self.assertEqual(self.read(data, folder)["problems"][0]["kind"], "external_missing")
            os.rmdir(name)
            os.mkfifo(name)
            self.assertEqual(self.read(data, folder)["problems"][0]["kind"], "external_missing")

    def test_a_later_description(self):
        more = trak(TRACK | {"name": "later"}, TRACK | {"track_id": 2})
        name = lambda data, **how: self.read(data, **how)["tracks"][0]["name"]  # noqa: E731
        self.assertEqual(name(FRONT + CLUSTERS[0] + more), "n")
        self.assertEqual(name(FRONT + CLUSTERS[0] + more, pipe=True), "later")
        self.assertEqual(name(FRONT + CLUSTERS[0] + more + CLUSTERS[1]), "later")
        other = trak(TRACK | {"time_base": "1/999"})
        self.assertEqual(self.problems(FRONT + CLUSTERS[0] + other + CLUSTERS[1]), ["damaged_chunk"])
        self.assertEqual(self.problems(FRONT + other + CLUSTERS[0]), ["damaged_chunk"])

    def test_an_interrupted_edit_changes_nothing(self):
        data = closed(FRONT, CLUSTERS)
        edited = data[:-4] + trak(TRACK | {"name": "edited"})
        self.assertEqual(self.read(edited)["tracks"], [TRACK])
        self.assertEqual(self.read(edited)["index"], {"from": "page", "pages": 1, "clusters": 3})

    def test_an_interrupted_edit_does_not_take_back_the_one_before(self):
        """Nothing but a locator follows the descriptions of the first edit."""
        once = closed(FRONT, CLUSTERS)[:-4] + trak(TRACK | {"name": "once"}) + chunk(b"TAIL", b"H4TL" + bytes(12))
        twice = once + trak(TRACK | {"name": "twice"})
        self.assertEqual(self.read(twice)["tracks"][0]["name"], "once")

    def test_attachments(self):
        data = FRONT + chunk(b"ATTA", b"\1old") + chunk(b"ATTA", b"\1font") + chunk(b"ATTA", b"\2x") + CLUSTERS[0]
        found = self.read(data)
        self.assertEqual([(a["track_id"], a["size"]) for a in found["attachments"]], [(1, 4)])
        self.assertEqual([problem["kind"] for problem in found["problems"]], ["unknown_track"])

    def test_a_top_that_does_not_lead_to_the_first_cluster_is_refused(self):
        data = closed(FRONT, CLUSTERS)
        moved = FRONT + cluster(0, [b"x"]) + data[len(FRONT) :]
        found = self.read(moved)
        self.assertEqual(found["index"]["from"], "walk")
        self.assertIn("index_contradiction", [problem["kind"] for problem in found["problems"]])
        behind_another = closed(FRONT + cluster(0, [b"x"]), CLUSTERS)
        self.assertEqual(self.read(behind_another)["index"]["from"], "walk")

    def test_an_index_that_lies_is_found(self):
        data = closed(FRONT, [cluster(2 * i, [b"aaaa", b"b"]) for i in range(3)])
        self.assertEqual(self.problems(data), ["index_contradiction", "index_contradiction"])

    def test_exchanged_chunks_are_found(self):
        data = closed(FRONT, CLUSTERS)
        begin, size = len(FRONT), len(CLUSTERS[0])
        self.assertEqual(len(CLUSTERS[1]), size)
        exchanged = data[:begin] + CLUSTERS[1] + CLUSTERS[0] + data[begin + 2 * size :]
        self.assertIn("container_checksum", self.problems(exchanged))

    def test_questions(self):
        data = closed(FRONT, CLUSTERS)
        self.read(data)
        report = self.report
        for time_, forward, found in ((25, False, 2), (25, True, 3), (-5, False, 0), (50, True, 5), (51, True, None), (99, False, 5)):
            report.seek(1, time_, forward)
            self.assertEqual(report.json["seek"] and report.json["seek"]["found"][1], found, time_)
        report.frames(1)
        self.assertEqual(report.json["frame_list"], [[10 * i, i] for i in range(6)])
        report.chain(1, 3)
        self.assertEqual(report.json["chain"], [3])
        report.chain(1, 6)
        self.assertIsNone(report.json["chain"])
        report.block(1, 4)
        self.assertEqual(report.json["block"], report.json["blocks"][4])

    def test_an_open_group(self):
        """Times 0 40 20 | 120 80 160 …: the frame at 80 stands behind the key block at 120 and is shown before it."""
        index = b"\6\1\0\1\0\0" + column([4, 0, 0, 4, 2, 0]) + column([1] * 6) + column([20] * 6) + b"\x7f"
        index += column([0, 20, -20, 60, 0, 60])
        index = varint(len(index)) + index
        data = FRONT + chunk(b"CORE", index + struct.pack("<I", zlib.crc32(index, SALT)) + b"abcdef", 1 << 30)
        self.assertEqual([block["pts"] for block in self.read(data)["blocks"]], [0, 40, 20, 120, 80, 160])
        self.report.frames(1)
        self.assertEqual([ordinal for _, ordinal in self.report.json["frame_list"]], [0, 2, 1, 4, 3, 5])
        for frame, chain in ((3, [0, 1, 2, 3, 4]), (4, [3]), (1, [0, 1, 2]), (5, [3, 4, 5])):
            self.report.chain(1, frame)
            self.assertEqual(self.report.json["chain"], chain)


if __name__ == "__main__":
    unittest.main()
