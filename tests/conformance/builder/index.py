# SPDX-License-Identifier: MIT
"""Pages and tops (core.md, "Index")."""
from dataclasses import dataclass, field

from .fields import Fields, i64, signed, u8, u64, varint
from .fields import deltas as encode_deltas
from .model import Totals


@dataclass
class Page:
    """A page as it was written: what the top needs to know of it."""
    offset: int
    size: int
    clusters: list
    before: int                                    # how many clusters the pages before list
    tracks: list                                   # ids of the tracks that it lists
    copies: list = field(default_factory=list)     # offset and size of each copy


class Spans:
    """Clusters of a page with blocks of a track, and what the page says of them."""

    def __init__(self, track_id, clusters):
        self.cluster, self.blocks, self.hidden, self.first, self.frames = [], [], [], [], []
        self.key_span, self.key_first, self.key_last = [], [], []
        first = 0
        for position, cluster in enumerate(clusters):
            blocks = cluster.of(track_id)
            if not blocks:
                continue
            times = [b.time for b in blocks if b.time is not None]
            keys = [b.time for b in blocks if b.is_seek_point]
            first = min(times, default=first)
            if keys:
                self.key_span.append(len(self.cluster))
                self.key_first.append(min(keys))
                self.key_last.append(max(keys))
            self.cluster.append(position)
            self.blocks.append(len(blocks))
            self.hidden.append(sum(not b.is_frame for b in blocks))
            self.first.append(first)
            self.frames += sorted(b.time for b in blocks if b.is_frame)

    @property
    def ordered(self):
        return all(a < b for a, b in zip(running_maximum(self.key_last), self.key_first[1:]))


def running_maximum(values):
    largest = None
    for value in values:
        largest = value if largest is None else max(largest, value)
        yield largest


def distance(at, to):
    """0 means none."""
    return 0 if to is None else at - to


def put_totals(f, prefix, totals):
    f.put(prefix + "totals flags", totals.flags, u8)
    f.put(prefix + "totals blocks", totals.blocks, varint)
    f.put(prefix + "totals hidden", totals.hidden, varint)
    f.put(prefix + "totals bytes", totals.bytes, varint)
    for name in ("start_pts", "first_dts", "end"):
        if getattr(totals, name) is not None:
            f.put(prefix + "totals " + name, getattr(totals, name), signed)


def page_fields(at, clusters, earlier, tracks, first, previous=None, trak=None, meta=None, copy=False, times=False, unused=b"",
                change=None, forms=None):
    """A page that stands at `at` and lists `clusters`; `earlier` are those of the pages before."""
    f = Fields(dict(change or {}), dict(forms or {}))
    f.put_raw("magic", b"H4TP")
    f.put("flags", int(copy), u8)
    f.put("distance to previous page", distance(at, None if copy else previous), i64)
    f.put("distance to TRAK", distance(at, None if copy else trak), i64)
    f.put("distance to META", distance(at, None if copy else meta), i64)
    f.put("distance to first cluster", distance(at, clusters[0].offset if clusters else None), i64)
    f.put("cluster_count", len(clusters), varint)
    f.put_column("cluster distances", [b.offset - a.offset for a, b in zip(clusters, clusters[1:])])
    f.put("track_count", len(tracks), varint)
    for t in tracks:
        prefix = f"track {t} "
        spans = Spans(t, clusters)
        f.put(prefix + "track_id", t, varint)
        f.put(prefix + "spans", len(spans.cluster), varint)
        f.put_deltas(prefix + "cluster", spans.cluster)
        f.put_column(prefix + "blocks", spans.blocks)
        f.put_column(prefix + "hidden", spans.hidden)
        f.put_deltas(prefix + "first_time", spans.first)
        f.put(prefix + "keys", len(spans.key_span), varint)
        f.put_deltas(prefix + "key_span", spans.key_span)
        f.put_column(prefix + "key_delay", [k - spans.first[s] for s, k in zip(spans.key_span, spans.key_first)])
        f.put_column(prefix + "key_range", [b - a for a, b in zip(spans.key_first, spans.key_last)])
        stored = encode_deltas(spans.frames) if times else b""
        f.put(prefix + "times_size", len(stored), varint)
        f.put_raw(prefix + "times", stored, spans.frames)
        put_totals(f, prefix, Totals.of(t, earlier + clusters))
    if unused:
        f.put_raw("unused", unused)
    return f


def top_fields(at, end, clusters, tracks, pages, trak, meta, unused=b"", change=None, forms=None):
    """A top that stands at `at` in a file that ends at `end`. `pages`: for each its offset, size and Page."""
    f = Fields(dict(change or {}), dict(forms or {}))
    f.put_raw("magic", b"H4TT")
    f.put("bytes to the end", end - at, u64)
    f.put("distance to first cluster", distance(at, clusters[0].offset if clusters else None), i64)
    f.put("distance to TRAK", distance(at, trak), i64)
    f.put("distance to META", distance(at, meta), i64)
    f.put("page_count", len(pages), varint)
    f.put_deltas("distances to pages", [at - offset for offset, _, _ in pages])
    f.put_column("sizes of pages", [size for _, size, _ in pages])
    f.put_column("clusters of pages", [len(page.clusters) for _, _, page in pages])
    f.put("track_count", len(tracks), varint)
    for t in tracks:
        prefix = f"track {t} "
        spans = [Spans(t, page.clusters) for _, _, page in pages]
        f.put(prefix + "track_id", t, varint)
        f.put_column(prefix + "blocks", [sum(s.blocks) for s in spans])
        f.put_column(prefix + "hidden", [sum(s.hidden) for s in spans])
        f.put_deltas(prefix + "first_time", carried(min(s.first, default=None) for s in spans))
        f.put_column(prefix + "keys", [len(s.key_span) for s in spans])
        first_keys = carried(min(s.key_first, default=None) for s in spans)
        f.put_deltas(prefix + "first key", first_keys)
        f.put_column(prefix + "key range", [max(s.key_last, default=k) - k for s, k in zip(spans, first_keys)])
        f.put_column(prefix + "unordered", [int(not s.ordered) for s in spans])
        put_totals(f, prefix, Totals.of(t, clusters))
    if unused:
        f.put_raw("unused", unused)
    return f


def carried(values):
    """Where there is none: the value before, or 0."""
    out = []
    for value in values:
        out.append(value if value is not None else (out[-1] if out else 0))
    return out
