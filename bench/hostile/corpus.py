# SPDX-License-Identifier: MIT
"""Files that want to cost more than they weigh: right checksums, wrong intentions. Each is at most SIZE bytes.

The bytes are made here from libh4mk/spec/core.md, without the library."""
import base64
import json
import struct
import zlib

SALT = 0x5EED5EED


def varint(value):
    out = bytearray()
    while value >= 0x80:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def signed(value):
    return varint(value << 1 if value >= 0 else (-value << 1) - 1)


def constant(value, count):
    """A column of one value."""
    if count == 0:
        return b""
    return b"\x7f" if value == 0 else b"\x00" + signed(value)


def header(version=2, salt=SALT):
    return b"H4MK" + bytes([version, 0, 0, 0]) + struct.pack("<II", salt if version == 2 else 0, 0)


def chunk(tag, payload, flags=0, salt=SALT):
    head = tag + struct.pack("<II", flags, len(payload))
    return head + payload + struct.pack("<I", zlib.crc32(payload, zlib.crc32(head, salt)))


def trak(tracks=1, **keys):
    described = [{"track_id": i + 1, "name": "", "kind": "video", "codec": "h264", "time_base": "1/1000", **keys} for i in range(tracks)]
    return chunk(b"TRAK", json.dumps({"tracks": described}).encode())


def cluster(count, ordinal=0, flags=4, size=0, data=b"", side_data=b"", time=0, track_id=1):
    index = varint(count) + varint(1) + b"\x00" + varint(track_id) + varint(ordinal) + signed(time)
    index += constant(flags | (0x100 if side_data else 0), count) + constant(size, count) + constant(1, count)
    index += constant(0, count - 1) + constant(0, count) + side_data
    front = varint(len(index)) + index
    return chunk(b"CORE", front + struct.pack("<I", zlib.crc32(front, SALT)) + data, 1 << 30)


def cluster_of(tracks, per, ordinal=0, flags=4, size=0, time=0, duration=1):
    """So many blocks of each of the tracks 1 to `tracks`, one track after the other and again."""
    if tracks == 1:
        return cluster(per, ordinal=ordinal, flags=flags, size=size, data=b"x" * size * per, time=time)
    count, width = tracks * per, (tracks - 1).bit_length()
    order = sum((i % tracks) << (width * i) for i in range(count)) if count < 20000 else 0  # the number has all of them at once
    index = varint(count) + varint(tracks) + b"\0"
    index += b"".join(varint(track + 1) + varint(per) + varint(ordinal) + signed(time) for track in range(tracks))
    index += bytes([width]) + signed(0) + order.to_bytes((width * count + 7) // 8, "little")
    index += (constant(flags, per) + constant(size, per) + constant(duration, per) + constant(0, per - 1) + constant(0, per)) * tracks
    front = varint(len(index)) + index
    return chunk(b"CORE", front + struct.pack("<I", zlib.crc32(front, SALT)) + b"x" * size * count, 1 << 30)


def fill(unit, size, front):
    """front, and as many units behind it as fit."""
    out = bytearray(front)
    i = 0
    while True:
        piece = unit(i)
        if len(out) + len(piece) > size:
            return bytes(out)
        out += piece
        i += 1


def fake_headers(tag, length):
    def make(size):
        start = header() + trak() + cluster(1)
        body = (tag + struct.pack("<II", 0, length)) * ((size - len(start) - 16) // 12)
        broken = bytearray(chunk(b"NOTE", body))
        broken[8:12] = struct.pack("<I", 0x7FFFFFFF)  # so that reading has to look for the next chunk
        return start + bytes(broken)
    return make


def fake_headers_of_version_1(size):
    start = header(1) + chunk(b"TRAK", json.dumps({"tracks": [{"track_id": 1, "name": "a", "kind": "audio", "codec": "h4core"}]}).encode(), salt=0)
    return start + b"\x00" * 16 + (b"CORE" + struct.pack("<II", 0, size // 2)) * ((size - len(start) - 16) // 12)


def empty_blocks(size):
    return fill(lambda i: cluster(30, ordinal=30 * i, time=30 * i), size, header() + trak())


def too_many_empty_blocks(size):
    return fill(lambda i: cluster(65535, ordinal=65535 * i), size, header() + trak())


def tiny_blocks(size):
    return fill(lambda i: cluster(4000, ordinal=4000 * i, size=1, data=b"x" * 4000, time=4000 * i), size, header() + trak())


def ordinals(size):
    return fill(lambda i: cluster(1, ordinal=i << 40), size, header() + trak())


def extreme_times(size):
    return fill(lambda i: cluster(2, ordinal=2 * i, time=(-1) ** i * (1 << 62)), size, header() + trak())


def repeated_side_data(size):
    entry = b"x" * (size // 20)

    def unit(i):
        count = 600
        lists = varint(1) + varint(0) + varint(len(entry)) + entry + b"\x00" * (count - 1)
        return cluster(count, ordinal=count * i, size=1, data=b"x" * count, side_data=varint(1) + varint(1) + b"s" + lists)
    return fill(unit, size, header() + trak())


def names_of_side_data(size):
    """As many names as fit, each used once."""
    count = min(60000, size // 9)
    names = [bytes([33 + i % 90, 33 + i // 90 % 90, 33 + i // 8100]) for i in range(count)]
    lists = varint(count) + b"".join(varint(i) + b"\0" for i in range(count))

    def unit(i):
        side_data = varint(count) + b"".join(varint(len(name)) + name for name in names) + lists
        return cluster(1, ordinal=i, side_data=side_data, time=i)
    return fill(unit, size, header() + trak())


def page(at, clusters, previous, trak_at, first):
    body = b"H4TP\x00" + struct.pack("<qqqq", at - previous if previous else 0, at - trak_at, 0, at - first if first else 0)
    body += varint(clusters) + constant(31, max(clusters - 1, 0)) + varint(0)
    return chunk(b"TSEK", body)


def many_pages(size):
    out = bytearray(header() + trak() + cluster(1))
    first, previous = 16 + len(trak()), 0
    while len(out) < size - 100:
        piece = page(len(out), 1 if not previous else 0, previous, 16, first if not previous else 0)
        previous = len(out)
        out += piece
    return bytes(out)


def one_page_many_times(size):
    del size
    front = header() + trak()
    first = len(front)
    out = front + cluster(1)
    page_at = len(out)
    out += page(page_at, 65536, 0, 16, first)
    page_size = len(out) - page_at
    top_at = len(out)
    count = 200000
    body = struct.pack("<qqq", top_at - first, top_at - 16, 0) + varint(count)
    body += signed(top_at - page_at) + constant(0, count - 1) + constant(page_size, count) + constant(65536, count) + varint(0)
    total = 12 + 4 + 8 + len(body) + 4
    body = b"H4TT" + struct.pack("<Q", total + 36) + body
    out += chunk(b"TSEK", body)
    out += chunk(b"TAIL", b"H4TL" + struct.pack("<qI", len(out) - top_at, total))
    return out + b"\0\0\0\0"


def many_tracks(size):
    return fill(lambda i: cluster(1, track_id=1 + i % 4096, time=i), size, header() + trak(4096))


def many_tracks_in_each_cluster(size):
    """Whoever looks for one track after the other reads every cluster again and again."""
    count = min(4096, size // 240)
    return fill(lambda i: cluster_of(count, 1, ordinal=i, size=1, time=i), size, header() + trak(count))


def seek_points_in_no_order(size):
    """Each cluster may have what is sought, of every track. FFmpeg takes 1,000 streams."""
    count = min(900, size // 400)
    return fill(lambda i: cluster_of(count, 2, ordinal=2 * i, duration=1 << 40), size, header() + trak(count, kind="subtitle", codec="text"))


def tracks_that_begin_far_back(size):
    """All tracks but the first have a seek point at the front alone: a seek to the end goes on from there for each."""
    tracks = min(900, size // 400)
    front = header() + trak(tracks, kind="subtitle", codec="text") + b"".join(cluster(2, flags=4, track_id=track + 1, time=-1 << 40) for track in range(1, tracks))
    front += b"".join(cluster(1, flags=0, ordinal=2, track_id=track + 1, time=-1 << 40) for track in range(1, tracks))
    count = (size - len(front)) // len(cluster(1, ordinal=1 << 20, time=-1 << 30))
    return fill(lambda i: cluster(1, ordinal=i, time=1000 * (i - count)), size, front)


def described_again(size):
    """Each META changes what is known, and none of the tracks."""
    meta = chunk(b"META", b"{}")
    return fill(lambda i: meta + cluster(1, ordinal=i, time=i), size, header() + trak(min(4096, size // 220)))


def tracks_described_again(size):
    meta = chunk(b"META", json.dumps({"x": [[0] * 1000] * (min(size, 400000) // 6000)}).encode())
    both = trak(name="a"), trak(name="b")
    return fill(lambda i: both[i % 2] + cluster(1, ordinal=i, time=i), size, header() + trak() + meta)


def pages_of_many_tracks(size):
    """Each page in memory has room for all tracks."""
    described = trak(min(4096, size // 220))
    out = bytearray(header() + described + cluster(1))
    first, previous = 16 + len(described), 0
    while len(out) < size - 100:
        piece = page(len(out), 1 if not previous else 0, previous, 16, first if not previous else 0)
        previous = len(out)
        out += piece
    return bytes(out)


def pages_that_list_much(size, whole=True):
    """Each page lists the same clusters, all with blocks of all tracks."""
    tracks = 4
    front = header() + trak(tracks)
    out = bytearray(front + cluster(1) + chunk(b"NOTE", bytes(size // 2)))
    count = min((len(out) - len(front)) // 31 - 1, 131072 // tracks)
    rising = signed(0) + constant(1, count - 1)
    spans = varint(count) + rising + constant(1, count) + constant(0, count) + rising
    keys = varint(count) + rising + constant(0, count) + constant(0, count)
    of_tracks = b"".join(varint(i + 1) + spans + keys + varint(0) + b"\0" + varint(count) + b"\0\0" for i in range(tracks))
    listed = varint(count) + constant(31, count - 1) + varint(tracks) + (of_tracks if whole else of_tracks[:-1])
    previous = 0
    while len(out) < size - len(listed) - 60:
        at = len(out)
        distances = struct.pack("<qqqq", at - previous if previous else 0, at - 16, 0, at - len(front))
        out += chunk(b"TSEK", b"H4TP\0" + distances + listed)
        previous = at
    return bytes(out)


def fake_pages(size):
    """Whoever looks back for a page checks each of them up to its end."""
    front = header() + trak() + cluster(1)
    fakes = (size - len(front) - 16) // 16
    return front + chunk(b"NOTE", (b"TSEK" + struct.pack("<II", 0, size // 3) + b"H4TP") * fakes)


def pages_that_lead_nowhere(size):
    """Each names the one before it, and the first one names another first cluster than the file has."""
    front = header() + trak() + cluster(1)
    out = bytearray(front + cluster(1, ordinal=1))
    previous = 0
    while len(out) < size - 100:
        piece = page(len(out), 0 if previous else 1, previous, 16, 0 if previous else len(front))
        previous = len(out)
        out += piece
    return bytes(out)


def clusters_that_are_not_there(size):
    """Whoever takes a cluster out of the index where it cannot be read, and looks once more, does so for each."""
    front = header() + trak()
    out = bytearray(front + cluster(1) + chunk(b"NOTE", bytes(size - 2000)))
    count = (len(out) - len(front)) // 31 - 1
    rising = signed(0) + constant(1, count - 1)
    of_track = varint(1) + varint(count) + rising + constant(1, count) + constant(0, count) + rising
    of_track += varint(count) + rising + constant(0, count) * 2 + varint(0) + b"\0" + varint(count) + b"\0\0"
    distances = struct.pack("<qqqq", 0, len(out) - 16, 0, len(out) - len(front))
    return bytes(out + chunk(b"TSEK", b"H4TP\0" + distances + varint(count) + constant(31, count - 1) + varint(1) + of_track))


def large_clusters(size):
    """As few as can be, each with blocks of all tracks: who holds some of them holds all."""
    tracks = min(64, size // 8000)
    count = 65535 // tracks * tracks
    order = b"\x06" + signed(0) + sum((k % tracks) << (6 * k) for k in range(count)).to_bytes((6 * count + 7) // 8, "little")
    each = count // tracks

    def unit(i):
        index = varint(count) + varint(tracks) + b"\0"
        index += b"".join(varint(track + 1) + varint(each) + varint(each * i) + signed(-i) for track in range(tracks)) + order
        index += (constant(4, each) + constant(0, each) + constant(1 << 30, each) + constant(0, each - 1) + constant(0, each)) * tracks
        index += bytes(count - len(index))  # what stands behind the end of an index is passed over
        front = varint(len(index)) + index
        return chunk(b"CORE", front + struct.pack("<I", zlib.crc32(front, SALT)), 1 << 30)
    return fill(unit, size, header() + trak(tracks))


def many_gaps(size):
    """A chunk that claims all the rest of the file stands in each: whoever sums that for each gap is quadratic."""
    out = bytearray(header() + trak() + cluster(1))
    while len(out) < size - 1000:
        out += b"A" + b"META" + struct.pack("<II", 0, size - len(out) - 700) + chunk(b"FREE", b"")
    return bytes(out + chunk(b"FREE", bytes(900)))


def many_metas(size):
    """Of each the values are as many as may be."""
    meta = chunk(b"META", b'{"x":[' + b"{}," * min(130000, size // 4) + b"{}]}")
    return fill(lambda i: meta + cluster(1, ordinal=i, time=i), size, header() + trak())


def tops_in_front(size):
    """Each names the same long TRAK, and that once more as META."""
    front = header() + chunk(b"TRAK", trak()[12:-4] + b" " * (size // 2))
    count = (size - len(front) - 100) // 54
    first = len(front) + 54 * count

    def top(i):
        at = len(front) + 54 * i
        return chunk(b"TSEK", b"H4TT" + struct.pack("<Qqqq", first + len(cluster(1)) - at, at - first, at - 16, at - 16) + b"\0\0")
    return front + b"".join(top(i) for i in range(count)) + cluster(1)


def end(at, first, distance, count, page_size, spare=b""):
    """A top that names so many pages, one in front of the other, and its locator."""
    body = struct.pack("<qqq", at - first if first else 0, at - 16, 0) + varint(count) + signed(distance) + constant(-1, count - 1)
    body += constant(page_size, count) + constant(0, count) + (spare or varint(0))
    size = 12 + 4 + 8 + len(body) + 4
    return chunk(b"TSEK", b"H4TT" + struct.pack("<Q", size + 36) + body) + chunk(b"TAIL", b"H4TL" + struct.pack("<qI", size, size))


def former_ends(size):
    """Behind each a former end was, if its top can be read to the end; it cannot."""
    front = header() + trak()
    count = min(200000, size // 5)
    page_at = len(front)
    out = bytearray(front + page(page_at, 0, 0, 16, 0) + chunk(b"NOTE", bytes(size // 3)))
    while len(out) < size - 400:
        out += end(len(out), 0, len(out) - 16 - count, count, 100, spare=b"\5")
    out += end(len(out), 0, len(out) - page_at, 1, 57)
    checksum, at = zlib.crc32(front[:16], SALT), 16
    while at < len(out):
        at += 16 + struct.unpack_from("<I", out, at + 8)[0]
        checksum = zlib.crc32(out[at - 4:at], checksum)
    return bytes(out) + struct.pack("<I", checksum)


def many_values(size):
    meta = json.dumps({"tags": {f"k{i}": "v" for i in range(4000)}, "x": [[0] * 1000] * (min(size, 400000) // 4000)}).encode()
    return header() + trak() + chunk(b"META", meta) + cluster(1)


def many_objects(size):
    return header() + trak() + chunk(b"META", b'{"programs":[' + b"{}," * min(size // 3 - 100, 130000) + b"{}]}") + cluster(1)


def deep_arrays(size):
    """What shows it with two spaces a level writes 60 times as much."""
    return header() + trak() + chunk(b"META", b'{"x":[' + b"[" * 62 + b"]" * 62 + (b"," + b"[" * 62 + b"]" * 62) * (min(size, 250000) // 126) + b"]}") + cluster(1)


def many_chapters(size):
    chapters = [{"id": i, "time_base": "1/1000", "start": i, "end": i + 1} for i in range(size // 100)]
    return header() + trak() + chunk(b"META", json.dumps({"chapters": chapters}).encode()) + cluster(1)


def compressed_blocks(size):
    # A zstd frame of one RLE block of 65,535 bytes: RFC 8878, 3.1.1.
    frame = b"\x28\xb5\x2f\xfd\x60" + struct.pack("<H", 65535 - 256) + (65535 << 3 | 2 | 1).to_bytes(3, "little") + b"\x00"
    return fill(lambda i: cluster(100, ordinal=100 * i, flags=4 | 0x400, size=len(frame), data=frame * 100), size,
                header() + trak(compression="zstd"))


def version_1_blocks(size):
    start = header(1) + chunk(b"TRAK", json.dumps({"tracks": [{"track_id": 1, "name": "a", "kind": "audio", "codec": "h4core"}]}).encode(), salt=0)
    block = chunk(b"CORE", b"H4TB\x01\0\0\0", salt=0)
    return start + block * ((size - len(start)) // len(block))


def recipe_bomb(size):
    """ORIG that asks for the same kept chunk again and again."""
    kept = chunk(b"note", b"x" * (size // 4))
    recipe = b"H4OR" + varint(1) + struct.pack("<Q", 1 << 40) + b"\0" * 32 + b"\0\0\0\0" + b"\x04\x00" * (size // 4)
    return header() + trak() + kept + chunk(b"ORIG", recipe) + cluster(1)


def attachment(size):
    return header() + trak(kind="attachment") + chunk(b"ATTA", varint(1) + base64.b64encode(b"x" * (size // 2))) + cluster(1)


CASES = {
    "fake CORE headers": fake_headers(b"CORE", 1 << 19),
    "fake TSEK headers": fake_headers(b"TSEK", 1 << 19),
    "fake VERI headers": fake_headers(b"VERI", 1 << 18),
    "fake headers, version 1": fake_headers_of_version_1,
    "empty blocks": empty_blocks,
    "more empty blocks than bytes": too_many_empty_blocks,
    "blocks of a byte": tiny_blocks,
    "ordinals that jump": ordinals,
    "extreme times": extreme_times,
    "side data that repeats": repeated_side_data,
    "names of side data": names_of_side_data,
    "pages without clusters": many_pages,
    "one page named often": one_page_many_times,
    "pages of many tracks": pages_of_many_tracks,
    "pages that list much": pages_that_list_much,
    "broken pages that list much": lambda size: pages_that_list_much(size, whole=False),
    "fake pages": fake_pages,
    "pages that lead nowhere": pages_that_lead_nowhere,
    "tops in front": tops_in_front,
    "clusters that are not there": clusters_that_are_not_there,
    "large clusters of all tracks": large_clusters,
    "META of many objects, again": many_metas,
    "many gaps": many_gaps,
    "former ends": former_ends,
    "META before each cluster": described_again,
    "TRAK before each cluster": tracks_described_again,
    "4096 tracks": many_tracks,
    "each cluster has all tracks": many_tracks_in_each_cluster,
    "seek points in no order": seek_points_in_no_order,
    "tracks that begin far back": tracks_that_begin_far_back,
    "JSON of many values": many_values,
    "JSON of many objects": many_objects,
    "JSON of deep arrays": deep_arrays,
    "many chapters": many_chapters,
    "zstd, 64 KiB each": compressed_blocks,
    "blocks of version 1": version_1_blocks,
    "a recipe that repeats": recipe_bomb,
    "an attachment": attachment,
}
