# SPDX-License-Identifier: MIT
"""What a newer writer may do (core.md, "What may change"): what is ignored, what is left out and named, what is refused."""
from builder.expect import WALK, flipped, problem, read, refused
from builder.file import CLUSTER_FLAG, File
from builder.model import delta, key, track

from . import invalid, valid
from .index import group


@valid("File")
def header_optional_features(f):
    """All optional features and the unused bytes of the header are set: ignored."""
    f = File(f.name, change={"optional features": 0xFFFF, "unused": 0xDEADBEEF})
    return read(f.describe([track(1)]).cluster(group(0)).finish())


@valid("File")
def salt_of_0(f):
    """A salt of 0: the usual CRC."""
    f = File(f.name, salt=0)
    return read(f.describe([track(1)]).cluster(group(0)).finish())


def header(f, kind, offset, **change):
    f = File(f.name, change={k.replace("_", " "): v for k, v in change.items()})
    return refused(f.describe([track(1)]).cluster(group(0)).finish().bytes(), kind, offset)


@invalid("File")
def required_feature_bit_0(f):
    """Bit 0 of the required features is set."""
    return header(f, "required_feature", 5, required_features=1)


@invalid("File")
def required_feature_bit_7(f):
    """Bit 7 of the required features is set."""
    return header(f, "required_feature", 5, required_features=0x80)


@invalid("File")
def version_3(f):
    """Version 3."""
    return header(f, "version", 4, version=3)


@invalid("File")
def version_0(f):
    """Version byte 0, and no 1 behind it: not the transport dialect either."""
    return header(f, "version", 4, version=0)


@valid("Chunk")
def chunk_flags_unused(f):
    """Bits 0-15 of chunk flags are unused: set in every kind of chunk, and ignored."""
    f.describe([track(1)], {"title": "flags"}, flags=0xFFFF).write("NOTE", b"n", flags=0x8000)
    f.cluster(group(0), flags=CLUSTER_FLAG | 0xFFFF).page(flags=0xFFFF).top(flags=0x0101).locator(flags=0xFFFF).checksum()
    return read(f)


@valid("Chunk")
def kept_chunks_with_any_flags(f):
    """All flags of a SAFE, a NOTE and a chunk of an unknown tag are set: they are kept as they are, and nothing is said."""
    f.describe([track(1)])
    for tag in ("SAFE", "NOTE", "zzzz"):
        f.write(tag, b"{}", flags=0xFFFFFFFF)
    return read(f.cluster(group(0)).finish())


@invalid("Chunk")
def meta_with_unknown_flag(f):
    """Bit 16 of a META's flags: it is passed over, the one before counts."""
    f.describe([track(1)], {"title": "known"}).cluster(group(0))
    f.write("META", b'{"title":"newer"}', flags=1 << 16).cluster(group(1))
    return read(f, problems=[problem("unknown_chunk_flag", f.chunks[3], flags=1 << 16)])


@invalid("Chunk")
def trak_with_unknown_flag(f):
    """Bit 31 of a TRAK's flags: it is passed over, the one before counts."""
    f.describe([track(1)]).cluster(group(0))
    f.write("TRAK", b'{"tracks":[]}', flags=1 << 31).cluster(group(1))
    return read(f, problems=[problem("unknown_chunk_flag", f.chunks[2], flags=1 << 31)])


@invalid("Chunk")
def cluster_with_unknown_flags(f):
    """Bits 31 and 17 of a cluster's flags, besides bit 30: it is passed over though all its CRCs hold."""
    f.describe([track(1)]).cluster(group(0)).cluster(group(1), flags=CLUSTER_FLAG | 1 << 31 | 1 << 17, counted=False)
    return read(f, problems=[problem("unknown_chunk_flag", f.chunks[2], flags=1 << 31 | 1 << 17)])


@invalid("Chunk")
def page_with_unknown_flag(f):
    """Bit 20 of a page's flags: the page is passed over, and the clusters are walked."""
    f.describe([track(1)]).cluster(group(0)).page(flags=1 << 20).cluster(group(1))
    return read(f, problems=[problem("unknown_chunk_flag", f.pages[0], flags=1 << 20)], index=WALK)


@invalid("Chunk")
def top_with_unknown_flag(f):
    """Bit 24 of the top's flags: the top is passed over."""
    f.describe([track(1)]).cluster(group(0)).page().top(flags=1 << 24).locator().checksum()
    return read(f, problems=[problem("unknown_chunk_flag", f.last_top, flags=1 << 24)],
                index={"from": "page", "pages": 1, "clusters": 1})


@invalid("Chunk")
def locator_with_unknown_flag(f):
    """Bit 17 of the locator's flags: without it the file has no end."""
    f.describe([track(1)]).cluster(group(0)).page().top().locator(flags=1 << 17).checksum()
    return read(f, closed=False, problems=[problem("unknown_chunk_flag", f.chunks[-1], flags=1 << 17)])


@invalid("Chunk")
def attachment_with_unknown_flag(f):
    """Bit 29 of an ATTA's flags: it is passed over."""
    f.describe([track(1), track(2, kind="attachment", codec="ttf")])
    f.write("ATTA", b"\x02font", flags=1 << 29).cluster(group(0))
    return read(f.finish(), problems=[problem("unknown_chunk_flag", f.chunks[1], flags=1 << 29)])


@valid("Block flags")
def block_flags_optional(f):
    """Bits 16-31 of block flags are set: ignored."""
    f.describe([track(1)]).cluster([key(1, b"a", 0, flags=0xFFFF0000), delta(1, b"b", 10, flags=1 << 20)])
    return read(f.finish())


@invalid("Block flags")
def block_flags_required(f):
    """Bits 12 to 15 of the flags of some blocks: these are not handed out, all others are."""
    blocks = [key(1, b"a", 0), delta(1, b"b", 10, flags=1 << 12), delta(1, b"c", 20), delta(1, b"d", 30, flags=1 << 15 | 1 << 13)]
    f.describe([track(1)]).cluster(blocks)
    return read(f.finish(), lost=[[1, 1], [1, 3]], problems=[
        problem("unknown_block_flag", f.clusters[0], flags=1 << 12 | 1 << 13 | 1 << 15, blocks=[[1, 1], [1, 3]])])


@invalid("Block flags")
def block_flags_required_in_damaged_cluster(f):
    """Bit 12 of a block whose stripe is good, in a cluster with a bad stripe: what saves the good blocks must not save this one."""
    f.describe([track(1)]).cluster([key(1, b"A" * 4096, 0), delta(1, b"B" * 10, 10, flags=1 << 12), delta(1, b"C" * 10, 20)], shift=12).finish()
    bad = f.clusters[0]
    return read(f, flipped(f.bytes(), f.chunks[1].at("data")), lost=[[1, 0], [1, 1]], problems=[
        problem("damaged_data", bad, blocks=[[1, 0]]), problem("unknown_block_flag", bad, flags=1 << 12, blocks=[[1, 1]])])


@invalid("TRAK")
def track_requires(f):
    """Track 2 requires two features that nobody knows: its blocks are not handed out, those of track 1 are."""
    f.describe([track(1), track(2, requires=["x-rotated", "tiles"])]).cluster(group(0) + group(0, 2))
    return read(f.finish(), lost=[[2, 0], [2, 1]], problems=[
        problem("unknown_requirement", 16, track=2, feature=feature) for feature in ("x-rotated", "tiles")])


@valid("TRAK")
def track_requires_nothing(f):
    """`requires` is an empty array."""
    return read(f.describe([track(1, requires=[])]).cluster(group(0)).finish())


@invalid("Compressed blocks")
def compression_unknown(f, compression="x-lz"):
    """An unknown value of `compression` costs the compressed blocks of that track, and nothing else."""
    f.describe([track(1, compression=compression), track(2)])
    f.cluster([key(1, b"as it is", 0), delta(1, b"packed", 10, flags=1 << 10), key(2, b"other", 0)])
    return read(f.finish(), lost=[[1, 1]], problems=[problem("unknown_compression", f.clusters[0], track=1, blocks=[[1, 1]])])


@invalid("Compressed blocks")
def compression_is_no_text(f):
    """As an unknown value: `compression` is an object."""
    return compression_unknown(f, {"by": 1})


@valid("Chunk")
def index_of_another_kind(f):
    """A TSEK that begins with H4TX: passed over as a part of the index that this document does not know."""
    return read(f.describe([track(1)]).cluster(group(0)).write("TSEK", b"H4TXsomething").finish())


@valid("Chunk")
def unknown_tags(f):
    """Chunks of unknown and of private tags, before, between and behind clusters, with and without a payload."""
    f.write("ABCD", b"early").describe([track(1)]).write("x-me", bytes(range(40))).cluster(group(0)).write("Zz ~", b"")
    f.cluster(group(1)).write("NEWT", b"late", flags=0xFFFF0000)
    return read(f.finish())


@valid("Chunk")
def kept_chunks(f):
    """SAFE, NOTE, ORIG, and a VERI that is no checkpoint: kept, not interpreted."""
    f.describe([track(1)]).write("SAFE", b"\x00\x01").write("ORIG", b"{}").cluster(group(0)).write("NOTE", "é".encode()).write("VERI", b"hash")
    return read(f.finish())


@valid("Chunk")
def cluster_without_bit_30(f):
    """A CORE without bit 30 is not a cluster of this version: a reader passes over it."""
    f.describe([track(1)]).write("CORE", b"of another kind").cluster(group(0))
    f.cluster(group(1), flags=0, counted=False)
    f.ordinals[1] = 2
    return read(f.cluster(group(2)).finish())


@valid("TRAK")
def unknown_keys(f):
    """Keys that nobody knows in TRAK, in its tracks and in META, of every JSON type: kept."""
    more = {"x-list": [1, -2.5, "é\u0001\U0001F3AC", None, True, {}], "x-object": {"a": {"b": []}}, "x-int": 2**53 - 1}
    f.describe([track(1, **more)], {"x-meta": more, "": "empty key"}).cluster(group(0))
    return read(f.finish())
