# SPDX-License-Identifier: MIT
"""core.md, "Cluster": from the payload of a `CORE` chunk to blocks with their times and places."""

from dataclasses import dataclass, field
from itertools import accumulate

from .primitives import MASK, NO_TIME, Broken, Budget, Bytes, Crc, Cursor, require, signed

KEY, DISCARD, CORRUPT, DISPOSABLE = 1 << 2, 1 << 3, 1 << 4, 1 << 5
NO_PTS, NO_DTS, SIDE_DATA = 1 << 6, 1 << 7, 1 << 8
ENCRYPTED, COMPRESSED, EXTERNAL = 1 << 9, 1 << 10, 1 << 11
MUST_BE_UNDERSTOOD = 0xF << 12

MAX_INDEX = 128 << 20
MAX_SIZE = 1 << 30
MAX_PIECES = 65536
MAX_SIDE_DATA = 32 << 20
MAX_EXTERNAL = 64 << 20


@dataclass(frozen=True)
class SideData:
    name: bytes
    data: bytes


@dataclass(slots=True)
class Block:
    track: int
    ordinal: int
    flags: int
    size: int
    duration: int
    dts: int | None
    pts: int | None
    begin: int = 0  # of its data: in this file, or in the other one if it is external
    side_data: tuple[SideData, ...] = ()

    @property
    def time(self) -> int | None:
        return self.pts if self.pts is not None else self.dts

    @property
    def is_frame(self) -> bool:
        return self.time is not None and not self.flags & DISCARD

    @property
    def is_seek_point(self) -> bool:
        return self.time is not None and bool(self.flags & KEY)

    @property
    def name(self) -> tuple[int, int]:
        return self.track, self.ordinal


@dataclass
class Listed:
    """A track in the list at the head of the index."""

    track: int
    count: int = 0
    ordinal: int = 0
    dts_base: int = 0
    blocks: list[Block] = field(default_factory=list)

    def external(self) -> list[Block]:
        return [block for block in self.blocks if block.flags & EXTERNAL]


@dataclass
class Cluster:
    tracks: list[Listed]
    blocks: list[Block]  # in the order in which they are handed out
    data_begin: int
    data_end: int
    stripe_shift: int
    stripes: list[int]  # CRCs
    hashes: dict[int, bytes]  # SHA-256 of the external blocks, by track


def find_index(crc: Crc, begin: int, end: int) -> tuple[int, int] | None:
    """Where the index of a cluster stands whose payload begins at `begin`, if its CRC holds. `end`: the last byte
    that may belong to it."""
    head = Cursor(crc.data[begin : min(begin + 10, end)])
    try:
        size = head.varint()
    except Broken:
        return None
    index_begin = begin + head.position
    index_end = index_begin + size
    if size > MAX_INDEX or index_end + 4 > end:
        return None
    stored = int.from_bytes(crc.data[index_end : index_end + 4], "little")
    return (index_begin, index_end) if crc.of(begin, index_end) == stored else None


def parse_cluster(
    crc: Crc, index: tuple[int, int], payload_begin: int, payload_length: int, budget: Budget
) -> Cluster:
    """The index, in the order of its fields. Raises Broken where it breaks a rule. Only an index that does is taken
    from the budget: the blocks of the others are no more than their bytes."""
    left = budget.left
    cursor = Cursor(crc.data[index[0] : index[1]])
    block_count = cursor.varint()
    require(1 <= block_count <= min(65535, payload_length), "block_count is not 1 … 65535, or more than the bytes")
    budget.take(block_count)
    track_count = cursor.varint()
    require(1 <= track_count <= min(block_count, 4096), "track_count is not 1 … block_count")
    form = cursor.fixed(1)
    shift, has_external = form & 0x1F, bool(form & 0x20)
    require(form < 0x40 and (shift == 0 or 12 <= shift <= 30), "form has a reserved bit or stripe_shift")
    tracks = _list_of_tracks(cursor, block_count, track_count)
    order = _order(cursor, tracks, block_count)
    for listed in tracks:
        _columns(cursor, listed)
    blocks = _in_order(tracks, order)
    data_begin, data_end = index[1] + 4, payload_begin + payload_length
    stored = _place(tracks, data_begin)
    require(data_begin + stored == data_end, "the sizes of the blocks do not add up to the length of the data")
    stripe_count = (stored + (1 << shift) - 1) >> shift if shift else 0
    stripes = [cursor.fixed(4) for _ in range(stripe_count)]
    cluster = Cluster(tracks, blocks, data_begin, data_end, shift, stripes, {})
    _external(cursor, cluster, has_external)
    if any(block.flags & SIDE_DATA for block in blocks):
        _side_data(cursor, blocks, payload_length)
    budget.left = left
    return cluster


def _list_of_tracks(cursor: Cursor, block_count: int, track_count: int) -> list[Listed]:
    tracks = []
    for _ in range(track_count):
        listed = Listed(cursor.varint())
        listed.count = cursor.varint() if track_count > 1 else block_count
        require(1 <= listed.count <= block_count, "a track has no blocks, or too many")
        listed.ordinal = cursor.varint()
        require(listed.ordinal <= 2**63 - 1 - listed.count, "an ordinal is too large")
        listed.dts_base = cursor.signed_varint()
        tracks.append(listed)
    require(len({listed.track for listed in tracks}) == track_count, "a track is listed twice")
    require(sum(listed.count for listed in tracks) == block_count, "the tracks do not have block_count blocks together")
    return tracks


def _order(cursor: Cursor, tracks: list[Listed], block_count: int) -> list[int]:
    order = cursor.column(block_count) if len(tracks) > 1 else [0] * block_count
    counts = [0] * len(tracks)
    for position in order:
        require(0 <= position < len(tracks), "order names a track that is not listed")
        counts[position] += 1
    require(counts == [listed.count for listed in tracks], "order does not have the blocks of each track")
    return order


def _columns(cursor: Cursor, listed: Listed) -> None:
    """The five columns of a track, and "Times"."""
    count = listed.count
    flags = cursor.column(count)
    sizes = cursor.column(count)
    durations = cursor.column(count)
    steps = cursor.column(count - 1)
    differences = cursor.column(count)
    require(0 <= min(flags) and max(flags) < 2**32, "flags have more than 32 bits")
    require(0 <= min(sizes) and max(sizes) <= MAX_SIZE, "a block is larger than 1 GiB")
    dts = list(accumulate(zip(durations, steps), lambda time, step: time + sum(step) & MASK, initial=listed.dts_base))
    for i, (bits, size, duration) in enumerate(zip(flags, sizes, durations)):
        block = Block(listed.track, listed.ordinal + i, bits, size, duration, None, None)
        block.dts = _time(dts[i], bits & NO_DTS)
        block.pts = _time(dts[i] + differences[i], bits & NO_PTS)
        listed.blocks.append(block)


def _time(value: int, unknown: int) -> int | None:
    time = signed(value)
    return None if unknown or time == NO_TIME else time


def _in_order(tracks: list[Listed], order: list[int]) -> list[Block]:
    sources = [iter(listed.blocks) for listed in tracks]
    return [next(sources[position]) for position in order]


def _place(tracks: list[Listed], data_begin: int) -> int:
    """The data lies track by track. Returns the size of all that is not external."""
    position = data_begin
    for listed in tracks:
        for block in listed.blocks:
            if not block.flags & EXTERNAL:
                block.begin = position
                position += block.size
    return position - data_begin


def _external(cursor: Cursor, cluster: Cluster, present: bool) -> None:
    """ "External data": places in the other file."""
    relative_to_any: dict[int, bool] = {}
    offsets = {}
    for listed in cluster.tracks:
        blocks = listed.external()
        if not blocks:
            continue
        require(present, "a block is external, and form says that none is")
        changed = any(block.flags & (ENCRYPTED | COMPRESSED) for block in blocks)
        require(not changed, "an external block is encrypted or compressed")
        together = sum(block.size for block in blocks)
        require(together <= MAX_EXTERNAL or len(blocks) == 1, "the external blocks of a track are too large")
        cluster.hashes[listed.track] = bytes(cursor.take(32))
        mode = cursor.fixed(1)
        require(mode <= 1, "a reserved way to count jumps")
        relative_to_any[listed.track] = mode == 1
        offsets[listed.track] = iter([cursor.varint(), *cursor.column(len(blocks) - 1)])
    _resolve_jumps(cluster.blocks, offsets, relative_to_any)


def _resolve_jumps(blocks: list[Block], offsets: dict, relative_to_any: dict[int, bool]) -> None:
    ends: dict[int, int] = {}
    last_end = 0
    for block in blocks:
        if not block.flags & EXTERNAL:
            continue
        jump = next(offsets[block.track])
        if block.track in ends:
            jump += last_end if relative_to_any[block.track] else ends[block.track]
        require(0 <= jump <= 2**63 - 1 - block.size, "an external block is beyond 2^63 - 1")
        block.begin = jump
        ends[block.track] = last_end = jump + block.size


def _side_data(cursor: Cursor, blocks: list[Block], payload_length: int) -> None:
    """ "Side data". Repeated pieces are bounded in bytes by the rule, and in number by the same figure: pieces of
    0 bytes would be free otherwise."""
    name_count = cursor.varint()
    require(name_count <= MAX_PIECES, "too many names of side data")
    names = []
    for _ in range(name_count):
        length = cursor.varint()
        require(1 <= length <= 255, "a name of side data has not 1 … 255 bytes")
        names.append(bytes(cursor.take(length)))
    before: dict[int, tuple[SideData, ...]] = {}
    pieces = repeated_bytes = repeated_pieces = 0
    for block in blocks:
        if not block.flags & SIDE_DATA:
            continue
        count = cursor.varint()
        pieces += count
        require(pieces <= MAX_PIECES, "too many pieces of side data")
        if count:
            before[block.track] = _pieces(cursor, names, count)
        else:
            require(block.track in before, "side data is repeated that was not there")
            repeated_bytes += sum(len(piece.data) for piece in before[block.track])
            repeated_pieces += len(before[block.track])
        block.side_data = before[block.track]
        require(max(repeated_bytes, repeated_pieces) <= 32 * payload_length, "too much side data is repeated")


def _pieces(cursor: Cursor, names: list[bytes], count: int) -> tuple[SideData, ...]:
    pieces = []
    for _ in range(count):
        name = cursor.varint()
        require(name < len(names), "side data has a name that is not listed")
        pieces.append(SideData(names[name], bytes(cursor.take(cursor.varint()))))
    require(sum(len(piece.data) for piece in pieces) <= MAX_SIDE_DATA, "the side data of a block is too large")
    return tuple(pieces)


def bad_stripes(crc: Crc, cluster: Cluster) -> set[int]:
    """ "Stripes": the numbers of those whose CRC does not hold."""
    size, bad = 1 << cluster.stripe_shift, set()
    for number, stored in enumerate(cluster.stripes):
        begin = cluster.data_begin + number * size
        if crc.of(begin, min(begin + size, cluster.data_end)) != stored:
            bad.add(number)
    return bad


def touches(cluster: Cluster, block: Block, stripes: set[int]) -> bool:
    """An empty block touches none, and an external one has its data in the other file."""
    if block.flags & EXTERNAL or block.size == 0:
        return False
    begin = block.begin - cluster.data_begin
    first, last = begin >> cluster.stripe_shift, (begin + block.size - 1) >> cluster.stripe_shift
    return not stripes.isdisjoint(range(first, last + 1))


def data_of(data: Bytes, block: Block) -> bytes:
    return bytes(data[block.begin : block.begin + block.size])
