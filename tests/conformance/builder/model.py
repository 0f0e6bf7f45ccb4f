# SPDX-License-Identifier: MIT
"""What a file says: tracks and blocks, before they are bytes."""
from dataclasses import dataclass, field

from .fields import NO_TIME, wrap

KEY, DISCARD, CORRUPT, DISPOSABLE = 4, 8, 16, 32
NO_PTS, NO_DTS, SIDE_DATA, ENCRYPTED, COMPRESSED, EXTERNAL = 64, 128, 256, 512, 1024, 2048
TYPES = {"I": 0, "P": 1, "B": 2, "P3": 3}


def track(track_id, kind="data", codec="bin_data", time_base="1/1000", **more):
    """An object of TRAK. Codec and kind are such that no reader wants to look into the blocks."""
    return {"track_id": track_id, "name": more.pop("name", ""), "kind": kind, "codec": codec, "time_base": time_base, **more}


@dataclass
class Block:
    track: int
    data: bytes = b""
    pts: int = None
    dts: int = None
    duration: int = 0
    type: str = "I"
    flags: int = 0        # bits besides type, unknown times, side data
    side: tuple = ()      # (name, bytes) each
    repeats: bool = False # the side data is that of the block of this track before: stored as a count of 0
    plain: bytes = None   # what is handed out where the data is compressed; b"" and encrypted: nobody knows
    plain_size: int = None
    at: int = None        # offset in the other file, of an external block
    ordinal: int = None

    @property
    def time(self):
        return self.dts if self.pts is None else self.pts

    @property
    def is_frame(self):
        return self.time is not None and not self.flags & DISCARD

    @property
    def is_seek_point(self):
        return self.time is not None and bool(self.flags & KEY)

    @property
    def stored_flags(self):
        return (self.flags | TYPES[self.type] | (NO_PTS if self.pts is None else 0) | (NO_DTS if self.dts is None else 0)
                | (SIDE_DATA if self.side else 0) | (EXTERNAL if self.at is not None else 0))

    @property
    def stored_here(self):
        return b"" if self.at is not None else self.data


def key(track, data, pts, dts="pts", duration=10, **more):
    """A key block; its dts is its pts unless said."""
    return Block(track, data, pts, pts if dts == "pts" else dts, duration, flags=more.pop("flags", 0) | KEY, **more)


def delta(track, data, pts, dts="pts", duration=10, type="P", **more):
    """A block that is no key."""
    return Block(track, data, pts, pts if dts == "pts" else dts, duration, type, **more)


def stored_times(blocks):
    """dts and pts minus dts as a cluster stores them (core.md, "Times"): what is not known is what was predicted."""
    out = []
    predicted = None
    for block in blocks:
        dts = block.dts
        if dts is None:
            dts = predicted if predicted is not None else (block.pts if block.pts is not None else 0)
        out.append((dts, 0 if block.pts is None else wrap(block.pts - dts)))
        predicted = wrap(dts + block.duration)
    return out


@dataclass
class Totals:
    """What a page or top says of a track as a whole (core.md, "Page")."""
    blocks: int = 0
    hidden: int = 0
    bytes: int = 0
    start_pts: int = None
    first_dts: int = None
    end: int = None
    seek_points: int = 0
    first_is_seek_point: bool = True
    overlap: bool = False
    latest: int = field(default=NO_TIME)

    @classmethod
    def of(cls, track_id, clusters):
        totals = cls()
        for cluster in clusters:
            latest = totals.latest
            for block in cluster.blocks:
                if block.track == track_id:
                    totals.add(block, latest)
        return totals

    def add(self, block, latest_before):
        if self.blocks == 0:
            self.first_dts = block.dts
            self.first_is_seek_point = block.is_seek_point
        self.blocks += 1
        self.hidden += not block.is_frame
        self.bytes += len(block.data)
        self.seek_points += block.is_seek_point
        if self.start_pts is None and block.pts is not None and not block.flags & DISCARD:
            self.start_pts = block.pts
        if block.time is not None:
            end = min(block.time + max(block.duration, 0), 2**63 - 1)
            self.end = end if self.end is None else max(self.end, end)
            self.overlap |= latest_before != NO_TIME and block.time <= latest_before
            self.latest = max(self.latest, block.time)

    @property
    def flags(self):
        return ((self.start_pts is not None) | (self.first_dts is not None) << 1 | (self.end is not None) << 2
                | (self.seek_points < self.blocks) << 3 | (self.blocks > 0 and not self.first_is_seek_point) << 4
                | self.overlap << 5)
