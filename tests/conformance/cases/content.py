# SPDX-License-Identifier: MIT
"""Content never becomes structure: H4MK files inside of H4MK files, in attachments and in payloads."""
from builder.expect import WALK, flipped, ids, problem, read
from builder.file import File
from builder.model import delta, key, track

from . import invalid, valid
from .index import group

ATTACHED = track(2, kind="attachment", codec="bin_data", name="inner.h4mk")


def inner(salt=None):
    """A closed file that is attached, or is a block, of another one: blocks of track 1 as well, other descriptions."""
    f = File("the inner file", salt=salt).describe([track(1, name="inner", time_base="1/7")], {"title": "inner"})
    f.cluster([key(1, b"inner 0", 1000), delta(1, b"inner 1", 1010)]).page().cluster([key(1, b"inner 2", 1020)])
    return f.finish().bytes()


def attached(f, salt=None, front=b""):
    return f.describe([track(1), ATTACHED], {"title": "outer"}).attach(2, front + inner(salt))


@valid("Content never becomes structure")
def embedded_in_attachment(f):
    """A whole H4MK file is attached."""
    return read(attached(f).cluster(group(0)).finish())


@valid("Content never becomes structure")
def embedded_in_block(f):
    """A whole H4MK file is the data of a block, another one is its side data."""
    f.describe([track(1)]).cluster([key(1, inner(), 0, side=(("x-file", inner()),)), delta(1, b"next", 10)])
    return read(f.finish())


@valid("Content never becomes structure")
def embedded_growing(f):
    """A file with an attached one has no end and no page: the pages of the inner file are not those of the outer one."""
    return read(attached(f).cluster(group(0)))


@invalid("Content never becomes structure")
def embedded_cut_behind_inner(f):
    """The file is cut exactly behind the attached one: its last 36 bytes are the end of another file."""
    atta = attached(f).chunks[-1]
    return read(f, f.bytes()[:-4], attachments=[], problems=[problem("missing_bytes", atta)], index=WALK)


@invalid("Content never becomes structure")
def embedded_cut_in_block_same_salt(f):
    """A cluster is cut exactly behind the file that one of its blocks is, of the same salt: the inner locator stands at the end."""
    f.describe([track(1)], {"title": "outer"}).cluster(group(0)).cluster([key(1, inner(f.salt), 20), delta(1, b"", 30)])
    last = f.clusters[1]
    return read(f, f.bytes()[:-4], clusters=f.clusters[:1], problems=[problem("missing_bytes", last)])


@invalid("Content never becomes structure")
def embedded_attachment_flipped(f):
    """A bit within the attached file is flipped: the ATTA is damaged, and nothing is looked for inside it."""
    attached(f).cluster(group(0)).finish()
    atta = f.chunks[2]
    return read(f, flipped(f.bytes(), atta.offset + 60), attachments=[], problems=[problem("damaged_chunk", atta)])


@invalid("Content never becomes structure")
def embedded_attachment_flipped_same_salt(f):
    """The same with one salt: the length of the ATTA is right, so nothing is looked for inside it."""
    attached(f, f.salt).cluster(group(0)).finish()
    atta = f.chunks[2]
    return read(f, flipped(f.bytes(), atta.offset + 60), attachments=[], problems=[problem("damaged_chunk", atta)])


@invalid("Content never becomes structure")
def embedded_attachment_length_damaged(f):
    """A bit of the length of the ATTA is flipped, so that chunks are looked for inside of it: those of the inner file do not hold, since their CRCs start
    from another salt."""
    attached(f).cluster(group(0)).finish()
    atta = f.chunks[2]
    return read(f, flipped(f.bytes(), atta.offset + 8, 4), attachments=[], problems=[problem("damaged_chunk", atta)])


@invalid("Content never becomes structure")
def embedded_attachment_tag_damaged(f):
    """A byte of the ATTA's tag is not printable: chunks are looked for, and those of the inner file do not hold."""
    attached(f).cluster(group(0)).finish()
    atta = f.chunks[2]
    return read(f, flipped(f.bytes(), atta.offset, 7), attachments=[], problems=[problem("damaged_chunk", atta)])


@invalid("Content never becomes structure")
def embedded_block_index_damaged(f):
    """A block is a file of the same salt, and a bit in the index of its cluster is flipped: the length is right, nothing is looked for inside."""
    f.describe([track(1)]).cluster([key(1, inner(f.salt), 0)]).cluster([key(1, b"outer", 30)]).finish()
    bad = f.clusters[0]
    return read(f, flipped(f.bytes(), bad.offset + 15), lost=ids(bad.blocks), problems=[
        problem("damaged_index", bad), problem("ordinals", f.clusters[1], track=1, expected=0, found=1)])


@invalid("Content never becomes structure")
def embedded_page_of_same_salt(f):
    """The data of the last cluster is a page with a CRC that holds in this file, and the file was cut behind it: it stands inside an unfinished
    cluster, and is no page of the file."""
    f.describe([track(1)]).cluster(group(0)).cluster(group(1))
    fake = File("fake", salt=f.salt)
    fake.describe([track(1)]).cluster(group(5)).page()
    f.cluster([key(1, fake.bytes()[fake.pages[0].offset:], 40)])
    last = f.clusters.pop()
    return read(f, f.bytes()[:-4], problems=[problem("missing_bytes", last)], index=WALK)


@invalid("Damage")
def embedded_before_unfinished_end(f):
    """A NOTE that holds a cluster of the same salt is damaged, and the unfinished end follows it: its length is right, nothing is looked for inside it."""
    fake = File("fake", salt=f.salt)
    fake.describe([track(1)]).cluster(group(7))
    f.describe([track(1)]).cluster(group(0)).write("NOTE", b"xx" + fake.bytes()[fake.clusters[0].offset:])
    note = f.chunks[-1]
    f.cluster(group(1))
    unfinished = f.clusters.pop()
    return read(f, flipped(f.bytes()[:-5], note.offset + 12),
                problems=[problem("damaged_chunk", note), problem("missing_bytes", unfinished)])


@valid("Content never becomes structure")
def embedded_in_unknown_chunk(f):
    """Chunks of an unknown tag, FREE and NOTE hold whole clusters and descriptions of the same salt, with ordinals that would go on."""
    fake = File("fake", salt=f.salt)
    fake.describe([track(1, name="fake")], {"title": "fake"}).ordinals[1] = 2
    fake.cluster(group(7))
    f.describe([track(1)], {"title": "outer"}).cluster(group(0))
    for tag in ("x-in", "FREE", "NOTE"):
        f.write(tag, fake.bytes()[16:])
    return read(f.cluster(group(1)).finish())
