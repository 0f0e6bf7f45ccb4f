# SPDX-License-Identifier: MIT
"""Tracks of a file, and the times of their frames."""
from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING, Any, Iterator, Sequence, overload

import numpy as np
import numpy.typing as npt

from ._library import NO_TIME, ffi, lib, new_struct
from .packets import Packet, packet_of

if TYPE_CHECKING:
    from .file import File


class Times(Sequence[Fraction]):
    """The times of frames, in seconds: times[i] is exact; `seconds` are all of them as float64, `ticks` as int64 in units of
    `time_base`. numpy.asarray(times) gives `seconds`."""

    def __init__(self, ticks: npt.NDArray[np.int64], time_base: Fraction) -> None:
        self.ticks = ticks
        self.time_base = time_base

    @property
    def seconds(self) -> npt.NDArray[np.float64]:
        # One division, which IEEE 754 rounds correctly, wherever the product is exact.
        return self.ticks * np.float64(self.time_base.numerator) / np.float64(self.time_base.denominator)

    def __len__(self) -> int:
        return len(self.ticks)

    @overload
    def __getitem__(self, index: int) -> Fraction: ...
    @overload
    def __getitem__(self, index: slice) -> Times: ...
    def __getitem__(self, index: int | slice) -> Fraction | Times:
        if isinstance(index, slice):
            return Times(self.ticks[index], self.time_base)
        return int(self.ticks[index]) * self.time_base

    def __array__(self, dtype: Any = None) -> npt.NDArray[Any]:
        return self.seconds if dtype is None else self.seconds.astype(dtype)

    def __repr__(self) -> str:
        return f"<Times of {len(self)} frames, in ticks of {self.time_base} s>"


class Track:
    """A track. It belongs to its file, and is what the file's `tracks` has."""

    def __init__(self, file: File, index: int, description: dict[str, Any]) -> None:
        self.file = file
        self.index = index
        self.description = description

    @property
    def id(self) -> int:
        """The number that the file names it by."""
        return int(self.description["track_id"])

    @property
    def kind(self) -> str:
        """video, audio, subtitle, data, attachment or unknown."""
        return str(self.description.get("kind", ""))

    @property
    def codec(self) -> str:
        """The codec's name, as FFmpeg has it."""
        return str(self.description.get("codec", ""))

    @property
    def name(self) -> str:
        '''Its title, or "".'''
        return str(self.description.get("name", ""))

    @property
    def time_base(self) -> Fraction:
        """Seconds a tick."""
        return Fraction(self.description["time_base"])

    @property
    def tags(self) -> dict[str, Any]:
        return dict(self.description.get("tags", {}))

    @property
    def language(self) -> str | None:
        return self.tags.get("language")

    @property
    def disposition(self) -> frozenset[str]:
        return frozenset(self.description.get("disposition", ()))

    @property
    def packet_count(self) -> int:
        return int(self._info().block_count)

    @property
    def start(self) -> Fraction | None:
        """When it starts, in seconds."""
        return self._seconds(self._info().start_pts)

    @property
    def end(self) -> Fraction | None:
        """When its last packet ends, in seconds."""
        return self._seconds(self._info().end_pts)

    def packets(self, start: float | Fraction | None = None) -> Iterator[Packet]:
        """Its packets in decoding order, from the last random access point at or before `start` (seconds) on."""
        return self.file.packets(tracks=[self], start=start)

    def packet(self, number: int) -> Packet:
        """One packet by its number (`ordinal`)."""
        reader = self.file._reader()
        block = new_struct("h4mk_block")
        with reader.lock:
            reader.check(lib.h4mk_reader_read_block(reader.pointer, self.index, _position(number, self.packet_count), block))
            return packet_of(block, self)

    @property
    def frame_count(self) -> int:
        """How many frames it has: packets that have a time and are shown."""
        reader = self.file._reader()
        count = ffi.new("uint64_t *")
        with reader.lock:
            reader.check(lib.h4mk_reader_frame_count(reader.pointer, self.index, count))
        return int(count[0])

    @property
    def times(self) -> Times:
        """When each frame is shown, in the order in which they are shown."""
        return Times(self._ticks(0, self.frame_count), self.time_base)

    def frame_at(self, seconds: float | Fraction) -> int:
        """The number of the frame that is shown at a time: the last one that is not later."""
        reader = self.file._reader()
        number = ffi.new("uint64_t *")
        with reader.lock:
            reader.check(lib.h4mk_reader_frame_at(reader.pointer, self.index, self.ticks_at(seconds), number, ffi.NULL))
        return int(number[0])

    def ticks_at(self, seconds: float | Fraction) -> int:
        """The last tick that is not later than a time. A float stands for the tick that it was made from, if there is one: so
        frame_at(times.seconds[i]) is i."""
        exact = Fraction(seconds) / self.time_base
        nearest = round(exact)
        if isinstance(seconds, float) and float(nearest * self.time_base) == seconds:
            return nearest
        return exact.numerator // exact.denominator

    def _ticks(self, first: int, count: int) -> npt.NDArray[np.int64]:
        reader = self.file._reader()
        times = np.empty(count, np.int64)
        copied = ffi.new("size_t *")
        with reader.lock:
            reader.check(lib.h4mk_reader_frame_times(reader.pointer, self.index, first, ffi.from_buffer("int64_t[]", times), count, copied))
        return times[: copied[0]]

    def _info(self) -> Any:
        reader = self.file._reader()
        info = new_struct("h4mk_track_info")
        with reader.lock:
            reader.check(lib.h4mk_reader_track_info(reader.pointer, self.index, info))
        return info

    def _seconds(self, ticks: int) -> Fraction | None:
        return None if ticks == NO_TIME else ticks * self.time_base

    def __reduce__(self) -> Any:
        return _track_of, (self.file, self.index)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.id}: {self.kind}, {self.codec}>"


class VideoTrack(Track):
    """A track of pictures; len(track) is the number of frames."""

    @property
    def width(self) -> int:
        """Pixels; 0 if not known."""
        return int(self.description.get("width", 0))

    @property
    def height(self) -> int:
        """Pixels; 0 if not known."""
        return int(self.description.get("height", 0))

    def __len__(self) -> int:
        return self.frame_count

    @property
    def average_rate(self) -> Fraction | None:
        """Frames a second as the file says; the times say more."""
        return _rational(self.description.get("avg_frame_rate"))


class AudioTrack(Track):
    """A track of sound."""

    @property
    def sample_rate(self) -> int:
        """Hz."""
        return int(self.description.get("sample_rate", 0))

    @property
    def channels(self) -> int:
        """How many channels."""
        return int(self.description.get("channels", 0))


class Attachment(Track):
    """A file within the file: a font, a picture, anything."""

    @property
    def data(self) -> bytes:
        reader = self.file._reader()
        data, size = ffi.new("const uint8_t **"), ffi.new("size_t *")
        with reader.lock:
            reader.check(lib.h4mk_reader_attachment(reader.pointer, self.index, data, size))
            return bytes(ffi.buffer(data[0], size[0])) if size[0] else b""


_KINDS = {"video": VideoTrack, "audio": AudioTrack, "attachment": Attachment}


def make_track(file: File, index: int, description: dict[str, Any]) -> Track:
    return _KINDS.get(str(description.get("kind")), Track)(file, index, description)


def _track_of(file: File, index: int) -> Track:
    return file.tracks[index]


def _position(number: int, count: int) -> int:
    if number < 0:
        number += count
    if number < 0:
        raise IndexError("there is no such number")
    return number


def _rational(value: Any) -> Fraction | None:
    numerator, _, denominator = str(value or "0/0").partition("/")
    return Fraction(int(numerator), int(denominator)) if int(denominator or 0) and int(numerator) else None
