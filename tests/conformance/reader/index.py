# SPDX-License-Identifier: MIT
"""core.md, "Index": pages, the top, the locator, and totals. What they say; whether it is so stands in check.py."""

from dataclasses import dataclass, field

from .chunks import CHECKSUM_SIZE, TAIL_SIZE, Chunk
from .primitives import Budget, Bytes, Cursor, require, signed

MAX_CLUSTERS = 65536
MAX_SPANS = 2**17
MAX_PAGES_TIMES_TRACKS = 2**18
SMALLEST_CLUSTER = 31


@dataclass
class Totals:
    """Of a track up to the end of a page, or of the file."""

    blocks: int = 0
    hidden: int = 0
    bytes: int = 0
    start_pts: int | None = None
    first_dts: int | None = None
    end: int | None = None
    not_all_seek_points: bool = False
    first_is_none: bool = False
    overlap: bool = False


@dataclass
class Span:
    """What a page says of one track in one cluster. Seek points have times from `first_key` to `last_key`."""

    cluster: int
    blocks: int = 0
    hidden: int = 0
    first_time: int = 0
    first_key: int | None = None
    last_key: int | None = None


@dataclass
class PageTrack:
    spans: list[Span]
    times: list[int] | None
    totals: Totals


@dataclass
class Page:
    offset: int
    size: int
    copy: bool
    before: int | None = None
    trak: int | None = None
    meta: int | None = None
    clusters: list[int] = field(default_factory=list)  # offsets
    tracks: dict[int, PageTrack] = field(default_factory=dict)


@dataclass
class TopTrack:
    blocks: list[int]
    hidden: list[int]
    first_time: list[int]
    keys: list[int]
    first_key: list[int]
    key_range: list[int]
    unordered: list[bool]
    totals: Totals

    def columns(self) -> tuple[list[int], ...]:
        return self.blocks, self.hidden, self.first_time, self.keys, self.first_key, self.key_range, self.unordered


@dataclass
class Top:
    offset: int
    size: int
    to_end: int
    first_cluster: int | None
    trak: int
    meta: int | None
    pages: list[tuple[int, int, int]]  # offset, size, clusters
    tracks: dict[int, TopTrack]


def parse_totals(cursor: Cursor) -> Totals:
    bits = cursor.fixed(1)
    totals = Totals(cursor.varint(), cursor.varint(), cursor.varint())
    totals.start_pts = cursor.signed_varint() if bits & 1 else None
    totals.first_dts = cursor.signed_varint() if bits & 2 else None
    totals.end = cursor.signed_varint() if bits & 4 else None
    totals.not_all_seek_points, totals.first_is_none, totals.overlap = (bool(bits & bit) for bit in (8, 16, 32))
    require(totals.hidden <= totals.blocks, "more blocks are hidden than there are")
    return totals


def _place(offset: int, distance: int) -> int | None:
    """ "All offsets in the index are distances": the offset that is meant; 0 means none."""
    return offset - distance if distance else None


def parse_page(data: Bytes, chunk: Chunk, budget: Budget) -> Page:
    cursor = Cursor(data[chunk.payload : chunk.end - 4])
    cursor.take(4)
    bits = cursor.fixed(1)
    require(bits <= 1, "a reserved bit of a page is set")
    page = Page(chunk.offset, chunk.end - chunk.offset, bits == 1)
    page.before = _place(chunk.offset, cursor.i64())
    page.trak, page.meta = _place(chunk.offset, cursor.i64()), _place(chunk.offset, cursor.i64())
    first = _place(chunk.offset, cursor.i64())
    bare = page.before is None and page.trak is None and page.meta is None
    require(not page.copy or bare, "a copy names what only an original does")
    require(page.copy or page.trak is not None, "a page names no TRAK")
    cluster_count = cursor.varint()
    require(cluster_count <= MAX_CLUSTERS, "a page has more than 65536 clusters")
    budget.take(cluster_count)
    require((cluster_count > 0) == (first is not None), "a page with clusters names the first, one without names none")
    if first is not None:
        page.clusters = _clusters(cursor, first, cluster_count)
        require(page.copy or page.clusters[-1] < page.offset, "a cluster stands behind its page")
    track_count, spans = cursor.varint(), 0
    require(track_count <= 4096, "a page has more than 4096 tracks")
    for _ in range(track_count):
        track_id = cursor.varint()
        require(track_id not in page.tracks, "a page has a track twice")
        track = _page_track(cursor, cluster_count, MAX_SPANS - spans, budget)
        page.tracks[track_id] = track
        spans += len(track.spans)
    _check_room(page)
    return page


def _check_room(page: Page) -> None:
    """Every block takes a byte of its cluster. How much room the last one has is not known of pages in front, whose
    file may be cut."""
    in_front = page.copy and page.clusters[:1] > [page.offset]
    end = page.clusters[-1] + 65535 if in_front else page.offset
    blocks = [0] * len(page.clusters)
    for span in (span for track in page.tracks.values() for span in track.spans):
        blocks[span.cluster] += span.blocks
    rooms = (behind - begin for begin, behind in zip(page.clusters, [*page.clusters[1:], end]))
    require(all(number <= min(65535, room) for number, room in zip(blocks, rooms)), "a cluster has no room for its blocks")


def _clusters(cursor: Cursor, first: int, count: int) -> list[int]:
    clusters = [first]
    for distance in cursor.column(count - 1):
        require(distance >= SMALLEST_CLUSTER, "a cluster takes 31 bytes or more")
        clusters.append(clusters[-1] + distance)
    return clusters


def _page_track(cursor: Cursor, cluster_count: int, max_spans: int, budget: Budget) -> PageTrack:
    count = cursor.varint()
    require(count <= min(cluster_count, max_spans), "a track has too many spans")
    budget.take(count)
    positions = cursor.deltas(count)
    _require_rising(positions, cluster_count)
    blocks, hidden = cursor.column(count), cursor.column(count)
    require(all(1 <= number <= 65535 for number in blocks), "a span has no blocks, or too many")
    require(all(0 <= few <= number for few, number in zip(hidden, blocks)), "more blocks are hidden than there are")
    first_times = cursor.deltas(count)
    spans = [Span(*values) for values in zip(positions, blocks, hidden, first_times)]
    _keys(cursor, spans)
    times = _times(cursor, sum(blocks) - sum(hidden), budget)
    return PageTrack(spans, times, parse_totals(cursor))


def _require_rising(positions: list[int], end: int) -> None:
    require(all(a < b for a, b in zip([-1, *positions], [*positions, end])), "positions do not rise, or too far")


def _keys(cursor: Cursor, spans: list[Span]) -> None:
    count = cursor.varint()
    require(count <= len(spans), "more spans have seek points than there are")
    positions = cursor.deltas(count)
    _require_rising(positions, len(spans))
    delays, ranges = cursor.column(count), cursor.column(count)
    for position, delay, key_range in zip(positions, delays, ranges):
        span = spans[position]
        span.first_key = signed(span.first_time + delay)
        span.last_key = signed(span.first_key + key_range)
        require(span.first_time <= span.first_key <= span.last_key, "times of seek points are not possible")


def _times(cursor: Cursor, frames: int, budget: Budget) -> list[int] | None:
    size = cursor.varint()
    if size == 0:
        return None
    budget.take(frames)
    return Cursor(cursor.take(size)).deltas(frames)


def parse_top(data: Bytes, chunk: Chunk, budget: Budget) -> Top:
    cursor = Cursor(data[chunk.payload : chunk.end - 4])
    cursor.take(4)
    to_end = cursor.fixed(8)
    first, trak, meta = (_place(chunk.offset, cursor.i64()) for _ in range(3))
    require(trak is not None, "a top names no TRAK")
    count = cursor.varint()
    require(count <= MAX_PAGES_TIMES_TRACKS, "a top has too many pages")
    budget.take(count)
    places = [chunk.offset - distance for distance in cursor.deltas(count)]
    sizes, clusters = cursor.column(count), cursor.column(count)
    track_count = cursor.varint()
    require(track_count <= 4096 and track_count * count <= MAX_PAGES_TIMES_TRACKS, "pages times tracks are too many")
    tracks: dict[int, TopTrack] = {}
    for _ in range(track_count):
        track_id = cursor.varint()
        require(track_id not in tracks, "a top has a track twice")
        budget.take(count)
        tracks[track_id] = _top_track(cursor, count)
    pages = list(zip(places, sizes, clusters))
    return Top(chunk.offset, chunk.end - chunk.offset, to_end, first, trak, meta, pages, tracks)


def _top_track(cursor: Cursor, count: int) -> TopTrack:
    column, deltas = cursor.column, cursor.deltas
    return TopTrack(
        blocks=column(count), hidden=column(count), first_time=deltas(count), keys=column(count),
        first_key=deltas(count), key_range=column(count), unordered=[value != 0 for value in column(count)],
        totals=parse_totals(cursor),
    )  # fmt: skip


def check_top(top: Top, file_size: int, first_cluster: int | None) -> None:
    """What a reader MUST refuse in a top. `first_cluster`: the first one that stands behind the header."""
    require(len({place for place, _, _ in top.pages}) == len(top.pages), "a top names a page twice")
    clusters = [number for _, _, number in top.pages]
    require(min(clusters, default=0) >= 0 and sum(clusters) <= file_size // SMALLEST_CLUSTER, "too many clusters")
    blocks = [number for track in top.tracks.values() for number in track.blocks]
    total = sum(track.totals.blocks for track in top.tracks.values())
    require(min(blocks, default=0) >= 0, "a page has less than no blocks")
    require(sum(blocks) <= file_size and total <= file_size, "more blocks than the file has bytes")
    require(top.first_cluster == first_cluster, "the first cluster of a top is another one")


def ends_the_file(top: Top, file_size: int) -> bool:
    return top.offset + top.to_end == file_size


def ended_a_file(top: Top) -> bool:
    """ "A former top": it was followed by the end of the file when it was written."""
    return top.to_end == top.size + TAIL_SIZE + CHECKSUM_SIZE


def parse_locator(data: Bytes, chunk: Chunk) -> tuple[int | None, int]:
    """Offset and size of the top."""
    cursor = Cursor(data[chunk.payload : chunk.end - 4])
    require(bytes(cursor.take(4)) == b"H4TL", "a locator begins with H4TL")
    return _place(chunk.offset, cursor.i64()), cursor.fixed(4)
