# SPDX-License-Identifier: MIT
"""Blocks whose data lies in another file (core.md, "External data")."""
import pathlib

from builder.expect import flipped, ids, problem, read
from builder.model import EXTERNAL, delta, key, track

from . import invalid, valid

FILM = bytes(i * 7 % 251 for i in range(400))


def taken(track_id, at, size, pts, is_key=False, **more):
    """A block that is `size` bytes at `at` of the film."""
    return (key if is_key else delta)(track_id, FILM[at:at + size], pts, at=at, **more)


def video(name, **more):
    return track(1, beside=name, **more)


def film_of(f):
    return f.name + ".bin"


def two(f, **more):
    """Two tracks of a film: video and sound lie interleaved in it."""
    f.describe([video(film_of(f)), track(2, beside=film_of(f))])
    return f.cluster([taken(1, 8, 30, 0, True), taken(2, 38, 5, 0, True), taken(2, 43, 5, 10, True), taken(1, 48, 20, 10),
                      taken(2, 68, 5, 20, True), taken(1, 73, 25, 20)], **more)


def lost_to(f, kind, cluster=0, track_id=1):
    """All external blocks of a track in a cluster, and the problem that costs them."""
    lost = [[b.track, b.ordinal] for b in f.clusters[cluster].blocks if b.at is not None and b.track == track_id]
    return lost, problem(kind, f.clusters[cluster], track=track_id, blocks=lost)


def beside(f, case, data=FILM):
    """Puts the other file into the folder. From a pipe it is not there."""
    case.beside[film_of(f)] = data
    problems = [p for p in case.expect["problems"] if not p["kind"].startswith("external_")]
    lost = []
    for i, c in enumerate(f.clusters):
        for t in dict.fromkeys(b.track for b in c.blocks if b.at is not None):
            blocks, missing = lost_to(f, "external_missing", i, t)
            lost += blocks
            problems.append(missing)
    case.pipe |= {"blocks": [b for b in case.expect["blocks"] if [b["track"], b["ordinal"]] not in lost],
                  "problems": sorted(problems, key=lambda p: (p["offset"], p["kind"], p.get("track", 0)))}
    return case


@valid("External data")
def external_by_track(f):
    """Two tracks of another file; jumps count from the block before of the same track."""
    return beside(f, read(two(f).finish()))


@valid("External data")
def external_by_cluster(f):
    """The same; jumps count from the block before in the cluster, so that all of them are 0."""
    return beside(f, read(two(f, jumps=1).finish()))


@valid("External data")
def external_and_stored(f):
    """Blocks of the other file, blocks that are stored here, of one track and of two; side data; a block that is read twice, one of no bytes, and jumps back."""
    f.describe([video(film_of(f)), track(2)])
    f.cluster([key(1, b"stored here", 0), taken(1, 300, 40, 10, side=(("x-own", b"own"),)), key(2, b"sound", 10), taken(1, 20, 10, 20)])
    f.cluster([taken(1, 20, 10, 30, True), taken(1, 20, 10, 40), taken(1, 400, 0, 50)], jumps=1)
    return beside(f, read(f.finish()))


@valid("External data")
def external_form_without_blocks(f):
    """Bit 5 of `form` is set in a cluster that has no external block."""
    f.describe([video(film_of(f))]).cluster([key(1, b"here", 0)], external=True)
    return read(f.finish())


@invalid("External data")
def external_flags_required_in_damaged_cluster(f):
    """Bit 12 of a block of another file, in a cluster whose own data is damaged: what saves external blocks must not save this one."""
    f.describe([video(film_of(f)), track(2)]).cluster([taken(1, 0, 10, 0, True, flags=1 << 12), key(2, b"here", 0)]).finish()
    bad = f.clusters[0]
    case = read(f, flipped(f.bytes(), f.chunks[1].at("data")), lost=[[1, 0], [2, 0]], problems=[
        problem("damaged_data", bad, blocks=[[2, 0]]), problem("unknown_block_flag", bad, flags=1 << 12, blocks=[[1, 0]])])
    case.beside[film_of(f)] = FILM
    return case


@invalid("External data")
def external_missing(f):
    """The other file is not there: everything but its blocks is read."""
    f.describe([video(film_of(f))]).cluster([taken(1, 0, 10, 0, True), delta(1, b"here", 10)])
    lost, missing = lost_to(f, "external_missing")
    return read(f.finish(), lost=lost, problems=[missing])


@invalid("External data")
def external_file_too_short(f):
    """The other file is a byte shorter than the last block needs."""
    f.describe([video(film_of(f))]).cluster([taken(1, 0, 10, 0, True), taken(1, 390, 10, 10)])
    lost, missing = lost_to(f, "external_missing")
    return beside(f, read(f.finish(), lost=lost, problems=[missing]), FILM[:-1])


@invalid("External data")
def external_changed(f):
    """A byte of the other file is another one: none of the blocks of that track in that cluster is handed out, those of the other track and cluster are."""
    two(f).cluster([taken(1, 200, 30, 30, True)])
    lost, changed = lost_to(f, "external_changed")
    return beside(f, read(f.finish(), lost=lost, problems=[changed]), FILM[:50] + b"?" + FILM[51:])


def bad_name(f, name, **more):
    f.describe([track(1, **({"beside": name} if name is not None else {}))])
    f.cluster([taken(1, 0, 10, 0, True), delta(1, b"here", 10)])
    lost, bad = lost_to(f, "external_name")
    return read(f.finish(), lost=lost, problems=[bad])


@invalid("External data")
def external_name_absent(f):
    """An external block in a track without `beside`."""
    return bad_name(f, None)


@invalid("External data")
def external_name_with_folder(f):
    """The name is that of a file which is there, in the folder of this one, with `../` and the folder's own name before it."""
    return bad_name(f, "../invalid/external-file-too-short.bin")


@invalid("External data")
def external_name_dots(f):
    """The name is `..`."""
    return bad_name(f, "..")


@invalid("External data")
def external_name_dash(f):
    """The name begins with `-`."""
    return bad_name(f, "-i")


@invalid("External data")
def external_name_percent(f):
    """The name has a `%`."""
    return bad_name(f, "external%2dfile-too-short.bin")


@invalid("External data")
def external_name_backslash(f):
    """The name has a backslash."""
    return bad_name(f, "..\\secret")


@invalid("External data")
def external_name_nul(f):
    """The name goes on behind a NUL."""
    return bad_name(f, "external-file-too-short.bin\0x")


@invalid("External data")
def external_name_too_long(f):
    """The name has 256 bytes of UTF-8 in 128 characters."""
    return bad_name(f, "é" * 128)


@invalid("External data")
def external_name_is_folder(f):
    """The name is that of no regular file: a folder is there."""
    f.describe([video("external-folder")]).cluster([taken(1, 0, 10, 0, True), delta(1, b"here", 10)])
    lost, missing = lost_to(f, "external_missing")
    case = read(f.finish(), lost=lost, problems=[missing])
    case.beside["external-folder/keep"] = b"A folder where a file is meant.\n"
    return case


@invalid("External data")
def external_name_is_link(f):
    """The name is that of a link, which leads to a file with the right bytes. Nobody may follow it."""
    f.describe([video("external-link")]).cluster([taken(1, 0, 10, 0, True), delta(1, b"here", 10)])
    lost, missing = lost_to(f, "external_missing")
    case = read(f.finish(), lost=lost, problems=[missing])
    case.beside["external-link"] = pathlib.Path("external-changed.bin")
    return case


def spoiled(f, change, blocks=None):
    """Two clusters; the second one breaks a rule."""
    f.describe([video(film_of(f))]).cluster([key(1, b"good", 0)])
    f.cluster(blocks or [taken(1, 0, 10, 10, True), taken(1, 10, 10, 20)], change=change)
    bad = f.clusters[1]
    return read(f.finish(), lost=ids(bad.blocks), problems=[problem("damaged_index", bad)])


@invalid("External data")
def external_jumps_reserved(f):
    """The byte that says what jumps count from is 2."""
    return spoiled(f, {"track 1 jumps": 2})


@invalid("External data")
def external_offset_too_large(f):
    """Offset plus size is 2^63."""
    return spoiled(f, {"track 1 offset": 2**63 - 20, "track 1 jump": [0]})


@invalid("External data")
def external_offset_negative(f):
    """A jump leads before the beginning of the other file."""
    return spoiled(f, {"track 1 jump": [-11]})


@invalid("Limits")
def external_blocks_too_large(f):
    """Two external blocks of 32 MiB and of 32 MiB and a byte: more than 64 MiB together."""
    return spoiled(f, {"track 1 size": [2**25, 2**25 + 1]})


@invalid("External data")
def external_hash_missing(f):
    """A block is marked external, and bit 5 of `form` is not set: nothing says where it is."""
    f.describe([video(film_of(f))]).cluster([key(1, b"good", 0)]).cluster([key(1, b"x", 10, flags=EXTERNAL)], change={"data": b""})
    bad = f.clusters[1]
    return read(f.finish(), lost=ids(bad.blocks), problems=[problem("damaged_index", bad)])
