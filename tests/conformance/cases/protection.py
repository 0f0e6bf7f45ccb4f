# SPDX-License-Identifier: MIT
"""Blocks that are compressed or encrypted, files that are signed."""
import base64
import dataclasses

from builder.expect import flipped, problem, read
from builder.protection import Encryption
from builder.model import COMPRESSED, ENCRYPTED, KEY, Block, delta, key, track

from . import invalid, valid

ZSTD = track(1, compression="zstd")
REAL_FRAME = (
    "KLUv/WS+AF0CAPICCxGg7QDBt8JCoqq43cJTgWr8CEIldEwhQwD2lt6Zfq3c6a92v+69zKKDF7oXDKBAeP/fAbAzrAN3wdt9kkmT"
    "yaRkZHKTFAlWBlKqKcs="
)  # zstd -19


def frame(content, size=None, rle=None, header=None, more=b""):
    """A zstd frame of one raw or one RLE block. `size`: what the frame says of its content."""
    size = len(content) if size is None else size
    if header is None:
        if size < 256:
            header = b"\x20" + size.to_bytes(1, "little")
        elif size < 65536 + 256:
            header = b"\x60" + (size - 256).to_bytes(2, "little")
        else:
            header = b"\xa0" + size.to_bytes(4, "little")
    if rle is None:
        blocks = (len(content) << 3 | 1).to_bytes(3, "little") + content
    else:
        count = len(content)
        blocks = b""
        while True:
            part = min(count, 2**17)
            count -= part
            blocks += (part << 3 | 2 | (count == 0)).to_bytes(3, "little") + bytes([rle])
            if count == 0:
                break
    return b"\x28\xb5\x2f\xfd" + header + blocks + more


def packed(pts, plain, stored, is_key=False):
    return Block(1, stored, pts, pts, 10, "I" if is_key else "P", COMPRESSED | (KEY if is_key else 0), plain=plain)


def squeezed(f, stored, plain=b"x", track_1=ZSTD, kind="bad_compression"):
    """Between two blocks that are as they were given, one that cannot be unpacked."""
    f.describe([track_1]).cluster([key(1, b"before", 0), packed(10, plain, stored), delta(1, b"behind", 20)])
    return read(f.finish(), lost=[[1, 1]], problems=[problem(kind, f.clusters[0], track=1, blocks=[[1, 1]])])


@valid("Compressed blocks")
def compressed(f):
    """zstd frames with an RLE block, with a raw one, of several blocks, of nothing; and a block that is as it was given."""
    f.describe([ZSTD]).cluster([packed(0, b"r" * 500, frame(b"r" * 500, rle=ord("r")), True), packed(10, b"raw", frame(b"raw")),
                                delta(1, b"as it is", 20), packed(30, b"", frame(b""))])
    return read(f.cluster([packed(40, b"z" * 65536, frame(b"z" * 65536, rle=ord("z")), True)]).finish())


@valid("Compressed blocks")
def compressed_by_zstd(f):
    """A frame that the program zstd made, with literals, sequences and a checksum of its own."""
    plain = b"".join(b"line %d of a text that repeats itself\n" % i for i in range(12))
    stored = base64.b64decode(REAL_FRAME)
    f.describe([ZSTD]).cluster([packed(0, plain, stored, True), delta(1, b"end", 10)])
    return read(f.finish())


@invalid("Compressed blocks")
def compressed_without_key(f):
    """A block with bit 10 in a track without `compression`."""
    return squeezed(f, frame(b"x"), track_1=track(1))


@invalid("Compressed blocks")
def compressed_without_size(f):
    """A frame that does not tell its content size."""
    return squeezed(f, frame(b"x", header=b"\x00\x00"))


@invalid("Compressed blocks")
def compressed_to_less(f):
    """A frame that says two bytes and has one."""
    return squeezed(f, frame(b"x", size=2))


@invalid("Compressed blocks")
def compressed_to_more(f):
    """A frame that says one byte and has five."""
    return squeezed(f, frame(b"xxxxx", size=1))


@invalid("Compressed blocks")
def compressed_and_more(f):
    """A frame, and two bytes behind it."""
    return squeezed(f, frame(b"x", more=b"??"))


@invalid("Compressed blocks")
def compressed_two_frames(f):
    """Two frames, one behind the other."""
    return squeezed(f, frame(b"x") * 2)


@invalid("Compressed blocks")
def compressed_skippable(f):
    """A skippable frame before the frame."""
    return squeezed(f, b"\x50\x2a\x4d\x18\x00\x00\x00\x00" + frame(b"x"))


@invalid("Compressed blocks")
def compressed_with_dictionary(f):
    """A frame that names a dictionary."""
    return squeezed(f, frame(b"x", header=b"\x21\x07\x01"))


@invalid("Compressed blocks")
def compressed_is_no_frame(f):
    """Bit 10, and a text."""
    return squeezed(f, b"no frame at all")


@invalid("Limits")
def compressed_bomb(f):
    """A frame of 17 bytes that says, and has, 64 KiB and one byte: more than 64 KiB, and more than 1024 times what is stored."""
    return squeezed(f, frame(b"b" * 65537, rle=ord("b")))


@invalid("Limits")
def compressed_beyond_64_mib(f):
    """A frame of 66 KiB, mostly empty blocks, that says it has 64 MiB and one byte."""
    empty = b"\x00\x00\x00" * 22000
    return squeezed(f, b"\x28\xb5\x2f\xfd\xa0" + (2**26 + 1).to_bytes(4, "little") + empty + b"\x01\x00\x00")


# ---- encrypted files, for readers that have the key and for those that have not

TWO = [track(1, time_base="1/90000"), track(2, codec="timed_id3")]
SIDE = (("x-note", b"hidden as well"), ("x-empty", b""))


def recording(f):
    """Blocks of two tracks, with side data and without times."""
    return [[key(1, b"first picture", 0, duration=3600, side=SIDE), key(2, b"sound 0", 0),
             delta(1, b"second", 3600, duration=3600, type="B")],
            [key(1, b"", 7200, duration=3600), Block(2, b"no time"), delta(1, b"the last one", 10800, duration=3600)]]


def encrypted_file(f, tracks=TWO, groups=None, closed=True, encryption=None, change=lambda blocks: blocks, meta=None):
    """Returns the file, and its encryption. `change` is done to the blocks as they are stored."""
    encryption = encryption or Encryption(f.name)
    f.describe(tracks, encryption.meta(tracks, meta))
    for group in groups or recording(f):
        f.cluster(change(encryption.seal(tracks, group)))
    if closed:
        f.describe_meta(encryption.meta(tracks, meta, closed=True)).finish()
    return f, encryption


@valid("Encrypted blocks")
def encrypted(f):
    """Two tracks with side data and unknown times. Without the key times, flags and order are known, the data is not; with it all is."""
    f, encryption = encrypted_file(f, meta={"title": "secret", "chapters": [], "x-number": 1.5})
    case = encryption.read_by(read(f, pipe={"meta": f.meta_value}))
    return encryption.refused_by(case, "key", f.meta, key=bytes(32))


@valid("Encrypted blocks")
def encrypted_growing(f):
    """A file that is still being written: it has no end yet, and the descriptions are bound to the blocks all the same."""
    f, encryption = encrypted_file(f, closed=False)
    return encryption.read_by(read(f), closed=False)


@valid("Encrypted blocks")
def encrypted_key_of_later_blocks(f):
    """Blocks on both sides of number 2^20, where the key of a track changes."""
    encryption = Encryption(f.name)
    blocks = [key(1, b"before", 0), key(1, b"behind", 10)]
    for number, block in enumerate(blocks):
        block.ordinal = 2**20 - 1 + number
    f.describe([track(1)], encryption.meta([track(1)]))
    f.cluster(encryption.seal([track(1)], blocks))
    gap = [problem("ordinals", f.clusters[0], track=1, expected=0, found=2**20 - 1)]
    f.describe_meta(encryption.meta([track(1)], closed=True)).finish()
    return encryption.read_by(read(f, problems=gap), problems=gap)


@valid("Encrypted blocks")
def encrypted_sessions(f):
    """A recording that was continued: the blocks of the second session have other keys; the same numbers were lost before."""
    first = Encryption(f.name)
    f.describe(TWO, first.meta(TWO)).cluster(first.seal(TWO, recording(f)[0]))
    again = Encryption(f.name, session=bytes(range(50, 66)))
    again.ordinals, again.plain = dict(first.ordinals), list(first.plain)
    sessions = [{"id": base64.b64encode(again.session).decode(), "first": [[1, 2], [2, 1]]}]
    f.describe_meta(again.meta(TWO, sessions=sessions)).cluster(again.seal(TWO, recording(f)[1]))
    f.describe_meta(again.meta(TWO, closed=True, sessions=sessions)).finish()
    return again.read_by(again.read_by(read(f)), pipe=True)


@valid("Scheme `living`")
def encrypted_living(f):
    """A key for each block, from a tree of keys."""
    f, encryption = encrypted_file(f, encryption=Encryption(f.name, scheme="living"))
    return encryption.read_by(read(f))


@valid("Compressed blocks")
def encrypted_and_compressed(f):
    """Blocks that were compressed, then encrypted; and one that was not compressed."""
    group = [packed(0, b"r" * 300, frame(b"r" * 300, rle=ord("r")), True), packed(10, b"raw", frame(b"raw")), delta(1, b"as it is", 20)]
    f, encryption = encrypted_file(f, tracks=[ZSTD], groups=[group])
    return encryption.read_by(read(f))


def attacked(f, change, kind, lost, **more):
    """The first cluster is as `change` leaves it, with right checksums: who has no key sees nothing."""
    first = []

    def once(blocks):
        if first:
            return blocks
        first.extend(blocks)
        return change(blocks)
    f, encryption = encrypted_file(f, change=once)
    bad = [problem(kind, f.clusters[0], track=t, blocks=[[t, n] for u, n in lost if u == t]) for t in sorted({t for t, _ in lost})]
    return encryption.read_by(read(f), lost=lost, problems=bad)


def with_data(block, data):
    return dataclasses.replace(block, data=data)


@invalid("Encrypted blocks")
def encrypted_bit_flipped(f):
    """A bit of the ciphertext of a block was changed, and all checksums were made to fit."""
    return attacked(f, lambda b: [with_data(b[0], flipped(b[0].data, 3)), *b[1:]], "bad_tag", [(1, 0)])


@invalid("Encrypted blocks")
def encrypted_blocks_exchanged(f):
    """Two blocks of a track have each other's ciphertext."""
    return attacked(f, lambda b: [with_data(b[0], b[2].data), b[1], with_data(b[2], b[0].data)], "bad_tag", [(1, 0), (1, 1)])


@invalid("Encrypted blocks")
def encrypted_time_changed(f):
    """A block was moved to another time."""
    return attacked(f, lambda b: [b[0], dataclasses.replace(b[1], pts=5, dts=5), b[2]], "bad_tag", [(2, 0)])


@invalid("Encrypted blocks")
def encrypted_flag_changed(f):
    """A block was made a key block."""
    return attacked(f, lambda b: [b[0], b[1], dataclasses.replace(b[2], flags=b[2].flags | KEY)], "bad_tag", [(1, 1)])


@invalid("Encrypted blocks")
def encrypted_side_data_changed(f):
    """The side data of a block was changed."""
    side = lambda b: (("encrypted", flipped(b.side[0][1], 0)),)
    return attacked(f, lambda b: [dataclasses.replace(b[0], side=side(b[0])), *b[1:]], "bad_tag", [(1, 0)])


@invalid("Encrypted blocks")
def encrypted_and_plain(f):
    """A plain block stands among encrypted ones."""
    return attacked(f, lambda b: [b[0], dataclasses.replace(b[1], data=b"fake", flags=b[1].flags & ~ENCRYPTED), b[2]], "not_encrypted", [(2, 0)])


@invalid("Encrypted blocks")
def encrypted_shorter_than_a_tag(f):
    """A block that is marked as encrypted has 15 bytes, one less than a tag."""
    return attacked(f, lambda b: [b[0], with_data(b[1], bytes(15)), b[2]], "bad_tag", [(2, 0)])


@invalid("Encrypted blocks")
def encrypted_cluster_twice(f):
    """A cluster comes twice: its blocks are handed out once."""
    encryption = Encryption(f.name)
    f.describe(TWO, encryption.meta(TWO))
    stored = encryption.seal(TWO, recording(f)[0])
    f.cluster(stored).cluster([dataclasses.replace(b) for b in stored])
    f.describe_meta(encryption.meta(TWO, closed=True)).finish()
    gaps = [problem("ordinals", f.clusters[1], track=1, expected=2, found=0), problem("ordinals", f.clusters[1], track=2, expected=1, found=0)]
    again = [problem("repeated_block", f.clusters[1], track=1, blocks=[[1, 0], [1, 1]]),
             problem("repeated_block", f.clusters[1], track=2, blocks=[[2, 0]])]
    return encryption.read_by(read(f, problems=gaps), problems=gaps + again)


@invalid("Encrypted blocks")
def encrypted_number_far_ahead(f):
    """Somebody without the key put in a block with a number far ahead: it is no block, and those behind it do not come too late."""
    encryption = Encryption(f.name)
    f.describe(TWO, encryption.meta(TWO)).cluster(encryption.seal(TWO, recording(f)[0]))
    ordinals = dict(f.ordinals)
    forged = key(1, bytes(40), 5)
    f.cluster([dataclasses.replace(forged, ordinal=2**40, flags=forged.flags | ENCRYPTED)])
    f.ordinals = ordinals
    f.cluster(encryption.seal(TWO, recording(f)[1]))
    f.describe_meta(encryption.meta(TWO, closed=True)).finish()
    gaps = [problem("ordinals", f.clusters[1], track=1, expected=2, found=2**40),
            problem("ordinals", f.clusters[2], track=1, expected=2**40 + 1, found=2)]
    bad = problem("bad_tag", f.clusters[1], track=1, blocks=[[1, 2**40]])
    return encryption.read_by(read(f, problems=gaps), problems=gaps + [bad])


@invalid("Encrypted blocks")
def encrypted_last_cluster_dropped(f):
    """The last cluster was left out, and the file closed again with the end that it had."""
    encryption = Encryption(f.name)
    f.describe(TWO, encryption.meta(TWO)).cluster(encryption.seal(TWO, recording(f)[0]))
    encryption.seal(TWO, recording(f)[1])
    f.describe_meta(encryption.meta(TWO, closed=True)).finish()
    cut = [problem("missing_end", f.meta, track=1, expected=4, found=2), problem("missing_end", f.meta, track=2, expected=2, found=1)]
    return encryption.read_by(read(f), lost=[(1, 2), (1, 3), (2, 1)], problems=cut)


def refused_with_key(f, tracks=TWO, meta=None, change=None, kind="corrupt", closed=True):
    """Only who has the key sees that the descriptions are not those of the blocks."""
    encryption = Encryption(f.name)
    f.describe(tracks, encryption.meta(TWO))
    f.cluster([b for b in encryption.seal(TWO, recording(f)[0]) if b.track in [t["track_id"] for t in tracks]])
    protection = encryption.protection(TWO, closed=closed)
    f.describe_meta({**(meta or {}), "protection": change(protection) if change else protection}).finish()
    return encryption.refused_by(read(f), kind, f.meta)


@invalid("Encrypted blocks")
def encrypted_other_codec(f):
    """A track got another codec."""
    return refused_with_key(f, tracks=[{**TWO[0], "codec": "timed_id3"}, TWO[1]])


@invalid("Encrypted blocks")
def encrypted_other_time_base(f):
    """A track got another time base."""
    return refused_with_key(f, tracks=[{**TWO[0], "time_base": "1/1000"}, TWO[1]])


@invalid("Encrypted blocks")
def encrypted_track_dropped(f):
    """A track and its blocks were left out."""
    return refused_with_key(f, tracks=[TWO[0]])


@invalid("Encrypted blocks")
def encrypted_meta_added(f):
    """META got a member that is no word about the recording."""
    return refused_with_key(f, meta={"programs": [{"id": 1}]})


@valid("Encrypted blocks")
def encrypted_words_edited(f):
    """The title, a name and the tags were edited by somebody without the key: they are not bound to the blocks."""
    encryption = Encryption(f.name)
    f.describe(TWO, encryption.meta(TWO)).cluster(encryption.seal(TWO, recording(f)[0]))
    f.describe([{**TWO[0], "name": "new", "tags": {"a": "b"}}, TWO[1]], {"title": "new", "tags": {"x": "y"}, "protection": encryption.protection(TWO, closed=True)})
    return encryption.read_by(read(f.finish()))


@invalid("Encrypted blocks")
def encrypted_without_descriptions(f):
    """`protection` has no `descriptions`."""
    return refused_with_key(f, change=lambda p: {k: v for k, v in p.items() if k != "descriptions"})


@invalid("Encrypted blocks")
def encrypted_without_end(f):
    """A closed file whose `protection` has no `end`."""
    return refused_with_key(f, closed=False)


@invalid("Encrypted blocks")
def encrypted_end_changed(f):
    """The count of a track in `end` was made smaller."""
    return refused_with_key(f, change=lambda p: {**p, "end": {**p["end"], "blocks": [[1, 1], [2, 1]]}})


@invalid("Encrypted blocks")
def encrypted_end_without_counts(f):
    """`end` has values that are no pairs."""
    return refused_with_key(f, change=lambda p: {**p, "end": {**p["end"], "blocks": [None, [1]]}})


def with_session(f, **changed):
    """The blocks are of the first session; another one is listed that has none of them, unless a reader takes it wrongly."""
    session = {"id": base64.b64encode(bytes(range(50, 66))).decode(), "first": [[1, 100], [2, 100]], **changed}
    return refused_with_key(f, change=lambda p: {**p, "sessions": [{k: v for k, v in session.items() if v is not None}]})


@invalid("Encrypted blocks")
def encrypted_session_without_first(f):
    """A session does not say from where on it counts."""
    return with_session(f, first=None)


@invalid("Encrypted blocks")
def encrypted_session_without_pairs(f):
    """`first` of a session has values that are no pairs."""
    return with_session(f, first=[None, [1]])


@invalid("Encrypted blocks")
def encrypted_session_below_zero(f):
    """A session begins before the first block."""
    return with_session(f, first=[[1, -1], [2, 100]])


@invalid("Encrypted blocks")
def encrypted_sessions_no_array(f):
    """`sessions` is null."""
    return refused_with_key(f, change=lambda p: {**p, "sessions": None})


@invalid("Encrypted blocks")
def encrypted_unknown_scheme(f):
    """The scheme is one that nobody knows."""
    return refused_with_key(f, change=lambda p: {**p, "scheme": "rot13"}, kind="required_feature")


@invalid("Encrypted blocks")
def key_for_plain_file(f):
    """A file that is not encrypted, and a reader with a key: protection may have been taken off."""
    f.describe(TWO, {"title": "plain"})
    f.cluster([key(1, b"plain", 0)]).finish()
    return Encryption(f.name).refused_by(read(f), "key", f.meta)


@valid("Chunk")
def checkpoint_kept(f):
    """A VERI that begins with H4VC: a checkpoint of a signed file, which who does not verify passes over."""
    f.describe([track(1)]).cluster([key(1, b"signed", 0)]).write("VERI", b"H4VC" + bytes(range(64)))
    return read(f.cluster([key(1, b"signed too", 10)]).finish())
