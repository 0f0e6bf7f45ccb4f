# SPDX-License-Identifier: MIT
"""Blocks in clusters: order, sizes, flags, times, stripes, side data."""
from builder.expect import flipped, ids, problem, read
from builder.fields import column, varint
from builder.model import CORRUPT, DISCARD, DISPOSABLE, KEY, Block, delta, key, track

from . import invalid, valid

TWO = [track(1), track(2, codec="timed_id3")]


def film(n=6):
    """Blocks of two tracks, interleaved."""
    out = []
    for i in range(n):
        out.append(key(1, b"v%d" % i * (3 - i % 2), 40 * i, duration=40) if i == 0 else delta(1, b"v%d" % i, 40 * i, duration=40))
        out += [key(2, b"a%d" % i, 40 * i + k, duration=20) for k in (0, 20)]
    return out


def spoiled(f, blocks, change, **more):
    """Two clusters of two tracks; of the second nothing may be used."""
    f.describe(TWO).cluster([key(1, b"good", -40), key(2, b"good", -40)])
    f.cluster(blocks, change=change, **more)
    bad = f.clusters[1]
    return read(f.finish(), lost=ids(bad.blocks), problems=[problem("damaged_index", bad)])


# ---- order and sizes

@valid("Cluster")
def two_tracks(f):
    """Two tracks interleaved in one cluster: blocks come in the order of the column `order`, not in that of their data."""
    return read(f.describe(TWO, {"title": "two"}).cluster(film()).finish())


@valid("Cluster")
def track_list_in_other_order(f):
    """The list of tracks in a cluster begins with one whose blocks come later; the data lies in that order."""
    return read(f.describe(TWO).cluster(film(3), tracks=[2, 1]).finish())


@valid("TRAK")
def track_ids_at_their_limits(f):
    """Tracks 65535 and 0, in this order."""
    f.describe([track(65535), track(0)]).cluster([key(65535, b"x", 0), key(0, b"y", 0), key(65535, b"z", 10)])
    return read(f.finish())


@valid("Cluster")
def empty_blocks(f):
    """Blocks without a byte, between others and alone in a cluster without data."""
    f.describe([track(1)]).cluster([key(1, b"", 0), delta(1, b"x", 10), delta(1, b"", 20)]).cluster([key(1, b"", 30)])
    return read(f.finish())


@valid("Cluster")
def many_empty_blocks(f):
    """As many blocks as the payload has bytes: the most that a cluster may say."""
    f.describe([track(1)]).cluster([key(1, b"", 10 * i) for i in range(18)])
    assert f.chunks[-1].size - 16 == 18
    return read(f.finish())


@valid("Cluster")
def bytes_behind_index(f):
    """A newer writer put something behind what this document defines in the index of a cluster."""
    return read(f.describe([track(1)]).cluster([key(1, b"x", 0)], unused=b"newer").finish())


@valid("File")
def without_blocks(f):
    """A closed file with a track and no cluster: its page and its top list none."""
    return read(f.describe([track(1)], {}).finish())


@valid("Cluster")
def ordinals_jump(f):
    """Blocks 1 and 2 of a track were never stored: the ordinals show it. What is there is read, and the gap is told."""
    f.describe([track(1)]).cluster([key(1, b"x", 0)]).cluster([key(1, b"y", 30, ordinal=3)])
    return read(f.finish(), problems=[problem("ordinals", f.clusters[1], track=1, expected=1, found=3)])


@invalid("Cluster")
def no_blocks_in_cluster(f):
    """block_count is 0."""
    return spoiled(f, [key(1, b"x", 0)], {"block_count": 0})


@invalid("Limits")
def more_blocks_than_bytes(f):
    """65,535 empty blocks in a payload of a few bytes: refused before any memory is taken."""
    f.describe([track(1)]).cluster([key(1, b"good", 0)])
    good = f.clusters[0].blocks
    zero = b"\x7f"
    f.cluster([key(1, b"", 10)], counted=False, change={
        "block_count": 65535, "track 1 flags": zero, "track 1 size": zero, "track 1 duration": zero, "track 1 dts": zero,
        "track 1 pts_minus_dts": zero})
    bad = f.chunks[-1]
    assert bad.size <= 42
    return read(f, problems=[problem("damaged_index", bad)])


@invalid("Limits")
def blocks_65536(f):
    """block_count is 65536, and the payload has as many bytes."""
    zero = b"\x7f"
    f.describe([track(1)]).cluster([key(1, b"good", 0)])
    f.cluster([key(1, b"", 10)], counted=False, unused=bytes(65536), change={
        "block_count": 65536, "track 1 flags": zero, "track 1 size": zero, "track 1 duration": zero, "track 1 dts": zero,
        "track 1 pts_minus_dts": zero})
    return read(f, problems=[problem("damaged_index", f.chunks[-1])])


@invalid("Cluster")
def more_tracks_than_blocks(f):
    """track_count is more than block_count."""
    return spoiled(f, [key(1, b"x", 0)], {"track_count": 2})


@invalid("Block flags")
def flags_of_33_bits(f):
    """A block has a flag beyond the 32 bits of the column."""
    return spoiled(f, [key(1, b"x", 0), Block(1, b"y", 10, 10, 10, "P", 1 << 32)], {})


@invalid("Cluster")
def track_twice_in_cluster(f):
    """The list of tracks names one twice."""
    return spoiled(f, film(2), {"track 2 track_id": 1})


@invalid("Cluster")
def unknown_track_twice_in_cluster(f):
    """The list of tracks names a track twice that TRAK does not have."""
    return spoiled(f, film(2) + [key(3, b"x", 90), key(4, b"y", 90)], {"track 4 track_id": 3})


@invalid("Cluster")
def counts_do_not_add_up(f):
    """The counts of the tracks are together one more than block_count."""
    return spoiled(f, film(2), {"track 2 count": 5})


@invalid("Cluster")
def count_of_0(f):
    """A track is listed with 0 blocks."""
    blocks = film(2)
    n = len(blocks)
    return spoiled(f, blocks, {"track 1 count": 0, "track 2 count": n, "order": column([1] * n)})


@invalid("Cluster")
def order_of_unlisted_track(f):
    """The order names position 2 in a list of two tracks."""
    return spoiled(f, film(2), {"order": [0, 1, 1, 2, 1, 1]})


@invalid("Cluster")
def order_contradicts_counts(f):
    """The order has three blocks of the first track, its count says two."""
    return spoiled(f, film(2), {"order": [0, 1, 1, 0, 0, 1]})


@invalid("Cluster")
def sizes_exceed_data(f):
    """The sizes add up to one byte more than the data."""
    return spoiled(f, film(2), {"track 1 size": [7, 2]})


@invalid("Cluster")
def sizes_below_data(f):
    """The sizes add up to one byte less than the data."""
    return spoiled(f, film(2), {"track 1 size": [5, 2]})


@invalid("Cluster")
def size_beyond_1_gib(f):
    """Sizes of 2^30 + 1 and -2^30 + 7, which add up to what is there."""
    return spoiled(f, film(2), {"track 1 size": [2**30 + 1, 7 - 2**30]})


@invalid("Cluster")
def ordinal_too_large(f):
    """An ordinal of 2^63 - 1: it must be at most 2^63 - 1 - count."""
    return spoiled(f, [key(1, b"x", 0, ordinal=2**63 - 1)], {})


@invalid("Cluster")
def ordinal_2_to_the_63(f):
    """An ordinal of 2^63."""
    return spoiled(f, [key(1, b"x", 0, ordinal=2**63)], {})


@valid("Cluster")
def ordinal_at_its_limit(f):
    """The largest ordinal that there may be. Nothing may count up to it."""
    f.describe([track(1)]).cluster([key(1, b"x", 0)]).cluster([key(1, b"y", 10, ordinal=2**63 - 2)])
    last = f.clusters[1].blocks[0]
    return read(f.finish(), problems=[problem("ordinals", f.clusters[1], track=1, expected=1, found=2**63 - 2)]
                ).block(1, 2**63 - 2, last).block(1, 2**62, None)


@invalid("Cluster")
def form_reserved_bits(f):
    """Bit 6 of `form` is set."""
    return spoiled(f, [key(1, b"x", 0)], {"form": 0x40})


@invalid("Cluster")
def stripes_of_2_kib(f):
    """stripe_shift is 11: stripes are of 2^12 bytes or more."""
    return spoiled(f, [key(1, b"x", 0)], {"form": 11})


@invalid("Limits")
def index_size_too_large(f):
    """index_size says 128 MiB and one byte, in a file of a few hundred bytes."""
    return spoiled(f, [key(1, b"x", 0)], {"index_size": 2**27 + 1})


@invalid("Cluster")
def index_size_beyond_payload(f):
    """index_size is a byte larger than what the payload has room for."""
    return spoiled(f, [key(1, b"x", 0)], {"index_size": 40})


@invalid("TRAK")
def unknown_track(f):
    """A cluster has blocks of track 2, which TRAK does not have: they are left out, those of track 1 are read."""
    f.describe([track(1)]).cluster([key(1, b"x", 0), key(2, b"y", 0), delta(1, b"z", 10)])
    return read(f.finish(), lost=[[2, 0]], problems=[problem("unknown_track", f.clusters[0], track=2)])


@invalid("Cluster")
def track_id_beyond_its_range(f):
    """A cluster has a block of track 70000, which no TRAK can have: it is left out, the others are read."""
    f.describe([track(1)]).cluster([key(1, b"x", 0), key(70000, b"y", 0), delta(1, b"z", 10)])
    return read(f.finish(), lost=[[70000, 0]], problems=[problem("unknown_track", f.clusters[0], track=70000)])


@invalid("Cluster")
def ordinals_fall(f):
    """Blocks 9 and 3 of a track stand in this order, which no writer may do. All are read."""
    f.describe([track(1)]).cluster([key(1, b"one", 0)]).cluster([key(1, b"nine", 40, ordinal=9)]).cluster([key(1, b"three", 60, ordinal=3)])
    return read(f.finish(), problems=[problem("ordinals", f.clusters[1], track=1, expected=1, found=9),
                                      problem("ordinals", f.clusters[2], track=1, expected=10, found=3)])


# ---- flags and times

@valid("Block flags")
def block_flags(f):
    """Every flag and type of a block; type 3 is read as P."""
    f.describe([track(1)]).cluster([
        key(1, b"I", 0), delta(1, b"P", 10), delta(1, b"B", 20, type="B", flags=DISPOSABLE), delta(1, b"3", 30, type="P3"),
        delta(1, b"hidden", 40, flags=DISCARD), delta(1, b"bad", 50, flags=CORRUPT), key(1, b"all", 60, type="B",
                                                                                      flags=DISCARD | CORRUPT | DISPOSABLE)])
    return read(f.finish()).frames(1, [[0, 0], [10, 1], [20, 2], [30, 3], [50, 5]])


@valid("Times")
def times_unknown(f):
    """Blocks without pts, without dts, without both; the first block has no dts."""
    f.describe([track(1)]).cluster([
        key(1, b"a", 100, None), delta(1, b"b", None, 110), delta(1, b"c", None, None), delta(1, b"d", 130, None),
        delta(1, b"e", 150, 140)]).cluster([key(1, b"f", None, None)]).cluster([key(1, b"g", None, None), delta(1, b"h", 200)])
    return read(f.finish()).frames(1, [[100, 0], [110, 1], [130, 3], [150, 4], [200, 7]])


@valid("Times")
def times_negative(f):
    """Times below 0, and a negative duration, which counts as 0 for the end."""
    f.describe([track(1)]).cluster([key(1, b"a", -30, -50), delta(1, b"b", -20, -40), delta(1, b"c", -5, -30, duration=-100)])
    return read(f.finish())


@valid("Times")
def times_huge(f):
    """The largest and the smallest times that there are; the end of the last block stays at 2^63 - 1."""
    f.describe([track(1)]).cluster([key(1, b"a", 1 - 2**63, duration=1), delta(1, b"b", 0, duration=2**62),
                                    delta(1, b"c", 2**63 - 1, duration=2**62)])
    return read(f.finish())


@valid("Conventions")
def time_of_minus_2_to_the_63(f):
    """pts and dts come out as -2^63, which is no time, though no flag says so."""
    f.describe([track(1)])
    block = Block(1, b"x", 0, 0, 0, "I", KEY)
    f.cluster([block], change={"track 1 dts_base": -2**63})
    block.pts = block.dts = None
    return read(f.finish())


@valid("Times")
def times_vary(f):
    """A frame rate that changes from block to block."""
    durations = [33, 34, 33, 200, 1, 40, 41, 42]
    blocks = [key(1, b"x", 0, duration=33)]
    for a, b in zip(durations, durations[1:]):
        blocks.append(delta(1, b"y", blocks[-1].pts + a, duration=b))
    return read(f.describe([track(1)]).cluster(blocks).finish(times=True))


# ---- damage and stripes

@invalid("Damage")
def index_crc_wrong(f):
    """The CRC of a cluster's index does not hold: nothing of the cluster is handed out, the next one is read."""
    f.describe([track(1)]).cluster([key(1, b"a", 0)]).cluster([key(1, b"b", 10), delta(1, b"bb", 20)]).cluster([key(1, b"c", 30)])
    f.finish()
    bad = f.clusters[1]
    chunk = next(c for c in f.chunks if c.offset == bad.offset)
    return read(f, flipped(f.bytes(), chunk.at("index track 1 dts_base"), 3), lost=ids(bad.blocks),
                problems=[problem("damaged_index", bad),
                          problem("ordinals", f.clusters[2], track=1, expected=1, found=3)])


@invalid("Damage")
def data_damaged(f):
    """A bit of a block is flipped in a cluster without stripes: the CRC of the chunk decides, and costs all blocks with data."""
    f.describe([track(1)]).cluster([key(1, b"a", 0)]).cluster([key(1, b"bb", 10), delta(1, b"bbb", 20)]).cluster([key(1, b"c", 30)])
    f.finish()
    bad = f.clusters[1]
    chunk = next(c for c in f.chunks if c.offset == bad.offset)
    return read(f, flipped(f.bytes(), chunk.at("data") + 3), lost=ids(bad.blocks),
                problems=[problem("damaged_data", bad, blocks=ids(bad.blocks))])


def striped(f):
    """Three stripes of 4 KiB, the last one shorter; blocks within a stripe, over two of them, and without bytes."""
    f.describe([track(1)]).cluster([key(1, b"A" * 4000, 0), delta(1, b"B" * 200, 10), delta(1, b"", 20), delta(1, b"C" * 3000, 30),
                                    delta(1, b"D" * 2000, 40)], shift=12).cluster([key(1, b"E", 50)], shift=30)
    return f.finish()


@valid("Stripes")
def stripes(f):
    """Stripes of 4 KiB of which the last is shorter; one stripe of at most 1 GiB around one byte."""
    return read(striped(f))


@valid("Stripes")
def stripes_good_chunk_crc_wrong(f):
    """All stripes hold but the chunk's CRC does not: all blocks are good."""
    f.describe([track(1)]).cluster([key(1, b"A" * 30, 0), delta(1, b"B" * 20, 10)], shift=12, crc="bad").cluster([key(1, b"E", 50)])
    return read(f.finish(), problems=[problem("cluster_checksum", f.clusters[0])])


@invalid("Stripes")
def stripe_damaged(f):
    """The first of three stripes is damaged: it costs the blocks that touch it, the others are good."""
    striped(f)
    bad = f.clusters[0]
    chunk = next(c for c in f.chunks if c.offset == bad.offset)
    lost = [[1, 0], [1, 1]]
    return read(f, flipped(f.bytes(), chunk.at("data") + 17), lost=lost, problems=[problem("damaged_data", bad, blocks=lost)])


@invalid("Stripes")
def last_stripe_damaged(f):
    """The last stripe is damaged: of the five blocks it costs the last one."""
    striped(f)
    bad = f.clusters[0]
    chunk = next(c for c in f.chunks if c.offset == bad.offset)
    return read(f, flipped(f.bytes(), chunk.at("crc") - 1), lost=[[1, 4]], problems=[problem("damaged_data", bad, blocks=[[1, 4]])])


@invalid("Stripes")
def stripe_crc_wrong_chunk_crc_right(f):
    """A stripe's CRC is wrong though the chunk's CRC holds: its blocks are not good."""
    f.describe([track(1)]).cluster([key(1, b"A" * 30, 0), delta(1, b"B" * 20, 10)], shift=12, change={"stripe 0": 0})
    return read(f.finish(), lost=[[1, 0], [1, 1]], problems=[problem("damaged_data", f.clusters[0], blocks=[[1, 0], [1, 1]])])


# ---- side data

A = (("palette", b"\x01\x02"),)


@valid("Side data")
def side_data(f):
    """Blocks with one and with several pieces of side data, empty ones, one name twice, and none."""
    f.describe([track(1)]).cluster([key(1, b"a", 0, side=A), delta(1, b"b", 10),
                                    delta(1, b"c", 20, side=(("palette", b""), ("x-own", b"own" * 20), ("palette", b"again")))])
    return read(f.finish())


@valid("Side data")
def side_data_repeated(f):
    """A count of 0 repeats what the block of the same track before had, not what the block before in the cluster had."""
    other = (("skip_samples", b"\x10"),)
    f.describe(TWO).cluster([key(1, b"a", 0, side=A), key(2, b"b", 0, side=other), delta(1, b"c", 10, side=A, repeats=True),
                             delta(1, b"d", 20), key(2, b"e", 20, side=other, repeats=True),
                             delta(1, b"f", 30, side=A, repeats=True)], tracks=[2, 1])
    return read(f.finish())


@valid("Side data")
def side_data_many_names(f):
    """200 names, of which two are used; a name of 255 bytes; positions that take two bytes."""
    names = ["n%d" % i for i in range(199)] + ["é" * 127 + "x"]
    packed = varint(200) + b"".join(varint(len(n.encode())) + n.encode() for n in names)
    side = (("n1", b"one"), (names[199], b"long"))
    f.describe([track(1)]).cluster([key(1, b"a", 0, side=side)], change={
        "side names": packed, "side data 1/0": varint(2) + varint(1) + varint(3) + b"one" + varint(199) + varint(4) + b"long"})
    return read(f.finish())


@invalid("Side data")
def side_data_repeats_nothing(f):
    """A count of 0 where the track has no side data before in this cluster, though it has in the cluster before."""
    f.describe([track(1)]).cluster([key(1, b"a", 0, side=A)]).cluster([key(1, b"b", 10, side=A, repeats=True)])
    bad = f.clusters[1]
    return read(f.finish(), lost=ids(bad.blocks), problems=[problem("damaged_index", bad)])


@invalid("Side data")
def side_data_name_unknown(f):
    """Side data with the name at position 1 of a list of one."""
    return spoiled(f, [key(1, b"a", 0, side=A)], {"side data 1/1": varint(1) + varint(1) + varint(2) + b"xx"})


@invalid("Side data")
def side_data_name_empty(f):
    """A name of 0 bytes."""
    return spoiled(f, [key(1, b"a", 0, side=A)], {"side names": varint(1) + varint(0)})


@invalid("Side data")
def side_data_beyond_index(f):
    """A piece of side data is longer than what is left of the index."""
    return spoiled(f, [key(1, b"a", 0, side=A)], {"side data 1/1": varint(1) + varint(0) + varint(200) + b"xx"})


@invalid("Limits")
def side_data_repeated_too_often(f):
    """A piece of 600 bytes repeated by 200 blocks: more than 32 times the length of the payload."""
    side = (("x-large", b"L" * 600),)
    blocks = [key(1, b"", 0, side=side)] + [delta(1, b"", 10 * i, side=side, repeats=True) for i in range(1, 200)]
    assert 600 * 199 > 32 * (len(f.describe([track(1)]).cluster(blocks, counted=False).chunks[-1].fields.bytes()) - 16)
    return read(f, blocks=[], problems=[problem("damaged_index", f.chunks[-1])])


@invalid("Limits")
def side_data_without_bytes_repeated_too_often(f):
    """200 pieces of side data without a byte, repeated by 100 blocks: each counts as a byte."""
    side = (("x-nothing", b""),) * 200
    f.describe([track(1)]).cluster([key(1, b"", 0, side=side)]
                                   + [delta(1, b"", 10 * i, side=side, repeats=True) for i in range(1, 101)], counted=False)
    assert 100 * 200 > 32 * (f.chunks[-1].size - 16)
    return read(f, problems=[problem("damaged_index", f.chunks[-1])])


@valid("Limits")
def side_data_repeated_often(f):
    """The same with 30 blocks, which is allowed."""
    side = (("x-large", b"L" * 600),)
    f.describe([track(1)]).cluster([key(1, b"", 0, side=side)]
                                   + [delta(1, b"", 10 * i, side=side, repeats=True) for i in range(1, 30)])
    return read(f.finish())
