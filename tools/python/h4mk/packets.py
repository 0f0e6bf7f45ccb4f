# SPDX-License-Identifier: MIT
"""Packets: what the container stores, one piece of a track that a decoder takes at once."""
from __future__ import annotations

import dataclasses
from fractions import Fraction
from typing import TYPE_CHECKING, Any, Iterator

from ._library import AGAIN, END, NO_TIME, ffi, lib, new_struct, text
from ._reader import Reader

if TYPE_CHECKING:
    from .tracks import Track


@dataclasses.dataclass(frozen=True)
class Packet:
    """A packet; times are in ticks of the track's time base, None where they are not known."""

    track: Track
    data: bytes
    pts: int | None
    dts: int | None
    duration: int | None
    ordinal: int
    flags: int
    side_data: dict[str, bytes]

    @property
    def time(self) -> Fraction | None:
        """Seconds at which it is shown; where that is not known, at which it is decoded."""
        ticks = self.pts if self.pts is not None else self.dts
        return None if ticks is None else ticks * self.track.time_base

    @property
    def is_key(self) -> bool:
        """A decoder can start here."""
        return bool(self.flags & lib.H4MK_BLOCK_KEY)

    @property
    def is_discard(self) -> bool:
        """It is decoded but not shown."""
        return bool(self.flags & lib.H4MK_BLOCK_DISCARD)

    def __repr__(self) -> str:
        kind = " key" if self.is_key else ""
        return f"<Packet {self.ordinal} of track {self.track.id}: {len(self.data)} bytes, pts {self.pts}{kind}>"


def packet_of(block: Any, track: Track) -> Packet:
    """A packet with a copy of all that a block has."""
    side = {}
    for i in range(block.side_data_count):
        entry = block.side_data[i]
        side[text(entry.name)] = bytes(ffi.buffer(entry.data, entry.size)) if entry.size else b""
    data = bytes(ffi.buffer(block.data, block.size)) if block.size else b""
    return Packet(track, data, _time(block.pts), _time(block.dts), block.duration or None, block.ordinal, block.flags, side)


def _time(ticks: int) -> int | None:
    return None if ticks == NO_TIME else ticks


def read_packets(reader: Reader, tracks: tuple[Track, ...], wanted: set[int], start: tuple[int, int] | None) -> Iterator[Packet]:
    """Packets of some tracks in the order of the file. start: a track and a time in its ticks to seek to. Owns the reader."""
    try:
        for track in tracks:
            if track.index not in wanted:
                reader.check(lib.h4mk_reader_discard(reader.pointer, track.index, 1))
        if start is not None:
            reader.check(lib.h4mk_reader_seek(reader.pointer, start[0], start[1], lib.H4MK_SEEK_BACKWARD))
        block = new_struct("h4mk_block")
        while True:
            reader.check_process()
            status = lib.h4mk_reader_next(reader.pointer, block)
            if status in (END, AGAIN):
                return
            reader.check(status)
            if block.track in wanted and block.track < len(tracks):
                yield packet_of(block, tracks[block.track])
    finally:
        reader.free()
