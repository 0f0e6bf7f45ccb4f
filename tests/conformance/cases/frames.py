# SPDX-License-Identifier: MIT
"""Frames as they are shown: open groups of pictures, B pyramids, fields, equal times, clusters that overlap, seeking."""
from builder.expect import read
from builder.model import DISCARD, DISPOSABLE, Block, delta, key, track

from . import valid


def b(track_id, data, pts, dts, **more):
    return delta(track_id, data, pts, dts, type="B", **more)


@valid("Decode chain")
def open_gop(f):
    """Pictures of an open group stand behind the next key and are shown before it: their chains begin at the key before."""
    f.describe([track(1)])
    f.cluster([key(1, b"I0", 20, 0), b(1, b"B1", 10, 10), delta(1, b"P2", 40, 20), b(1, b"B3", 30, 30)])
    f.cluster([key(1, b"I4", 70, 40), b(1, b"B5", 50, 50), b(1, b"B6", 60, 60), delta(1, b"P7", 80, 70)])
    case = read(f.finish())
    case.frames(1, [[10, 1], [20, 0], [30, 3], [40, 2], [50, 5], [60, 6], [70, 4], [80, 7]])
    case.chain(1, 1, [0]).chain(1, 3, [0, 1, 2]).chain(1, 4, [0, 1, 2, 3, 4, 5]).chain(1, 5, [0, 1, 2, 3, 4, 5, 6])
    case.chain(1, 6, [4]).chain(1, 7, [4, 5, 6, 7])
    case.chain(1, 0, None)
    return case.seek(1, 60, {"found": [1, 0], "begins": {"1": 0}, "order": [[1, i] for i in range(8)]}).seek(
        1, 75, {"found": [1, 4], "begins": {"1": 4}, "order": [[1, i] for i in range(4, 8)]})


@valid("Decode chain")
def leading_pictures_at_the_start(f):
    """A file that begins within an open group: two pictures are shown before the first key and cannot be decoded."""
    f.describe([track(1)]).cluster([key(1, b"I", 30, 0), b(1, b"B", 10, 10), b(1, b"B", 20, 20), delta(1, b"P", 40, 30)])
    case = read(f.finish()).frames(1, [[10, 1], [20, 2], [30, 0], [40, 3]])
    return case.chain(1, 0, None).chain(1, 1, None).chain(1, 2, [0]).chain(1, 3, [0, 1, 2, 3])


@valid("Frames")
def b_pyramid(f):
    """Two levels of B pictures; the dts of the first block is below its pts by two frames."""
    f.describe([track(1)]).cluster([
        key(1, b"I", 0, -20), delta(1, b"P", 40, -10), b(1, b"B", 20, 0), b(1, b"b", 10, 10, flags=DISPOSABLE),
        b(1, b"b", 30, 20, flags=DISPOSABLE)]).cluster([delta(1, b"P", 80, 30), b(1, b"B", 60, 40), b(1, b"b", 50, 50), b(1, b"b", 70, 60)])
    case = read(f.finish(times=True)).frames(1, [[0, 0], [10, 3], [20, 2], [30, 4], [40, 1], [50, 7], [60, 6], [70, 8], [80, 5]])
    return case.chain(1, 1, [0, 1, 2, 3]).chain(1, 4, [0, 1]).chain(1, 8, [0, 1, 2, 3, 4, 5])


@valid("Frames")
def two_fields(f):
    """Two fields a picture: with a time each they are two frames; where the second has none, they are one."""
    f.describe([track(1)]).cluster([
        key(1, b"top", 0, 0), delta(1, b"bottom", 10, 10), delta(1, b"top", 20, 20), delta(1, b"bottom", None, None),
        delta(1, b"top", 40, 40), delta(1, b"bottom", None, None)])
    return read(f.finish()).frames(1, [[0, 0], [10, 1], [20, 2], [40, 4]]).chain(1, 3, [0, 1, 2, 3, 4])


@valid("Frames")
def equal_times(f):
    """Blocks with equal times keep the order of the file, within a cluster and over two of them; of equal seek points the last one is found."""
    f.describe([track(1)]).cluster([key(1, b"a", 10), key(1, b"b", 10), delta(1, b"c", 5)]).cluster([key(1, b"d", 10), delta(1, b"e", 20)])
    case = read(f.finish(times=True)).frames(1, [[5, 2], [10, 0], [10, 1], [10, 3], [20, 4]])
    case.chain(1, 1, [0]).chain(1, 2, [1]).chain(1, 3, [3]).chain(1, 4, [3, 4]).chain(1, 0, None)
    case.seek(1, 10, {"found": [1, 3], "begins": {"1": 3}, "order": [[1, 3], [1, 4]]})
    case.seek(1, 0, {"found": [1, 0], "begins": {"1": 0}, "order": [[1, i] for i in range(5)]})
    return case.seek(1, 1, {"found": [1, 0], "begins": {"1": 0}, "order": [[1, i] for i in range(5)]}, "--forward")


@valid("Page")
def overlapping_clusters(f):
    """The times of three clusters overlap; the third lies before both."""
    f.describe([track(1)]).cluster([key(1, b"a", 0), delta(1, b"b", 30), delta(1, b"c", 60)])
    f.cluster([delta(1, b"d", 10), delta(1, b"e", 45)]).page().cluster([key(1, b"f", -50), delta(1, b"g", 20)])
    case = read(f.finish()).frames(1, [[-50, 5], [0, 0], [10, 3], [20, 6], [30, 1], [45, 4], [60, 2]])
    return case.chain(1, 2, [0, 1, 2, 3]).chain(1, 3, [5, 6]).chain(1, 0, [5])


@valid("Seeking")
def seek_points_not_ordered(f):
    """Seek points whose times go back from cluster to cluster, over two pages: all entries that can hold the answer are looked at."""
    f.describe([track(1)])
    for i, time in enumerate((50, 10, 30, 70)):
        f.cluster([key(1, b"k%d" % i, time)])
        if i == 1:
            f.page()
    case = read(f.finish())
    for time, found in ((60, 0), (40, 2), (15, 1), (5, 1), (70, 3), (100, 3)):
        case.seek(1, time, {"found": [1, found], "begins": {"1": found}, "order": [[1, i] for i in range(found, 4)]})
    for time, found in ((5, 1), (20, 2), (31, 0), (70, 3)):
        case.seek(1, time, {"found": [1, found], "begins": {"1": found}, "order": [[1, i] for i in range(found, 4)]}, "--forward")
    return case


@valid("Seeking")
def seek_with_other_tracks(f):
    """Tracks of other time bases: one with a seek point before, one whose seek points are all later, one that has none and begins behind the
    target. The block that was asked for comes first."""
    f.describe([track(1), track(2, time_base="1/48000"), track(3), track(4, time_base="1/1")])
    f.cluster([delta(4, b"no key", 0, duration=1), key(1, b"k0", 0), key(2, b"s0", 0), delta(1, b"d", 10)])
    f.cluster([key(2, b"s1", 960), delta(4, b"no key", 0, duration=1), key(1, b"k1", 20), key(3, b"late", 25), delta(4, b"no key", 1)])
    f.cluster([key(1, b"k2", 40), key(2, b"s2", 1920)])
    case = read(f.finish())
    return case.seek(1, 30, {"found": [1, 2], "begins": {"1": 2, "2": 1, "3": 0, "4": 2},
                             "order": [[1, 2], [2, 1], [3, 0], [4, 2], [1, 3], [2, 2]]})


@valid("Frames")
def frames_hidden(f):
    """Blocks marked discard are no frames, and are seek points all the same; times and hidden blocks in two spans."""
    f.describe([track(1)]).cluster([key(1, b"hidden", -10, flags=DISCARD), delta(1, b"a", 0)])
    f.cluster([Block(1, b"all hidden", 10, 10, 10, flags=DISCARD)]).cluster([delta(1, b"b", 20)])
    case = read(f.finish(times=True)).frames(1, [[0, 1], [20, 3]]).chain(1, 1, [0, 1, 2, 3])
    return case.seek(1, 100, {"found": [1, 0], "begins": {"1": 0}, "order": [[1, 0], [1, 1], [1, 2], [1, 3]]})
