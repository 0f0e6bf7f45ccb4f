# SPDX-License-Identifier: MIT
"""Signed files, whole and attacked: for readers that have the public key and for those that have not."""
import dataclasses

from builder.expect import problem, read, said_of
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


@invalid("Signed files")
def signed_header_changed(f):
    """The file says of itself that it has an optional feature, which it had not when it was signed."""
    f, signing = signed_file(f)
    f.header = File(f.name, change={"optional features": 1}).header
    return signing.refused_by(read(f.checksum()), "corrupt", 0)
