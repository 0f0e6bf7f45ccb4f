# SPDX-License-Identifier: MIT
"""Damage outside of blocks: descriptions, heads of chunks, bytes between chunks, the salt."""
from builder.expect import WALK, flipped, ids, problem, read, refused
from builder.model import track

from . import invalid
from .index import group, pages


@invalid("Which description counts")
def front_trak_damaged(f):
    """The TRAK in front is damaged; the top names the one at the end."""
    f.describe([track(1)], {"title": "x"}).cluster(group(0)).describe([track(1)], {"title": "x"}).finish()
    return read(f, flipped(f.bytes(), 50), problems=[problem("damaged_chunk", 16)], pipe=False)


@invalid("Which description counts")
def front_trak_damaged_while_growing(f):
    """The TRAK in front is damaged, and the file has no end: a good TRAK stands before the last page."""
    f.describe([track(1)], {"title": "x"}).cluster(group(0)).describe([track(1)]).page().cluster(group(1))
    return read(f, flipped(f.bytes(), 50), problems=[problem("damaged_chunk", 16)], pipe=False)


@invalid("Which description counts")
def last_trak_damaged(f):
    """The TRAK that the top names is damaged: the last whole one before it counts."""
    f.describe([track(1, note="in front")]).cluster(group(0))
    front = f.tracks
    f.describe([track(1, note="at the end")]).finish()
    return read(f, flipped(f.bytes(), f.trak + 50), tracks=front, problems=[problem("damaged_chunk", f.trak)])


@invalid("Which description counts")
def meta_damaged(f):
    """META is damaged and there is no other one."""
    f.describe([track(1)], {"title": "x"}).cluster(group(0)).finish()
    return read(f, flipped(f.bytes(), f.meta + 14), meta=None, problems=[problem("damaged_chunk", f.meta)])


@invalid("Damage")
def tag_damaged(f):
    """A bit of a cluster's tag is flipped: it is a chunk of an unknown tag with a bad CRC, and a whole chunk follows it."""
    pages(f, 1, 3).finish()
    bad = f.clusters[1]
    return read(f, flipped(f.bytes(), bad.offset, 1), lost=ids(bad.blocks), problems=[
        problem("damaged_chunk", bad), problem("ordinals", f.clusters[2], track=1, expected=2, found=4)])


@invalid("A page counts")
def first_cluster_tag_damaged(f):
    """A bit of the tag of the first cluster is flipped: the index leads to a place where no cluster is met. It may be used all the same."""
    pages(f, 1, 3).finish()
    bad = f.clusters[0]
    case = read(f, flipped(f.bytes(), bad.offset), lost=ids(bad.blocks), index=WALK, problems=[
        problem("damaged_chunk", bad), problem("ordinals", f.clusters[1], track=1, expected=0, found=2)])
    by_top = read(f).expect
    case.also = [{**case.expect, **{k: by_top[k] for k in ("index", "totals", "frames")}}]
    return case


@invalid("Damage")
def tag_not_printable(f):
    """A bit of a tag is flipped so that it is not printable: no chunk begins there, the next one is found by its tag."""
    pages(f, 1, 3).finish()
    bad = f.clusters[1]
    return read(f, flipped(f.bytes(), bad.offset + 1, 7), lost=ids(bad.blocks), problems=[
        problem("damaged_chunk", bad), problem("ordinals", f.clusters[2], track=1, expected=2, found=4)])


@invalid("Damage")
def length_of_meta_damaged(f):
    """A bit of META's length is flipped: nothing follows where it seems to end, so the next chunk that holds is looked for."""
    pages(f, 1).finish()
    return read(f, flipped(f.bytes(), f.meta + 8, 5), meta=None, problems=[problem("damaged_chunk", f.meta)])


@invalid("Damage")
def length_of_meta_beyond_file(f):
    """META seems to be 16 MiB long: more than the file, and more than what is looked through."""
    pages(f, 1).finish()
    return read(f, flipped(f.bytes(), f.meta + 11, 0), meta=None, problems=[problem("damaged_chunk", f.meta)])


@invalid("Damage")
def length_of_cluster_damaged(f):
    """A bit of a cluster's length is flipped: its sizes do not add up to it, and the next cluster is found."""
    pages(f, 1, 3).finish()
    bad = f.clusters[1]
    return read(f, flipped(f.bytes(), bad.offset + 8, 2), lost=ids(bad.blocks), problems=[
        problem("damaged_index", bad), problem("ordinals", f.clusters[2], track=1, expected=2, found=4)])


@invalid("Damage")
def length_of_cluster_beyond_file(f):
    """A cluster in the middle seems to be 1 GiB long. Its index holds, but its sizes do not add up to that: damage, not the unfinished end."""
    pages(f, 1, 3).finish()
    bad = f.clusters[1]
    return read(f, flipped(f.bytes(), bad.offset + 11, 6), lost=ids(bad.blocks), problems=[
        problem("damaged_index", bad), problem("ordinals", f.clusters[2], track=1, expected=2, found=4)])


@invalid("Damage")
def bytes_between_chunks(f):
    """20 bytes of zeros were put between two clusters of a file without an end."""
    f.describe([track(1)]).cluster(group(0))
    gap = f.end
    f.chunk("FREE", b"")
    blocks = f.cluster(group(1)).bytes()
    data = blocks[:gap] + bytes(20) + blocks[gap + 16:]
    return read(f, data, problems=[problem("damaged_chunk", gap)])


@invalid("Damage")
def bytes_behind_the_end(f):
    """Text was appended to a closed file: its last 36 bytes are no locator, so it has no end."""
    pages(f, 1).finish()
    end = f.chunks[-1].end
    return read(f, f.bytes() + b"appended by somebody else, who knows why\n", closed=False, problems=[problem("damaged_chunk", end)])


@invalid("A damaged salt")
def salt_damaged(f):
    """A bit of the salt is flipped. The first chunk gives the salt with which it holds, the second one holds with it too."""
    pages(f, 2).finish()
    case = read(f, flipped(f.bytes(), 9, 4), problems=[problem("damaged_salt", 8)])
    case.also = [{"outcome": "refused", "error": {"kind": "corrupt", "offset": 16}}]
    # The checksum is that over the header as it was.
    case.expect["problems"].append(problem("container_checksum", len(case.data) - 4))
    case.pipe = False
    return case


@invalid("A damaged salt")
def salt_and_trak_damaged(f):
    """The salt and TRAK are damaged: the salt that TRAK gives does not fit the second chunk."""
    pages(f, 1).finish()
    return refused(flipped(flipped(f.bytes(), 9, 4), 60), "corrupt", 16)


@invalid("TRAK")
def trak_changes_time_base(f):
    """A later TRAK changes the time base of a track that has blocks: it cannot be used."""
    f.describe([track(1)]).cluster(group(0))
    tracks = f.tracks
    f.describe([track(1, time_base="1/90000")]).cluster(group(1))
    return read(f, tracks=tracks, problems=[problem("damaged_chunk", f.trak)])


@invalid("TRAK")
def trak_changes_track_without_blocks(f):
    """A later TRAK changes the time base of a track that has no blocks yet: it cannot be used either."""
    f.describe([track(1), track(2)]).cluster(group(0))
    tracks = f.tracks
    f.describe([track(1), track(2, time_base="1/90000")]).cluster(group(1))
    return read(f, tracks=tracks, problems=[problem("damaged_chunk", f.trak)])


@invalid("TRAK")
def trak_drops_track(f):
    """A later TRAK has the second track only: it cannot be used."""
    f.describe([track(1), track(2)]).cluster(group(0) + group(0, 2))
    tracks = f.tracks
    trak = f.describe([track(2)]).trak
    f.tracks = tracks
    f.cluster(group(1))
    return read(f, tracks=tracks, problems=[problem("damaged_chunk", trak)])


@invalid("TRAK")
def trak_named_drops_track(f):
    """The TRAK that the top names lacks a track of the one before, which has no blocks. A reader may leave it to a check of the whole file."""
    f.describe([track(1), track(2)]).cluster(group(0))
    tracks = f.tracks
    f.describe([track(1)]).finish()
    case = read(f, tracks=tracks, problems=[problem("damaged_chunk", f.trak)], pipe=False)
    told = read(f, problems=case.expect["problems"]).expect
    case.also = [told, {**told, "problems": []}]
    return case


@invalid("Cluster")
def chunk_too_short_for_cluster(f):
    """A CORE with bit 30 and a payload of two bytes."""
    f.describe([track(1)]).cluster(group(0)).write("CORE", b"\x00\x00", flags=1 << 30)
    bad = f.chunks[-1]
    return read(f.cluster(group(1)), problems=[problem("damaged_index", bad)])
