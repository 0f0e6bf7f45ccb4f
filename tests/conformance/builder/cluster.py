# SPDX-License-Identifier: MIT
"""Clusters (core.md, "Cluster")."""
import hashlib
import zlib
from dataclasses import dataclass

from .fields import Fields, signed, u8, u32, varint
from .model import stored_times


@dataclass
class Cluster:
    offset: int
    blocks: list  # in the order of writing, with their ordinals
    size: int = 0

    def of(self, track_id):
        return [b for b in self.blocks if b.track == track_id]


def tracks_of(blocks):
    """Advice of core.md: the track of the first block is listed first, which is the one that a seek wants."""
    return list(dict.fromkeys(b.track for b in blocks))


def index_fields(blocks, salt, shift=0, tracks=None, jumps=0, unused=b"", external=None, side=None, change=None, forms=None):
    """The index. `jumps`: 0 offsets by track, 1 by cluster. `external`, `side`: whether these parts are there; None: where a block
    needs them."""
    f = Fields(change or {}, forms or {})
    tracks = tracks or tracks_of(blocks)
    external = any(b.at is not None for b in blocks) if external is None else external
    side = any(b.side for b in blocks) if side is None else side
    of = {t: [b for b in blocks if b.track == t] for t in tracks}
    f.put("block_count", len(blocks), varint)
    f.put("track_count", len(tracks), varint)
    f.put("form", shift | 0x20 * external, u8)
    for t in tracks:
        f.put(f"track {t} track_id", t, varint)
        if len(tracks) > 1:
            f.put(f"track {t} count", len(of[t]), varint)
        f.put(f"track {t} ordinal", of[t][0].ordinal, varint)
        f.put(f"track {t} dts_base", stored_times(of[t])[0][0], signed)
    if len(tracks) > 1:
        f.put_column("order", [tracks.index(b.track) for b in blocks])
    for t in tracks:
        times = stored_times(of[t])
        f.put_column(f"track {t} flags", [b.stored_flags for b in of[t]])
        f.put_column(f"track {t} size", [len(b.data) for b in of[t]])
        f.put_column(f"track {t} duration", [b.duration for b in of[t]])
        f.put_column(f"track {t} dts", [b[0] - a[0] - x.duration for a, b, x in zip(times, times[1:], of[t])])
        f.put_column(f"track {t} pts_minus_dts", [delta for _, delta in times])
    data = data_of(blocks, tracks)
    for i in range(0, len(data), 2**shift) if shift else ():
        f.put(f"stripe {i >> shift}", zlib.crc32(data[i:i + 2**shift], salt), u32)
    if external:
        put_external(f, blocks, tracks, of, jumps)
    if side:
        put_side_data(f, blocks)
    if unused:
        f.put_raw("unused", unused)
    return f


def data_of(blocks, tracks):
    return b"".join(b.stored_here for t in tracks for b in blocks if b.track == t)


def put_external(f, blocks, tracks, of, jumps):
    ends = {}
    before = None
    jump = {}
    for b in blocks:
        if b.at is not None:
            previous = before if jumps == 1 else ends.get(b.track)
            jump.setdefault(b.track, []).append(b.at - (previous or 0))
            before = ends[b.track] = b.at + len(b.data)
    for t in tracks:
        external = [b for b in of[t] if b.at is not None]
        if not external:
            continue
        f.put_raw(f"track {t} sha256", hashlib.sha256(b"".join(b.data for b in external)).digest())
        f.put(f"track {t} jumps", jumps, u8)
        f.put(f"track {t} offset", external[0].at, varint)
        f.put_column(f"track {t} jump", jump[t][1:])


def put_side_data(f, blocks):
    names = list(dict.fromkeys(name for b in blocks for name, _ in b.side))
    f.put("side names", names, lambda names: varint(len(names)) + b"".join(
        varint(len(n.encode())) + n.encode() for n in names))

    def entry(block):
        if block.repeats:
            return varint(0)
        return varint(len(block.side)) + b"".join(varint(names.index(n)) + varint(len(d)) + d for n, d in block.side)

    for b in blocks:
        if b.side:
            f.put(f"side data {b.track}/{b.ordinal}", b, entry)


def payload_fields(blocks, salt, change=None, forms=None, tracks=None, **more):
    """The payload of a CORE chunk. Labels of the index begin with "index "; besides them there are index_size, index_crc, data."""
    change = dict(change or {})
    outer = {k: change.pop(k) for k in ("index_size", "index_crc", "data") if k in change}
    tracks = tracks or tracks_of(blocks)
    index = index_fields(blocks, salt, tracks=tracks, change=change, forms=forms, **more)
    f = Fields(outer)
    f.put("index_size", len(index.bytes()), varint)
    f.put_fields("index ", index)
    f.put("index_crc", zlib.crc32(b"".join(p.data for p in f.parts), salt), u32)
    f.put_raw("data", data_of(blocks, tracks))
    return f
