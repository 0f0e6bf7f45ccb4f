# SPDX-License-Identifier: MIT
"""Pages, tops, locators."""
from builder.expect import WALK, cut, flipped, problem, read, totals_of
from builder.model import DISCARD, delta, key, track

from . import invalid, valid

TWO = [track(1), track(2, codec="timed_id3")]


def group(i, track_id=1):
    """A key and a block behind it, from tick 20 × i on."""
    return [key(track_id, b"k%d" % i, 20 * i), delta(track_id, b"d%d" % i, 20 * i + 10)]


def pages(f, n=3, per_page=2, tracks=None, **more):
    """A file of n pages with so many clusters each, and what was written while it grew."""
    f.describe(tracks or [track(1)], {"title": "pages"})
    for i in range(n * per_page):
        f.cluster(group(i))
        if i % per_page == per_page - 1:
            f.page(**more)
    return f


@valid("Page")
def one_page(f):
    """Three clusters of two tracks in one page; seeks in both directions, frames, chains, blocks by number."""
    f.describe(TWO)
    for i in range(3):
        f.cluster(group(i) + [key(2, b"s%d" % i, 20 * i)])
    case = read(f.finish())
    blocks = [b for c in f.clusters for b in c.blocks]
    order = [[b.track, b.ordinal] for b in blocks]
    case.seek(1, 25, {"found": [1, 2], "begins": {"1": 2, "2": 1}, "order": order[3:]})
    case.seek(1, -5, {"found": [1, 0], "begins": {"1": 0, "2": 0}, "order": order})
    case.seek(1, 21, {"found": [1, 4], "begins": {"1": 4, "2": 2}, "order": order[6:]}, "--forward")
    case.seek(1, 41, None, "--forward")
    case.chain(1, 3, [2, 3]).chain(1, 6, None)
    return case.frames(1, [[10 * i, i] for i in range(6)]).block(1, 5, blocks[7]).block(2, 3, None)


@valid("Top")
def several_pages(f):
    """Three pages of two clusters, copied at the end, so that the index lies side by side."""
    case = read(pages(f).finish())
    order = [[1, i] for i in range(12)]
    case.seek(1, 79, {"found": [1, 6], "begins": {"1": 6}, "order": order[6:]}).chain(1, 11, [10, 11])
    return case.block(1, 7, f.clusters[3].blocks[1])


@valid("Top")
def several_pages_without_copies(f):
    """The top names the pages where they were written: copies are advice."""
    return read(pages(f).finish(copies=False))


@valid("Page")
def times_in_pages(f):
    """The times of all frames stand in the pages, rising within each span; blocks that are not shown are not among them."""
    f.describe([track(1)])
    f.cluster([key(1, b"a", 20, 0), delta(1, b"b", 0, 10, type="B"), delta(1, b"c", 10, 20, type="B"), delta(1, b"d", 15, 30, flags=DISCARD)])
    f.cluster([key(1, b"e", 50, 40), delta(1, b"f", 30, 50, type="B"), delta(1, b"g", None, None)]).page(times=True)
    f.cluster([key(1, b"h", 60)])
    return read(f.finish(times=True)).frames(1, [[0, 1], [10, 2], [20, 0], [30, 5], [50, 4], [60, 7]])


@valid("Page")
def page_without_spans_of_a_track(f):
    """Track 2 has no block, track 3 only in the second page."""
    f.describe(TWO + [track(3)]).cluster(group(0)).page().cluster(group(1) + [key(3, b"x", 20)])
    return read(f.finish()).seek(2, 0, None).seek(3, 0, {"found": [3, 0], "begins": {"1": 2, "2": None, "3": 0},
                                                         "order": [[3, 0], [1, 2], [1, 3]]})


@valid("Page")
def page_of_no_clusters(f):
    """A page that lists nothing stands between two others."""
    f.describe([track(1)]).cluster(group(0)).page().page().cluster(group(1))
    return read(f.finish())


@valid("Page")
def page_of_no_clusters_first(f):
    """The first page lists nothing: the first one that has clusters is the one that has to begin with the first cluster."""
    f.describe([track(1)]).page().cluster(group(0)).page().cluster(group(1))
    return read(f)


@valid("Page")
def page_unused_totals_bits(f):
    """Bits 6 and 7 of the flags of totals are unused: set, and ignored."""
    f.describe([track(1)]).cluster(group(0))
    return read(f.page(change={"track 1 totals flags": 0xC0 | 15}).finish())


@valid("What may change")
def bytes_behind_page_and_top(f):
    """A newer writer put something behind what this document defines in a page and in the top."""
    f.describe([track(1)]).cluster(group(0)).page(unused=b"newer").top(unused=b"newer too").locator().checksum()
    return read(f)


@valid("Index")
def tracks_added_later(f):
    """A second and a third track are added while the file is written. Earlier pages do not list them."""
    f.describe([track(1)]).cluster(group(0)).page()
    f.describe([track(1), track(7)]).cluster(group(1) + [key(7, b"new", 20)]).page()
    f.describe([track(1, name="named at last"), track(7), track(2)]).cluster([key(2, b"newest", 45)] + group(2))
    return read(f.finish()).seek(7, 0, {"found": [7, 0], "begins": {"1": 2, "2": 0, "7": 0},
                                        "order": [[7, 0], [1, 2], [1, 3], [2, 0], [1, 4], [1, 5]]})


@valid("Reading")
def growing_with_added_track(f):
    """No end yet: the last page counts, the cluster behind it is walked, and so is a track that was added behind the page."""
    f.describe([track(1)]).cluster(group(0)).page()
    f.describe([track(1), track(2)]).cluster(group(1) + [key(2, b"new", 20)])
    return read(f)


@valid("Reading")
def growing_without_page(f):
    """No end and no page yet: the clusters are walked from the front."""
    return read(f.describe([track(1)], {"title": "now"}).cluster(group(0)).cluster(group(1)))


@valid("Reading")
def growing_with_pages(f):
    """No end yet: the last page leads to the pages before it; a cluster behind it is walked."""
    pages(f).cluster(group(6))
    return read(f).seek(1, 45, {"found": [1, 4], "begins": {"1": 4}, "order": [[1, i] for i in range(4, 14)]})


@valid("Reading")
def growing_without_clusters(f):
    """TRAK and META, and nothing else yet."""
    return read(f.describe([track(1)], {"title": "soon"}))


@valid("Page")
def late_meta(f):
    """META comes behind the first cluster for the first time, then once more; the last one that a cluster or a page follows counts."""
    f.describe([track(1)]).cluster(group(0)).describe_meta({"title": "late"}).cluster(group(1))
    f.describe_meta({"title": "later"}).cluster(group(2))
    return read(f)


@valid("End of file")
def descriptions_at_the_end(f):
    """TRAK and META once more before the last page; the one in front is the older one."""
    f.describe([track(1)], {"title": "before"}).cluster(group(0)).describe([track(1, note="full")], {"title": "after"})
    return read(f.finish())


@valid("Index at the front")
def front_index(f):
    """Copies of the pages and the top stand behind the header: the file is closed by what the top says of its size."""
    return read(pages(f, 2).finish().front_index())


@valid("Index at the front")
def front_index_in_free(f):
    """A FREE chunk was left behind the header and filled with the index afterwards; what was not needed is still FREE."""
    f.write("FREE", bytes(300))
    return read(pages(f, 1).finish().front_index())


@valid("Index at the front")
def free_not_used(f):
    """The FREE chunk behind the header was left as it was, with bytes that mean nothing."""
    return read(pages(f.write("FREE", b"CORE" * 20), 1).finish())


@valid("Index at the front")
def front_index_cut(f):
    """A file with an index at the front was cut behind its third cluster: that top says another size, so the file has no end. The pages in front are
    copies and do not count."""
    pages(f, 2).finish().front_index()
    third = f.clusters[2]
    return cut(f, third.offset + third.size)


@valid("Index at the front")
def front_index_edited(f):
    """A file with an index at the front was edited: the top at the end is the newer one, that in front says another size."""
    pages(f, 2).finish().front_index().reopen().describe_meta({"title": "edited"}).top().locator().checksum()
    return read(f)


# ---- damage to the index

@invalid("Damage")
def top_damaged(f):
    """A bit of the top is flipped: all blocks are read, and the page before it serves as it does in a file without an end."""
    pages(f, 2).finish()
    return read(f, flipped(f.bytes(), f.last_top.at("page_count")), problems=[problem("damaged_chunk", f.last_top)],
                index={"from": "page", "pages": 2, "clusters": 4})


@invalid("Damage")
def page_damaged(f):
    """The only page of a closed file is damaged. All blocks are read."""
    f.describe([track(1)]).cluster(group(0)).cluster(group(1)).finish()
    page = f.pages[0]
    return read(f, flipped(f.bytes(), page.offset + 60), problems=[problem("damaged_chunk", page)])


@invalid("Damage")
def copy_of_page_damaged(f):
    """The copy of a page that the top names is damaged. All blocks are read."""
    pages(f, 2).finish()
    copy = f.pages[0].copies[0][0]
    return read(f, flipped(f.bytes(), copy + 60), problems=[problem("damaged_chunk", copy)])


@invalid("Damage")
def locator_damaged(f):
    """A bit of the locator is flipped: the file has no end."""
    pages(f, 1).finish()
    tail = f.chunks[-1]
    return read(f, flipped(f.bytes(), tail.at("distance to top")), closed=False, problems=[problem("damaged_chunk", tail)])


@invalid("Container checksum")
def container_checksum_wrong(f):
    """The container checksum is another one, though all chunks are whole."""
    pages(f, 1).finish().checksum("bad")
    return read(f, problems=[problem("container_checksum", len(f.bytes()) - 4)])


@invalid("Container checksum")
def clusters_exchanged(f):
    """Two clusters of the same size are exchanged: each is whole, and only the container checksum and the ordinals tell it."""
    pages(f, 1, 3).finish()
    a, b = f.clusters[0], f.clusters[1]
    data = bytearray(f.bytes())
    data[a.offset:a.offset + a.size], data[b.offset:b.offset + b.size] = (data[b.offset:b.offset + b.size],
                                                                          data[a.offset:a.offset + a.size])
    blocks = b.blocks + a.blocks + f.clusters[2].blocks
    return read(f, data, blocks=blocks, problems=[
        problem("ordinals", a.offset, track=1, expected=0, found=2), problem("ordinals", b.offset, track=1, expected=4, found=0),
        problem("ordinals", f.clusters[2], track=1, expected=2, found=4), problem("container_checksum", len(data) - 4),
        problem("index_contradiction", f.pages[0]), problem("index_contradiction", f.last_top)],
        pipe={"totals": totals_of(f.tracks, [b, a, f.clusters[2]])})


@invalid("Page")
def page_says_other_times(f):
    """The page's first_time is not that of the cluster: the CRC holds, so it is a page that lies."""
    f.describe([track(1)]).cluster(group(0)).cluster(group(1)).page(change={"track 1 first_time": [0, 25]}).finish()
    return read(f, problems=[problem("index_contradiction", f.pages[0])])


@invalid("Page")
def page_says_other_blocks(f):
    """The page says three blocks where the cluster has two."""
    f.describe([track(1)]).cluster(group(0)).cluster(group(1)).page(change={"track 1 blocks": [2, 3]}).finish()
    return read(f, problems=[problem("index_contradiction", f.pages[0])])


@invalid("Top")
def top_says_other_totals(f):
    """The top says another number of bytes and another end of the track; blocks are read as they are."""
    f.describe([track(1)]).cluster(group(0)).page()
    f.top(change={"track 1 totals bytes": 1000}).locator().checksum()
    case = read(f, problems=[problem("index_contradiction", f.last_top)])
    case.pipe["totals"] = case.expect["totals"]
    case.expect["totals"] = {"1": {**case.expect["totals"]["1"], "bytes": 1000}}
    return case


@invalid("Page")
def page_reserved_flag(f):
    """Bit 1 of a page's flags is reserved and set: the page cannot be used."""
    f.describe([track(1)]).cluster(group(0)).page(change={"flags": 2}).cluster(group(1))
    return read(f, problems=[problem("index_contradiction", f.pages[0])], index=WALK)


@invalid("Page")
def page_with_other_first_cluster(f):
    """The only page of a file without an end begins with the second cluster: it leads to another first one, and does not count."""
    f.describe([track(1)]).cluster(group(0)).cluster(group(1))
    f.in_pages = 1
    f.page()
    return read(f, problems=[problem("index_contradiction", f.pages[0])], index=WALK)


@invalid("Page")
def page_distance_out_of_file(f):
    """The distance to the page before leads before the file; another one leads behind its end."""
    pages(f, 1).cluster(group(2)).page(previous=None, change={"distance to previous page": 10**6})
    f.cluster(group(3)).page(change={"distance to previous page": -10**6})
    return read(f, problems=[problem("index_contradiction", p) for p in f.pages[1:]],
                index={"from": "page", "pages": 1, "clusters": 2})


@invalid("Page")
def page_before_itself(f):
    """The page before is the page itself: whoever follows it must not go round."""
    pages(f, 1).cluster(group(2)).page(change={"distance to previous page": -1})
    return read(f, problems=[problem("index_contradiction", f.pages[1])], index={"from": "page", "pages": 1, "clusters": 2})


@invalid("Limits")
def page_of_too_many_clusters(f):
    """cluster_count is 65,537."""
    f.describe([track(1)]).cluster(group(0)).page(change={"cluster_count": 65537, "cluster distances": b"\x00\x64"})
    return read(f, problems=[problem("index_contradiction", f.pages[0])], index=WALK)


@invalid("Limits")
def page_clusters_too_close(f):
    """The distance from a cluster to the next is 30: a cluster takes 31 bytes or more."""
    f.describe([track(1)]).cluster(group(0)).cluster(group(1)).page(change={"cluster distances": [30]})
    return read(f, problems=[problem("index_contradiction", f.pages[0])], index=WALK)


def with_top(f, n=3, **more):
    """Pages, then a top that breaks a rule."""
    pages(f, n).top(**more).locator().checksum()
    return read(f, problems=[problem("index_contradiction", f.last_top)], index={"from": "page", "pages": n, "clusters": 2 * n})


@invalid("Top")
def top_names_page_twice(f):
    """The top names one page 200 times, which holds two clusters each time."""
    pages(f, 1)
    page = f.listed_pages()[0]
    f.top(pages=[page] * 200).locator().checksum()
    return read(f, problems=[problem("index_contradiction", f.last_top)], index={"from": "page", "pages": 1, "clusters": 2})


@invalid("Limits")
def top_of_too_many_clusters(f):
    """A page has a million clusters, says the top: more than 1/31 of the file's bytes."""
    return with_top(f, change={"clusters of pages": [2, 2, 10**6]})


@invalid("Top")
def top_of_too_many_blocks(f):
    """The track has more blocks than the file has bytes, says the top."""
    return with_top(f, change={"track 1 totals blocks": 10**9, "track 1 blocks": [4, 4, 10**9 - 8]})


@invalid("Top")
def top_with_other_first_cluster(f):
    """The top says that the second cluster is the first one."""
    pages(f, 1)
    f.top(change={"distance to first cluster": f.end - f.clusters[1].offset}).locator().checksum()
    return read(f, problems=[problem("index_contradiction", f.last_top)], index={"from": "page", "pages": 1, "clusters": 2})


@invalid("Index at the front")
def front_top_with_other_first_cluster(f):
    """The top in front says that the file ends where it does, and that no cluster stands in it. That at the end is right, and serves."""
    pages(f, 1).finish().front_index(top_change={"distance to first cluster": 0})
    return read(f, problems=[problem("index_contradiction", f.chunks[1])])


@invalid("Top")
def top_without_first_cluster(f):
    """The top says that the file has no cluster, and names the page of two."""
    pages(f, 1)
    f.top(change={"distance to first cluster": 0}).locator().checksum()
    return read(f, problems=[problem("index_contradiction", f.last_top)], index={"from": "page", "pages": 1, "clusters": 2})


@invalid("Limits")
def top_of_too_many_pages(f):
    """2^40 pages, in two bytes for each column."""
    zero = b"\x7f"
    return with_top(f, 1, change={
        "page_count": 2**40, "distances to pages": b"\x50" + zero, "sizes of pages": zero, "clusters of pages": zero,
        "track 1 blocks": zero, "track 1 hidden": zero, "track 1 first_time": b"\x00" + zero, "track 1 keys": zero,
        "track 1 first key": b"\x00" + zero, "track 1 key range": zero, "track 1 unordered": zero})


@invalid("Top")
def top_without_trak(f):
    """The distance to TRAK is 0."""
    return with_top(f, 1, change={"distance to TRAK": 0})


@invalid("Top")
def top_distance_out_of_file(f):
    """The distance to TRAK leads behind the end of the file."""
    return with_top(f, 1, change={"distance to TRAK": -5000})


@invalid("Top")
def top_trak_is_no_trak(f):
    """The distance to TRAK leads to META."""
    pages(f, 1)
    f.top(change={"distance to TRAK": f.end - f.meta}).locator().checksum()
    return read(f, problems=[problem("index_contradiction", f.last_top)], index={"from": "page", "pages": 1, "clusters": 2})


@invalid("Locator")
def locator_leads_nowhere(f):
    """The locator holds by its CRC, and leads into the middle of a cluster."""
    pages(f, 1).top()
    f.locator(change={"distance to top": f.end - f.clusters[1].offset - 12}).checksum()
    return read(f, problems=[problem("index_contradiction", f.chunks[-1])], index={"from": "page", "pages": 1, "clusters": 2})


@invalid("Locator")
def locator_with_other_size(f):
    """The locator gives another size of the top than it has."""
    pages(f, 1).top()
    f.locator(change={"size of top": 2**31}).checksum()
    return read(f, problems=[problem("index_contradiction", f.chunks[-1])], index={"from": "page", "pages": 1, "clusters": 2})
