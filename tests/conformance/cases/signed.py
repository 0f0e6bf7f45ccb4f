# SPDX-License-Identifier: MIT
"""Signed files, whole and attacked: for readers that have the public key and for those that have not."""
import dataclasses

from builder.expect import problem, read, said_of
from builder import index
from builder.file import File
from builder.model import delta, key, track
from builder.signing import Signing

from . import invalid, valid

TRACKS = [track(1), track(2, codec="timed_id3")]
META = {"title": "signed", "x-number": 7}
GROUPS = [[key(1, b"picture " * 2100, 0), key(2, b"sound 0", 0), delta(1, b"second", 10)],
          [key(1, b"third", 20), key(2, b"sound 1", 20), delta(1, b"fourth", 30)]]


def groups():
    return [[dataclasses.replace(b) for b in group] for group in GROUPS]


def begun(f):
    """Descriptions and two clusters, a checkpoint behind each."""
    signing = Signing(f.name)
    f.describe(TRACKS, META)
    for group in groups():
        f.cluster(group)
        signing.checkpoint(f)
    return f, signing


def signed_file(f):
    """The same with a third cluster, and closed."""
    f, signing = begun(f)
    f.cluster([key(1, b"last", 40)])
    return signing.finish(f), signing


def blocks_of(f, *numbers):
    return [said_of(b) for n in numbers for b in f.clusters[n].blocks]


@valid("Signed files")
def signed(f):
    """Three checkpoints, the last one final. With the key the file is good."""
    f, signing = signed_file(f)
    return signing.read_by(read(f))


@valid("Signed files")
def signed_growing(f):
    """A file that is still being written: what stands behind the last checkpoint is not signed yet, and is not used."""
    f, signing = begun(f)
    f.cluster([key(1, b"not signed yet", 40)])
    return signing.read_by(read(f), verdict="not good", blocks=blocks_of(f, 0, 1))


@valid("Signed files")
def signed_front_index(f):
    """The index was put in front after the file was signed: no byte of it is signed as a chunk, but what it says is."""
    f, signing = signed_file(f)
    return signing.read_by(read(f.front_index()))


@valid("Signed files")
def signed_by_another(f):
    """With another key than that of the reader."""
    f, _ = signed_file(f)
    return Signing("somebody else").refused_by(read(f), "key")


@valid("Signed files")
def not_signed(f):
    """Not signed at all, and a reader that wants it to be."""
    f.describe(TRACKS, META).cluster(groups()[0]).finish()
    return Signing(f.name).refused_by(read(f), "key")


@valid("Signed files")
def signed_and_edited(f):
    """The title was edited by somebody without the key: a reader with the public key tells it, and the file is not as it was signed."""
    f, signing = signed_file(f)
    f.reopen().describe_meta({**META, "title": "edited"}).top().locator().checksum()
    return signing.read_by(read(f), verdict="not good", problems=[problem("unsigned_edit", f.meta)])


def zeros(chunks):
    """What must be said of chunks at the end that nobody signed."""
    return [problem("damaged_chunk", chunks[0])] + [problem("not_signed", c) for c in chunks]


def spoil(f, number):
    """Writes a cluster again, with the blocks that it has now and with right CRCs, where it stands."""
    place = next(i for i, c in enumerate(f.chunks) if c.offset == f.clusters[number].offset)
    fresh = File(f.name)
    fresh.cluster(f.clusters[number].blocks)
    assert fresh.chunks[0].size == f.chunks[place].size
    f.chunks[place] = dataclasses.replace(fresh.chunks[0], offset=f.chunks[place].offset)
    f.checksum()


@invalid("Signed files")
def signed_data_changed(f):
    """A block was exchanged for another one of the same size, and all checksums were made to fit."""
    f, signing = signed_file(f)
    f.clusters[1].blocks[0].data = b"THIRD"
    spoil(f, 1)
    where = f.clusters[1]
    return signing.read_by(read(f), verdict="not good", blocks=blocks_of(f, 0, 2),
                           problems=[problem("damaged_chunk", where), problem("not_as_signed", where),
                                     problem("ordinals", f.clusters[2], track=1, expected=2, found=4)])


@invalid("Signed files")
def signed_note_in_free_space(f):
    """An attachment was hidden where nothing is signed: behind the final checkpoint, in a chunk of its own."""
    f, signing = signed_file(f)
    f.reopen()
    note = f.chunk("NOTE", b"believe me")
    f.top().locator().checksum()
    return signing.read_by(read(f), verdict="not good", problems=[problem("not_signed", note), problem("damaged_chunk", note)])


@invalid("Signed files")
def signed_and_described_otherwise(f):
    """An edit says that a track has another codec: for who verifies nothing of it holds."""
    f, signing = signed_file(f)
    f.reopen()
    former, before = f.tracks, len(f.chunks)
    f.describe([{**TRACKS[0], "codec": "timed_id3"}, TRACKS[1]])
    f.top().locator().checksum()
    return signing.read_by(read(f), verdict="not good", tracks=former, closed=False, problems=zeros(f.chunks[before:]))


@invalid("Signed files")
def signed_and_continued(f):
    """A cluster was added behind a signed file by somebody without the key, and the file closed again."""
    f, signing = signed_file(f)
    before = len(f.reopen().chunks)
    f.cluster([key(1, b"added", 50)]).page().top().locator().checksum()
    return signing.read_by(read(f), verdict="not good", blocks=blocks_of(f, 0, 1, 2), closed=False, problems=zeros(f.chunks[before:]))


@invalid("Signed files")
def signed_without_its_end(f):
    """The final checkpoint was taken off, and the file closed by somebody without the key: who verifies sees no end."""
    f, signing = begun(f)
    return signing.read_by(read(f.finish()), verdict="not good", closed=False)


def without_end(f):
    """Takes off all that stands behind the final checkpoint, which is told at its end."""
    f.reopen()
    while f.chunks[-1].tag != "VERI":
        f.chunks.pop()


def read_without_end(f, signing, case):
    return signing.read_by(case, verdict="not good", problems=[problem("not_as_signed", f.end)])


@invalid("Signed files")
def signed_and_ended_by_the_front(f):
    """The end was taken off behind the final checkpoint, and an index put in front that says that the file ends there. It does, but not as it was signed."""
    f, signing = signed_file(f)
    without_end(f)
    f.front_index(checksum=False)
    return read_without_end(f, signing, read(f, closed=True, pipe={"closed": False}))


@invalid("Signed files")
def signed_and_cut_behind_the_checkpoint(f):
    """The end was cut off behind the final checkpoint. The index in front says that the file is longer, and does not count."""
    f, signing = signed_file(f)
    f.front_index()
    without_end(f)
    return read_without_end(f, signing, read(f))


@invalid("Signed files")
def signed_header_changed(f):
    """The file says of itself that it has an optional feature, which it had not when it was signed."""
    f, signing = signed_file(f)
    f.header = File(f.name, change={"optional features": 1}).header
    return signing.refused_by(read(f.checksum()), "corrupt", 0)


# ---- an index that nobody signed


def with_pages(f, size, checkpoints):
    """Four pages of the same size, with a checkpoint before each of them, or only one behind them all."""
    signing = Signing(f.name)
    f.describe([track(1)], META)
    for i in range(8):
        f.cluster([key(1, b"picture %d" % i + bytes(size), 100000 + i * 20), delta(1, b"second %d" % i, 100000 + i * 20 + 10)])
        if i % 2 and i < 7:
            if checkpoints:
                signing.checkpoint(f)
            f.page()
    return signing.finish(f), signing


def put_page(f, offset, fields):
    """A page where another one stands."""
    at = next(i for i, c in enumerate(f.chunks) if c.offset == offset)
    page = f._chunk_at(offset, "TSEK", fields)
    assert page.size == f.chunks[at].size
    f.chunks[at] = page
    f.checksum()
    return page


def put_first_page(f, offset):
    """The first page once more, as it was written, where another one stands."""
    return put_page(f, offset, index.page_fields(offset, f.pages[0].clusters, [], f.track_ids, None, trak=f.trak, meta=f.meta))


@invalid("Signed files")
def signed_copy_in_front_stands_twice(f):
    """In front the first page stands in the place of the third as well: a reader that begins there would find the wrong frames."""
    f, signing = with_pages(f, 36000, checkpoints=True)
    f.front_index()
    top = f.chunks[4]
    twice = put_page(f, f.chunks[2].offset, f.copy_fields(f.pages[0], f.chunks[2].offset))
    case = read(f, problems=[problem("index_contradiction", twice)])
    return signing.read_by(case, verdict="not good", problems=[problem("not_signed", top), problem("damaged_chunk", top)])


@invalid("Signed files")
def signed_page_in_the_place_of_another(f):
    """The first page stands once more, as it was written, where the last one was when the file was signed."""
    f, signing = with_pages(f, 900, checkpoints=False)
    page = put_first_page(f, f.pages[3].offset)
    return signing.read_by(read(f, problems=[problem("index_contradiction", page)]), verdict="not good",
                           problems=[problem("not_signed", page), problem("damaged_chunk", page)])


@invalid("Signed files")
def signed_page_where_another_was_written(f):
    """The first page stands once more, as it was written, where the second one was. No top names it; the third page does."""
    f, signing = with_pages(f, 900, checkpoints=False)
    page = put_first_page(f, f.pages[1].offset)
    third, fourth = (problem("index_contradiction", behind) for behind in f.pages[2:])
    return signing.read_by(read(f, problems=[third]), verdict="not good",
                           problems=[problem("not_signed", page), problem("damaged_chunk", page), third, fourth])


@invalid("Signed files")
def signed_and_a_top_that_ends_elsewhere(f):
    """A second top that says right where the file ends, but is not followed by the end."""
    f, signing = signed_file(f)
    f.reopen()
    size = f.last_top.size
    f.chunks[-2:] = []
    f.top(end=f.end + 2 * size + 36)
    added = f.last_top
    f.top().locator().checksum()
    return signing.read_by(read(f), verdict="not good", problems=[problem("not_signed", added), problem("damaged_chunk", added)])


@invalid("Signed files")
def signed_and_a_locator_that_leads_to_the_front(f):
    """The locator names the top in front, and not one behind the final checkpoint."""
    f, signing = signed_file(f)
    f.front_index().reopen()
    f.last_top = next(c for c in f.chunks[::-1] if c.tag == "TSEK" and c.offset < f.trak)
    f.chunks.pop()
    f.locator().checksum()
    locator = f.chunks[-1]
    return signing.read_by(read(f), verdict="not good", closed=True, problems=zeros([locator]))


@invalid("Signed files")
def signed_top_with_another_first_cluster(f):
    """The digest of a top does not have the first cluster: a top that names another one is refused as in any file."""
    f, signing = signed_file(f)
    f.chunks[-2:] = []
    f.top(change={"distance to first cluster": f.end - f.clusters[1].offset}).locator().checksum()
    wrong = problem("index_contradiction", f.last_top)
    index_without = {"from": "page", "pages": 1, "clusters": 3}
    return signing.read_by(read(f, index=index_without, problems=[wrong]), verdict="not good", problems=[wrong])


@valid("Signed files")
def signed_top_with_unused_flags(f):
    """Unused bits of the flags of totals are no part of the digest of a top."""
    f, signing = signed_file(f)
    f.chunks[-2:] = []
    f.top(change={"track 1 totals flags": f.totals()[1].flags | 0xC0}).locator().checksum()
    return signing.read_by(read(f))


@valid("Signed files")
def signed_top_without_an_empty_track(f):
    """A top may leave out a track without blocks: its digest stays the same."""
    signing = Signing(f.name)
    f.describe([*TRACKS, track(9)], META).cluster(groups()[0])
    signing.finish(f)
    f.chunks[-2:] = []
    f.top(tracks=[1, 2]).locator().checksum()
    return signing.read_by(read(f))


@invalid("Signed files")
def signed_and_edited_to_be_encrypted(f):
    """An edit that has `protection`, though it is null: that is no word about the recording."""
    f, signing = signed_file(f)
    f.reopen()
    before = len(f.chunks)
    f.describe_meta({**META, "protection": None}).top().locator().checksum()
    return signing.read_by(read(f), verdict="not good", meta=META, closed=False, problems=zeros(f.chunks[before:]))
