# SPDX-License-Identifier: MIT
"""Files that were made to cost much: sizes, counts and distances that lie with checksums that fit (core.md, "Security considerations").
Others of this kind stand where the structure is that they abuse."""
import struct
import zlib

from builder.expect import WALK, problem, read
from builder.fields import varint
from builder.file import CLUSTER_FLAG
from builder.model import delta, key, track

from . import invalid, valid
from .index import group, pages

ZERO = b"\x7f"


@invalid("Limits")
def chunk_of_4_gib_at_the_end(f):
    """The last chunk is a NOTE that says 4 GiB: it is not read whole, so it has no other limit, and is unfinished."""
    f.describe([track(1)]).cluster(group(0)).write("NOTE", b"long", length=2**32 - 1)
    return read(f, problems=[problem("missing_bytes", f.chunks[-1])])


@invalid("Limits")
def meta_of_4_gib_at_the_end(f):
    """The last chunk is a META that says 4 GiB: more than it may have, so it is damaged, not unfinished."""
    f.describe([track(1)], {"title": "x"}).cluster(group(0)).write("META", b"long", length=2**32 - 1)
    return read(f, problems=[problem("damaged_chunk", f.chunks[-1])])


@invalid("Limits")
def chunk_of_4_gib_in_the_middle(f):
    """A NOTE in the middle says 4 GiB; the cluster behind it is found."""
    f.describe([track(1)]).cluster(group(0)).write("NOTE", b"long", length=2**32 - 1)
    note = f.chunks[-1]
    return read(f.cluster(group(1)), problems=[problem("damaged_chunk", note)])


@valid("Damage")
def cluster_of_3_gib_unfinished(f):
    """The last cluster says three blocks of 1 GiB, of which the file has none yet: the unfinished end."""
    f.describe([track(1)]).cluster(group(0))
    size = f.end
    f.cluster([key(1, b"", 20), delta(1, b"", 30), delta(1, b"", 40)], counted=False, change={"track 1 size": [2**30] * 3})
    chunk = f.chunks.pop()
    data = bytearray(f.bytes() + chunk.fields.bytes()[:-4])
    length, = struct.unpack_from("<I", data, size + 8)
    struct.pack_into("<I", data, size + 8, length + 3 * 2**30)
    return read(f, data, problems=[problem("missing_bytes", size)])


@invalid("Damage")
def heads_without_chunks(f):
    """200 heads of chunks, one behind the other, each of which says that it is longer than all that follow. None holds, and nobody may read them all for each of them."""
    f.describe([track(1)]).cluster(group(0))
    begin = f.end
    heads = b"".join(struct.pack("<4sII", tag, 0, 12 * (200 - i)) for i, tag in enumerate([b"META", b"NOTE", b"TSEK", b"ATTA"] * 50))
    f.chunk("FREE", bytes(len(heads) - 16))
    data = f.cluster(group(1)).bytes()
    return read(f, data[:begin] + heads + data[begin + len(heads):], problems=[problem("damaged_chunk", begin)])


@invalid("Page")
def page_spans_of_clusters_it_has_not(f):
    """A span in the cluster at position 2 of two."""
    f.describe([track(1)]).cluster(group(0)).cluster(group(1)).page(change={"track 1 cluster": [0, 2]})
    return read(f, problems=[problem("index_contradiction", f.pages[0])], index=WALK)


@invalid("Page")
def page_spans_not_rising(f):
    """Two spans of one track in one cluster."""
    f.describe([track(1)]).cluster(group(0)).cluster(group(1)).page(change={"track 1 cluster": [1, 1]})
    return read(f, problems=[problem("index_contradiction", f.pages[0])], index=WALK)


@invalid("Limits")
def page_of_too_many_spans(f):
    """A track has 2^40 spans in a page, in two bytes a column."""
    f.describe([track(1)]).cluster(group(0)).page(change={
        "track 1 spans": 2**40, "track 1 cluster": varint(0) + b"\x00\x02", "track 1 blocks": b"\x00\x02", "track 1 hidden": ZERO,
        "track 1 first_time": varint(0) + ZERO})
    return read(f, problems=[problem("index_contradiction", f.pages[0])], index=WALK)


@invalid("Page")
def page_of_too_many_blocks(f):
    """A page says of two tracks that they have more blocks together than their cluster has bytes."""
    f.describe([track(1), track(2)]).cluster(group(0) + group(0, 2))
    many = f.clusters[0].size * 2 // 3
    f.page(change={"track 1 blocks": [many], "track 2 blocks": [many]})
    return read(f, problems=[problem("index_contradiction", f.pages[0])], index=WALK)


@invalid("Page")
def page_keys_more_than_spans(f):
    """Two key spans where there is one span."""
    f.describe([track(1)]).cluster(group(0)).page(change={
        "track 1 keys": 2, "track 1 key_span": [0, 1], "track 1 key_delay": [0, 0], "track 1 key_range": [0, 0]})
    return read(f, problems=[problem("index_contradiction", f.pages[0])], index=WALK)


@invalid("Page")
def page_times_beyond_page(f):
    """times_size is more than what is left of the page."""
    f.describe([track(1)]).cluster(group(0)).page(change={"track 1 times_size": 100})
    return read(f, problems=[problem("index_contradiction", f.pages[0])], index=WALK)


@invalid("Page")
def page_track_twice(f):
    """A page lists a track twice."""
    f.describe([track(1), track(2)]).cluster(group(0) + group(0, 2)).page(change={"track 2 track_id": 1})
    return read(f, problems=[problem("index_contradiction", f.pages[0])], index=WALK)


@invalid("Page")
def page_cut(f):
    """A page that ends in the middle of its last totals; the chunk's CRC holds."""
    f.describe([track(1)]).cluster(group(0)).page(change={"track 1 totals end": b""})
    return read(f, problems=[problem("index_contradiction", f.pages[0])], index=WALK)


@invalid("Page")
def page_clusters_behind_itself(f):
    """A page lists two clusters, of which the second one would stand behind the page."""
    f.describe([track(1)]).cluster(group(0)).cluster(group(1)).page(change={"cluster distances": [10**5]})
    return read(f, problems=[problem("index_contradiction", f.pages[0])], index=WALK)


@invalid("Page")
def page_clusters_of_the_page_before(f):
    """The second page lists a cluster of the first one once more."""
    pages(f, 1)
    f.cluster(group(2))
    f.in_pages = 1
    f.page()
    return read(f, problems=[problem("index_contradiction", f.pages[1])], index={"from": "page", "pages": 1, "clusters": 2})


@invalid("Page")
def pages_that_name_each_other(f):
    """The first page names the second one as the page before it, and the second one the first."""
    f.describe([track(1)]).cluster(group(0))
    first = f.end
    f.page(change={"distance to previous page": -200}).cluster(group(1)).page(previous=first)
    return read(f, problems=[problem("index_contradiction", f.pages[0]), problem("index_contradiction", f.pages[1])], index=WALK)


@invalid("Limits")
def column_of_2_to_the_62_values(f):
    """block_count is 2^62, in columns of two bytes."""
    f.describe([track(1)]).cluster(group(0)).cluster([key(1, b"", 20)], counted=False, change={
        "block_count": 2**62, "track 1 flags": ZERO, "track 1 size": ZERO, "track 1 duration": ZERO, "track 1 dts": ZERO,
        "track 1 pts_minus_dts": ZERO})
    return read(f, problems=[problem("damaged_index", f.chunks[-1])])


@invalid("Limits")
def side_data_of_many_pieces(f):
    """A block says 2^40 pieces of side data."""
    f.describe([track(1)]).cluster(group(0)).cluster([key(1, b"", 20, side=(("x-a", b""),))], counted=False,
                                                     change={"side data 1/2": varint(2**40) + bytes(20)})
    return read(f, problems=[problem("damaged_index", f.chunks[-1])])


@invalid("Limits")
def stripes_of_sizes_that_are_not_there(f):
    """A block of 1 GiB in stripes of 4 KiB, whose 262,144 CRCs are not there either."""
    f.describe([track(1)]).cluster(group(0)).cluster([key(1, b"", 20)], counted=False, shift=12, change={"track 1 size": [2**30]})
    return read(f, problems=[problem("damaged_index", f.chunks[-1])])


@invalid("Cluster")
def index_of_two_bytes(f):
    """The index of a cluster ends behind block_count, and its CRC holds."""
    f.describe([track(1)]).cluster(group(0))
    index = b"\x01\x01"
    f.write("CORE", index + zlib.crc32(index, f.salt).to_bytes(4, "little"), flags=CLUSTER_FLAG)
    return read(f, problems=[problem("damaged_index", f.chunks[-1])])
