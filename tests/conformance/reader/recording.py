# SPDX-License-Identifier: MIT
"""What the clusters of a file hold together, from their indexes: the blocks of each track in the order of the file, and
the totals and pages that core.md, "Index", has for them."""

from dataclasses import dataclass, replace

from .cluster import Block
from .index import Page, PageTrack, Span, Totals


@dataclass(frozen=True)
class Entry:
    """A block and its place: `position` counts the blocks of the file, `cluster` is an offset."""

    position: int
    cluster: int
    block: Block


class Recording:
    def __init__(self) -> None:
        self.tracks: dict[int, list[Entry]] = {}
        self.all: list[Entry] = []

    def add(self, cluster: int, block: Block) -> None:
        entry = Entry(len(self.all), cluster, block)
        self.all.append(entry)
        self.tracks.setdefault(block.track, []).append(entry)

    def totals(self, track: int) -> Totals:
        return TotalsUpTo(self.tracks.get(track, [])).advance(None)


class TotalsUpTo:
    """ "Totals" of a track, up to one place after the other."""

    def __init__(self, entries: list[Entry]) -> None:
        self._entries = entries
        self._next = 0
        self._totals = Totals()
        self._latest: int | None = None  # time, in the clusters before the last one
        self._latest_here: int | None = None
        self._cluster: int | None = None

    def advance(self, last_cluster: int | None) -> Totals:
        """Up to this cluster; None: to the end."""
        while self._next < len(self._entries):
            entry = self._entries[self._next]
            if last_cluster is not None and entry.cluster > last_cluster:
                break
            self._add(entry)
            self._next += 1
        return replace(self._totals)

    def _add(self, entry: Entry) -> None:
        block, totals = entry.block, self._totals
        if totals.blocks == 0:
            totals.first_dts = block.dts
            totals.first_is_none = not block.is_seek_point
        if totals.start_pts is None and block.is_frame:
            totals.start_pts = block.pts
        totals.blocks += 1
        totals.hidden += not block.is_frame
        totals.bytes += block.size
        totals.not_all_seek_points |= not block.is_seek_point
        if entry.cluster != self._cluster:
            self._cluster, self._latest = entry.cluster, self._latest_here
        if block.time is not None:
            end = min(block.time + max(block.duration, 0), 2**63 - 1)
            totals.end = end if totals.end is None else max(totals.end, end)
            totals.overlap |= self._latest is not None and block.time <= self._latest
            self._latest_here = block.time if self._latest_here is None else max(self._latest_here, block.time)


def page_track(entries: list[Entry], positions: dict[int, int], totals: Totals) -> PageTrack:
    """What a page says of a track with these blocks in its clusters. `positions`: of the clusters by offset."""
    groups: dict[int, list[Block]] = {}
    for entry in entries:
        groups.setdefault(positions[entry.cluster], []).append(entry.block)
    spans: list[Span] = []
    times: list[int] = []
    for position, blocks in groups.items():
        before = spans[-1].first_time if spans else 0
        known = [block.time for block in blocks if block.time is not None]
        keys = [block.time for block in blocks if block.is_seek_point]
        hidden = sum(not block.is_frame for block in blocks)
        first_time = min(known, default=before)
        span = Span(position, len(blocks), hidden, first_time, min(keys, default=None), max(keys, default=None))
        spans.append(span)
        times += sorted(block.time for block in blocks if block.is_frame)
    return PageTrack(spans, times, totals)


@dataclass
class PageSummary:
    """What the top says of a track in one page."""

    blocks: int
    hidden: int
    first_time: int | None
    keys: int
    first_key: int | None
    key_range: int
    unordered: int


def summary(page: Page, track: int) -> PageSummary:
    spans = page.tracks[track].spans if track in page.tracks else []
    keyed = [span for span in spans if span.first_key is not None]
    first = min((span.first_key for span in keyed), default=None)
    last = max((span.last_key for span in keyed), default=None)
    return PageSummary(
        sum(span.blocks for span in spans),
        sum(span.hidden for span in spans),
        min((span.first_time for span in spans), default=None),
        len(keyed),
        first,
        last - first if keyed else 0,
        int(_unordered(keyed)),
    )


def _unordered(keyed: list[Span]) -> bool:
    """Ordered: each span's seek points begin behind the end of those before."""
    latest = None
    for span in keyed:
        if latest is not None and span.first_key <= latest:
            return True
        latest = span.last_key
    return False
