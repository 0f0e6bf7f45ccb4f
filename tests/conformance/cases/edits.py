# SPDX-License-Identifier: MIT
"""Files that were edited, continued, cut."""
from builder.expect import cut, problem, read, refused
from builder.model import key, track

from . import invalid, valid
from .index import group, pages


def edited(f, title="edited", tracks=None):
    """Newer descriptions behind a closed file, a new top, locator and checksum."""
    f.reopen()
    if tracks:
        f.describe(tracks)
    return f.describe_meta({"title": title}).top().locator().checksum()


@valid("Editing")
def edited_meta(f):
    """META was edited: a newer META, a top, a locator and a checksum behind the former locator."""
    return read(edited(pages(f, 2).finish()))


@valid("Editing")
def edited_twice(f):
    """TRAK and META were edited, then META once more."""
    return read(edited(edited(pages(f, 1).finish(), "once", [track(1, name="new", language="fra")]), "twice"))


def edit_interrupted(f, steps):
    """An edit that came as far as `steps`; what it wrote changes nothing. Returns the case."""
    pages(f, 1).finish()
    before = f.tracks, f.meta_value
    f.reopen().describe([track(1, name="never")], {"title": "never"})
    if steps >= 1:
        f.top()
    return read(f, tracks=before[0], meta=before[1], closed=False, pipe={"tracks": f.tracks, "meta": f.meta_value})


@valid("Editing")
def edit_interrupted_behind_descriptions(f):
    """An edit was interrupted behind the new TRAK and META: the file has no end, and is what it was."""
    return edit_interrupted(f, 0)


@valid("Editing")
def edit_interrupted_behind_top(f):
    """An edit was interrupted behind the new top: a top is neither a cluster nor a page, so the new descriptions do not count yet."""
    return edit_interrupted(f, 1)


@valid("Which description counts")
def edit_interrupted_first_meta(f):
    """An edit that gives a file its first META was interrupted: the file has none, as before."""
    f.describe([track(1)]).cluster(group(0)).finish().reopen().describe_meta({"title": "never"}).top()
    return read(f, meta=None, closed=False, pipe={"meta": f.meta_value})


@valid("Editing")
def edit_interrupted_in_locator(f):
    """An edit was interrupted within the new locator."""
    pages(f, 1).finish()
    before = f.meta_value
    edited(f, "never")
    tail = f.chunks[-1]
    return read(f, f.bytes()[:tail.offset + 20], meta=before, closed=False, problems=[problem("missing_bytes", tail)],
                pipe={"meta": f.meta_value})


@valid("Which description counts")
def edit_without_checksum(f):
    """An edit whose locator is there and whose checksum is not: the file has no end, but a locator follows the new META, which counts."""
    edited(pages(f, 1).finish())
    return read(f, f.bytes()[:-4], closed=False)


@valid("Editing")
def edit_undone(f):
    """An edit was taken back: cut behind the former locator, and the checksum written over what is left."""
    pages(f, 1).finish()
    before, chunks, top = f.meta_value, len(f.chunks), f.last_top
    edited(f, "forgotten")
    del f.chunks[chunks:]
    f.meta_value, f.last_top = before, top
    return read(f.checksum())


@valid("Editing")
def continued_and_growing(f):
    """A recording is continued behind the former locator, and has a cluster more so far."""
    pages(f, 1).finish().reopen().cluster(group(2))
    return read(f)


@valid("Editing")
def continued_with_page(f):
    """A recording is continued, with a page of its own, which leads to the page before the former end."""
    pages(f, 2).finish().reopen().cluster(group(4)).page().cluster(group(5))
    return read(f)


@valid("Editing")
def continued_and_closed(f):
    """A recording was continued and closed again, with copies of all pages but the last."""
    pages(f, 2).finish().reopen().cluster(group(4)).cluster(group(5))
    return read(f.finish())


@valid("Editing")
def continued_from_no_blocks(f):
    """A file that was closed before its first block, and continued: the first cluster stands behind the former locator."""
    return read(f.describe([track(1)]).page().top().locator().cluster(group(0)).page().cluster(group(1)).finish())


@valid("Editing")
def continued_from_no_blocks_and_growing(f):
    """The same without an end, and with a track more: the page leads to the first cluster."""
    f.describe([track(1)]).page().top().locator().describe([track(1), track(9)]).cluster(group(0) + [key(9, b"more", 0)])
    return read(f.page().cluster(group(1)), closed=False)


@valid("Editing")
def continued_from_no_blocks_without_page(f):
    """The same before there is a page."""
    f.describe([track(1)]).page().top().locator().describe([track(1), track(9)]).cluster(group(0) + [key(9, b"more", 0)])
    return read(f, closed=False)


@valid("Editing")
def continued_with_another_track(f):
    """A recording was continued with a track more, edited, and closed."""
    pages(f, 1).finish().reopen()
    f.describe([track(1), track(9)]).cluster(group(2) + [key(9, b"more", 40)])
    return read(edited(f.finish(), "continued"))


@valid("Reading")
def cut_behind_cluster(f):
    """Cut behind the third cluster: nothing is missing but the end."""
    pages(f, 2).finish()
    third = f.clusters[2]
    return cut(f, third.offset + third.size)


@valid("Damage")
def cut_in_index_of_cluster(f):
    """Cut within the index of the last cluster: it is the unfinished end, not damage."""
    pages(f, 2).finish()
    return cut(f, f.clusters[3].offset + 20)


@valid("Damage")
def cut_in_data(f):
    """Cut within the data of the last cluster, whose index is whole: it is the unfinished end, not damage."""
    pages(f, 2).finish()
    last = f.clusters[3]
    return cut(f, last.offset + last.size - 6)


@valid("Damage")
def cut_in_crc_of_cluster(f):
    """One byte of the last cluster's CRC is missing."""
    pages(f, 2).finish()
    last = f.clusters[3]
    return cut(f, last.offset + last.size - 1)


@valid("Damage")
def cut_in_head_of_chunk(f):
    """Seven bytes of a chunk are there: its tag and a part of its flags."""
    pages(f, 2).finish()
    return cut(f, f.clusters[3].offset + 7)


@valid("Reading")
def cut_in_page(f):
    """Cut within the second page: the first one counts, and the clusters behind it are walked."""
    pages(f, 2).finish()
    return cut(f, f.pages[1].offset + 30)


@valid("Reading")
def cut_behind_top(f):
    """Cut behind the top: what it says of the file's end is 36 bytes behind it. The pages are what they were."""
    pages(f, 2).finish()
    return cut(f, f.last_top.end)


@valid("Reading")
def cut_behind_locator(f):
    """Only the container checksum is missing: the file has no end."""
    pages(f, 2).finish()
    return cut(f, f.chunks[-1].end)


@valid("Reading")
def cut_in_checksum(f):
    """The last byte is missing."""
    pages(f, 2).finish()
    return cut(f, len(f.bytes()) - 1, problems=[problem("missing_bytes", f.chunks[-1].end)])


@invalid("File")
def cut_in_trak(f):
    """Cut within TRAK: there is nothing to read yet."""
    data = pages(f, 1).bytes()[:60]
    return refused(data, "truncated", 60)


@invalid("File")
def cut_in_header(f):
    """15 bytes."""
    return refused(f.bytes()[:15], "truncated", 15)


@invalid("File")
def header_only(f):
    """The header and nothing else."""
    return refused(f.bytes(), "truncated", 16)


@invalid("File")
def empty_file(f):
    """No byte."""
    return refused(b"", "not_h4mk", 0)


@invalid("File")
def other_magic(f):
    """It begins with H4MQ."""
    data = bytearray(pages(f, 1).finish().bytes())
    data[3] = ord("Q")
    return refused(data, "not_h4mk", 0)


@invalid("Reading")
def growing_and_damaged_at_the_front(f):
    """No end, and TRAK is damaged; the only page names it, and there is no other one."""
    pages(f, 1)
    data = bytearray(f.bytes())
    data[40] ^= 1
    return refused(data, "corrupt", 16)


@invalid("TRAK")
def later_trak_changes_compression(f):
    """The TRAK of an interrupted edit has an object as `compression`: what blocks depend on cannot change, so it is damaged. Were it whole, it would not count
    either: the clusters end before it."""
    pages(f, 1).finish()
    former = f.tracks
    f.reopen().describe([{**former[0], "compression": {}}])
    return read(f, tracks=former, closed=False, problems=[problem("damaged_chunk", f.chunks[-1])])
