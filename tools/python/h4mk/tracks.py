# SPDX-License-Identifier: MIT
"""Tracks of a file, and the times of their frames."""
from __future__ import annotations

from fractions import Fraction
from math import ceil, floor
from typing import TYPE_CHECKING, Any, Iterable, Iterator, Sequence, Union, overload

import numpy as np
import numpy.typing as npt

from ._described import items, mapping, rational, whole
from ._library import NO_TIME, ffi, lib, new_struct
from .packets import Packet, packet_of

if TYPE_CHECKING:
    from .file import File

Seconds = Union[float, Fraction, "np.floating[Any]", "np.integer[Any]"]


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
        return mapping(self.description.get("tags"))

    @property
    def language(self) -> str | None:
        return self.tags.get("language")

    @property
    def disposition(self) -> frozenset[str]:
        return frozenset(word for word in items(self.description.get("disposition")) if isinstance(word, str))

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

    def packets(self, start: Seconds | None = None) -> Iterator[Packet]:
        """Its packets in decoding order, from the last seek point at or before `start` (seconds) on."""
        return self.file.packets(tracks=[self], start=start)

    def packet(self, number: int) -> Packet:
        """One packet by its number (`ordinal`)."""
        reader = self.file._reader()
        block = new_struct("h4mk_block")
        with reader:
            reader.check(lib.h4mk_reader_read_block(reader.pointer, self.index, _position(number, self.packet_count), block))
            return packet_of(block, self)

    @property
    def frame_count(self) -> int:
        """How many frames it has: packets that have a time and are shown."""
        reader = self.file._reader()
        count = ffi.new("uint64_t *")
        with reader:
            reader.check(lib.h4mk_reader_frame_count(reader.pointer, self.index, count))
        return int(count[0])

    @property
    def times(self) -> Times:
        """When each frame is shown, in the order in which they are shown."""
        return Times(self._ticks(0, self.frame_count), self.time_base)

    def frame_at(self, seconds: Seconds) -> int:
        """The number of the frame that is shown at a time: the last one that is not later."""
        reader = self.file._reader()
        number = ffi.new("uint64_t *")
        with reader:
            reader.check(lib.h4mk_reader_frame_at(reader.pointer, self.index, self.ticks_at(seconds), number, ffi.NULL))
        return int(number[0])

    def ticks_at(self, seconds: Seconds) -> int:
        """The last tick that is not later than a time. A float stands for the tick that it was made from, if there is one: so
        frame_at(times.seconds[i]) is i."""
        seconds = _number(seconds)
        exact = _exact(seconds) / self.time_base
        nearest = round(exact)
        return nearest if _is_made_from(seconds, float(nearest * self.time_base)) else floor(exact)

    def _ticks(self, first: int, count: int) -> npt.NDArray[np.int64]:
        reader = self.file._reader()
        times = np.empty(count, np.int64)
        copied = ffi.new("size_t *")
        with reader:
            reader.check(lib.h4mk_reader_frame_times(reader.pointer, self.index, first, ffi.from_buffer("int64_t[]", times), count, copied))
        return times[: copied[0]]

    def _info(self) -> Any:
        reader = self.file._reader()
        info = new_struct("h4mk_track_info")
        with reader:
            reader.check(lib.h4mk_reader_track_info(reader.pointer, self.index, info))
        return info

    def _seconds(self, ticks: int) -> Fraction | None:
        return None if ticks == NO_TIME else ticks * self.time_base

    def __reduce__(self) -> Any:
        return _track_of, (self.file, self.index)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.id}: {self.kind}, {self.codec}>"


class VideoTrack(Track):
    """A track of pictures. len(track) is the number of frames; track[i] is frame i, track[a:b:c] are several."""

    @property
    def width(self) -> int:
        """Pixels; 0 if not known."""
        return whole(self.description.get("width"))

    @property
    def height(self) -> int:
        """Pixels; 0 if not known."""
        return whole(self.description.get("height"))

    @property
    def average_rate(self) -> Fraction | None:
        """Frames a second as the file says; the times say more."""
        return rational(self.description.get("avg_frame_rate")) or None  # 0/1: not known

    def frames(self, numbers: Iterable[int] | npt.NDArray[Any], *, pixels: str = "rgb", layout: str = "hwc", width: int = 0, height: int = 0,
               out: npt.NDArray[np.uint8] | None = None) -> npt.NDArray[np.uint8]:
        """Frames by their numbers, in the order of `numbers`: uint8 of shape (n, height, width, 3).

        A frame is what decoding all of the track gives at this place, whatever else is asked for. Numbers below 0 count from the end.
        pixels: "rgb"; "gray": (n, height, width); "decoded": the planes as they are decoded, (n, bytes).
        layout: "hwc", or "chw": (n, 3, height, width).
        width, height: pictures are scaled to this; 0: as they are.
        out: an array of that shape in C order, which is filled and returned."""
        chosen = self._numbers(numbers)
        decoder = self.file._decoder(self.index)
        picture, size = decoder.picture_format(pixels, layout, width, height)
        if pixels == "decoded":
            shape: tuple[int, ...] = (len(chosen), size)
        elif pixels == "gray":
            shape = (len(chosen), picture.height, picture.width)
        else:
            shape = (len(chosen), 3, picture.height, picture.width) if layout == "chw" else (len(chosen), picture.height, picture.width, 3)
        if out is None:
            out = np.empty(shape, np.uint8)
        elif out.shape != shape or out.dtype != np.uint8 or not out.flags.c_contiguous:
            raise ValueError(f"out must be uint8 of shape {shape} in C order")
        if len(chosen):
            decoder.decode(chosen, picture, out)
        return out

    def frames_at(self, seconds: Iterable[Seconds], **options: Any) -> npt.NDArray[np.uint8]:
        """The frames that are shown at some times: see frames() and frame_at()."""
        return self.frames([self.frame_at(time) for time in seconds], **options)

    def plan(self, numbers: Iterable[int] | npt.NDArray[Any], *, shards: int = 1, max_waste: int = 10) -> dict[str, Any]:
        """What frames() would do (h4mk/frames.h, h4mk_frames_plan()), cut into shards of about the same work: frames(shard["frames"])
        of each gives all frames, those at shard["positions"]. max_waste: per cent of the bytes that may be read in vain so that there are
        fewer requests."""
        return self.file._decoder(self.index).plan(self._numbers(numbers), shards, max_waste)

    @property
    def stats(self) -> dict[str, int]:
        """What decoding did so far in this process: groups, blocks_decoded, blocks_skipped, bytes_read."""
        return self.file._decoder(self.index).stats()

    def cancel(self) -> None:
        """Ends frames() that another thread has called, or the next one, with CancelledError."""
        self.file._cancel(self.index)

    def _numbers(self, numbers: Iterable[int] | npt.NDArray[Any]) -> npt.NDArray[np.uint64]:
        chosen = np.asarray(numbers if isinstance(numbers, (np.ndarray, list, tuple)) else list(numbers))
        if chosen.size == 0:
            return np.empty(0, np.uint64)
        if chosen.ndim != 1 or chosen.dtype.kind not in "iu":
            raise TypeError("frame numbers are integers")
        count = len(self)
        if int(chosen.max()) >= count or int(chosen.min()) < -count:
            raise IndexError(f"the track has {count} frames")
        return np.where(chosen < 0, chosen + count, chosen).astype(np.uint64)

    def __len__(self) -> int:
        return self.frame_count

    def __getitem__(self, index: int | slice) -> npt.NDArray[np.uint8]:
        if isinstance(index, slice):
            return self.frames(range(len(self))[index])
        return self.frames([index])[0]


class AudioTrack(Track):
    """A track of sound."""

    @property
    def sample_rate(self) -> int:
        """Samples a second."""
        return whole(self.description.get("sample_rate"))

    @property
    def channels(self) -> int:
        """How many channels."""
        return whole(self.description.get("channels"))

    def samples(self, start: Seconds | None = None, end: Seconds | None = None) -> npt.NDArray[np.float32]:
        """The samples from one time to another, in seconds: float32 of shape (samples, channels), full scale is 1. Sample n is at
        n / sample_rate; what is at `end` is not among them. None: from the first, to the last one. Where there is no sound they are 0."""
        decoder = self.file._decoder(self.index)
        sound = decoder.sound_format()
        first = sound.start if start is None else _sample_at(start, sound.sample_rate)
        last = sound.end if end is None else _sample_at(end, sound.sample_rate)
        return decoder.samples(first, max(last - first, 0), sound.channels)


class Attachment(Track):
    """A file within the file: a font, a picture, anything."""

    @property
    def data(self) -> bytes:
        reader = self.file._reader()
        data, size = ffi.new("const uint8_t **"), ffi.new("size_t *")
        with reader:
            reader.check(lib.h4mk_reader_attachment(reader.pointer, self.index, data, size))
            return bytes(ffi.buffer(data[0], size[0])) if size[0] else b""


_KINDS = {"video": VideoTrack, "audio": AudioTrack, "attachment": Attachment}


def make_track(file: File, index: int, description: dict[str, Any]) -> Track:
    return _KINDS.get(str(description.get("kind")), Track)(file, index, description)


def _sample_at(seconds: Seconds, rate: int) -> int:
    """The first sample that is not earlier than a time; a float stands for the sample that it was made from, if there is one."""
    seconds = _number(seconds)
    exact = _exact(seconds) * rate
    nearest = round(exact)
    return nearest if _is_made_from(seconds, nearest / rate) else ceil(exact)


def _number(seconds: Any) -> Any:
    """An array or tensor without dimensions as a number of NumPy."""
    return np.asarray(seconds)[()] if hasattr(seconds, "__array__") else seconds


def _exact(seconds: Seconds) -> Fraction:
    return Fraction(seconds.item() if isinstance(seconds, np.generic) else seconds)


def _is_made_from(seconds: Seconds, exact: float) -> bool:
    """Whether a time is this float, in the number of bits that it has."""
    return bool((type(seconds)(exact) if isinstance(seconds, np.floating) else exact) == seconds)


def _track_of(file: File, index: int) -> Track:
    return file.tracks[index]


def _position(number: int, count: int) -> int:
    if number < 0:
        number += count
    if number < 0:
        raise IndexError("there is no such number")
    return number
