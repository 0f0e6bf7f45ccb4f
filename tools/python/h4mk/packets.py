# SPDX-License-Identifier: MIT
"""Packets: what the container stores, one piece of a track that a decoder takes at once."""
from __future__ import annotations

import dataclasses
import os
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


class IdleReader:
    """The reader that an iterator of packets has left, for the next one: to open a file takes longer than to seek in it."""

    def __init__(self) -> None:
        self._readers: list[Reader] = []  # at most one, but for threads that leave theirs at the same moment

    def take(self) -> Reader | None:
        """One that this process has opened; it may stand anywhere."""
        try:
            reader = self._readers.pop()
        except IndexError:
            return None
        return reader if reader.pid == os.getpid() else None

    def leave(self, reader: Reader) -> None:
        if self._readers:
            reader.free()
        else:
            self._readers.append(reader)

    def free(self) -> None:
        while (reader := self.take()) is not None:
            reader.free()


def read_packets(reader: Reader, idle: IdleReader, tracks: tuple[Track, ...], wanted: set[int], start: tuple[int, int] | None) -> Iterator[Packet]:
    """Packets of some tracks in the order of the file. start: a track and a time in its ticks to seek to. Owns the reader."""
    is_usable = False
    try:
        _choose(reader, wanted, len(tracks))
        if start is not None:
            reader.check(lib.h4mk_reader_seek(reader.pointer, start[0], start[1], lib.H4MK_SEEK_BACKWARD))
        elif reader.has_moved:
            reader.check(lib.h4mk_reader_rewind(reader.pointer))
        reader.has_moved = True
        is_usable = start is not None  # what has sought can go anywhere
        block = new_struct("h4mk_block")
        while True:
            reader.check_process()
            status = lib.h4mk_reader_next(reader.pointer, block)
            if status in (END, AGAIN):
                return
            if status >= 100:
                is_usable = False
            reader.check(status)
            if block.track in wanted and block.track < len(tracks):
                yield packet_of(block, tracks[block.track])
    finally:
        if is_usable:
            idle.leave(reader)
        else:
            reader.free()


def _choose(reader: Reader, wanted: set[int], count: int) -> None:
    """The blocks of these tracks come from now on."""
    before = set(range(count)) if reader.wanted is None else reader.wanted
    for index in before - wanted:
        reader.check(lib.h4mk_reader_discard(reader.pointer, index, 1))
    for index in wanted - before:
        reader.check(lib.h4mk_reader_discard(reader.pointer, index, 0))
    reader.wanted = wanted
