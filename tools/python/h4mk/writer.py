# SPDX-License-Identifier: MIT
"""Writes files."""
from __future__ import annotations

import contextlib
import os
from fractions import Fraction
from typing import Any, Mapping, Sequence, Union

import numpy as np

from ._described import rational
from ._library import NO_TIME, Handle, bytes_of, c_text, check, ffi, lib, new_struct, refuse_text, text, to_value

Data = Union[bytes, bytearray, memoryview, "np.ndarray[Any, Any]"]


class Writer:
    """Writes a file of version 2, block by block; a crash costs the last two seconds at most.

        with h4mk.Writer("sensors.h4mk") as writer:
            arm = writer.add_track("data", "x-example.org-arm", time_base=Fraction(1, 1000))
            arm.write(np.zeros(7, np.float32), pts=0)

    Leaving the `with` block normally writes the index and the end; leaving it by an exception does not, and what was written
    can be read all the same. place: a path, or None: the file is kept in memory, and getvalue() has it. key: every packet is
    encrypted with it. signing_key: a private key in PEM form. repeatable: the same input gives the same bytes. Any thread may
    use a writer, but only the process that made it."""

    def __init__(self, place: str | os.PathLike[str] | None = None, *, key: bytes | None = None, key_id: bytes = b"",
                 signing_key: str | None = None, repeatable: bool = False, reserve_index_space: int = 0) -> None:
        refuse_text(key)
        self._meta: dict[str, Any] = {}
        self._used_ids: set[int] = set()
        options, keep = _options(key, key_id, signing_key, repeatable, reserve_index_space)
        if place is not None:  # opening a file empties it: what is wrong with the keys is found before
            memory = new_struct("h4mk_io")
            check(lib.h4mk_io_new_memory(memory))
            _open(memory, options).free()
        io = new_struct("h4mk_io")
        if place is None:
            check(lib.h4mk_io_new_memory(io))
        else:
            if b"\0" in os.fsencode(place):
                raise ValueError("a path has no null character")
            status = lib.h4mk_io_open_file(os.fsencode(place), lib.H4MK_OPEN_WRITE, io)
            if status == 200:
                raise OSError(ffi.errno, os.strerror(ffi.errno), os.fspath(place))
            check(status)
        self._io = io
        self._value: bytes | None = None
        self._in_memory = place is None
        self._handle = _open(io, options)
        del keep

    def _call(self, function: Any, *arguments: Any) -> None:
        """One thread at a time is within the library."""
        handle = self._handle
        if handle is None:
            raise ValueError("the writer was closed")
        with handle:
            status = function(handle.pointer, *arguments)
            if status >= 100:
                check(status, text(lib.h4mk_writer_message(handle.pointer)))

    # ------------------------------------------------------------------------------------------- descriptions

    def add_track(self, kind: str, codec: str, *, name: str = "", time_base: Fraction | str = Fraction(1, 1000), track_id: int | None = None,
                  **description: Any) -> OutputTrack:
        """Adds a track; tracks may also come when packets were written. More keys are those of ffmpeg.md, "Keys of TRAK" (`width`,
        `sample_rate`, `tags`, `compression="zstd"` …); `extradata` may be bytes. A codec that FFmpeg does not have begins with
        "x-" and names its owner."""
        base = rational(time_base) if isinstance(time_base, str) else Fraction(time_base)
        if base is None:
            raise ValueError(f'time_base is a Fraction, or a text as "1/25", not {time_base!r}')
        if track_id is None:
            track_id = max(self._used_ids, default=0) + 1
        return self.add_description({"track_id": track_id, "name": name, "kind": kind, "codec": codec,
                                     "time_base": f"{base.numerator}/{base.denominator}", **description})

    def add_description(self, description: Mapping[str, Any]) -> OutputTrack:
        """Adds a track that is described as one that was read (Track.description)."""
        value = _description(description)
        index = ffi.new("uint32_t *")
        self._call(lib.h4mk_writer_add_track, value, index)
        self._used_ids.add(int(description["track_id"]))
        return OutputTrack(self, int(index[0]), dict(description))

    def attach(self, name: str, data: bytes, mimetype: str = "application/octet-stream", codec: str = "none") -> None:
        """Adds a file within the file. Only before the first packet."""
        tags = {"filename": name, "mimetype": mimetype}
        track = self.add_track("attachment", codec, name=name, tags=tags)
        self._call(lib.h4mk_writer_set_attachment, track.index, *bytes_of(data))

    def set_meta(self, meta: Mapping[str, Any]) -> None:
        """Sets all that is known of the file as a whole (ffmpeg.md, "Keys of META"); the last one that was set counts."""
        self._call(lib.h4mk_writer_set_meta, to_value(dict(meta)))
        self._meta = dict(meta)

    def set_tags(self, **tags: str) -> None:
        self.set_meta({**self._meta, "tags": tags})

    def set_chapters(self, chapters: Sequence[tuple[Fraction | float, Fraction | float, str]]) -> None:
        """Sets the chapters: start and end in seconds, title. They are kept to the nanosecond."""
        entries = [{"id": i, "time_base": "1/1000000000", "start": round(Fraction(start) * 10**9), "end": round(Fraction(end) * 10**9),
                    "tags": {"title": title}} for i, (start, end, title) in enumerate(chapters)]
        self.set_meta({**self._meta, "chapters": entries})

    # ------------------------------------------------------------------------------------------- packets

    def write(self, track: OutputTrack, data: Data, *, pts: int | None = None, dts: int | None = None, duration: int | None = None,
              key: bool = True, discard: bool = False, flags: int | None = None, side_data: Mapping[str, bytes] | None = None) -> None:
        """Appends a packet; times are in ticks of the track. data: bytes, or an array, of which the bytes are kept (of a NumPy array
        in C order). key: a decoder can start here. discard: it is decoded but not shown, and no frame. flags: H4MK_BLOCK_..., in the place of both.
        Packets of all tracks come in decoding order."""
        if isinstance(data, np.ndarray):
            data = np.ascontiguousarray(data).reshape(-1).view(np.uint8) if data.size else b""
        block = new_struct("h4mk_block")
        block.track = track.index
        block.pts = NO_TIME if pts is None else pts
        block.dts = NO_TIME if dts is None else dts
        block.duration = duration or 0
        if flags is None:
            flags = (lib.H4MK_BLOCK_KEY | lib.H4MK_BLOCK_TYPE_I if key else lib.H4MK_BLOCK_TYPE_P) | (lib.H4MK_BLOCK_DISCARD if discard else 0)
        block.flags = flags
        keep: list[Any] = [bytes_of(data), _side_data(block, side_data or {})]
        block.data, block.size = keep[0]
        self._call(lib.h4mk_writer_write, block)
        del keep

    def flush(self) -> None:
        """What was written so far can then be read by others."""
        self._call(lib.h4mk_writer_flush)

    # ------------------------------------------------------------------------------------------- end

    def finish(self) -> None:
        """Writes the index and the end, and closes the file."""
        self._call(lib.h4mk_writer_finish)
        self._close()

    def getvalue(self) -> bytes:
        """The bytes of a file in memory, once it is finished."""
        if self._value is None:
            raise ValueError("only a finished file in memory has a value")
        return self._value

    def _close(self) -> None:
        handle, self._handle = self._handle, None  # type: ignore[assignment]
        if handle is None or handle.pid != os.getpid():
            return
        with handle:
            if self._in_memory:
                data, size = ffi.new("const uint8_t **"), ffi.new("size_t *")
                check(lib.h4mk_io_memory(self._io, data, size))
                self._value = bytes(ffi.buffer(data[0], size[0])) if size[0] else b""
            handle.free()

    def __enter__(self) -> Writer:
        return self

    def __exit__(self, kind: object, *_: object) -> None:
        if self._handle is None:
            return
        if kind is None:
            self.finish()
        else:
            with contextlib.suppress(Exception):  # the first exception counts
                self.flush()
            self._close()


class OutputTrack:
    """A track that is written."""

    def __init__(self, writer: Writer, index: int, description: dict[str, Any]) -> None:
        self.writer = writer
        self.index = index
        self.description = description

    def write(self, data: Data, pts: int | None = None, **more: Any) -> None:
        """Appends a packet: see Writer.write()."""
        self.writer.write(self, data, pts=pts, **more)

    def update(self, **changes: Any) -> None:
        """Describes the track anew; track_id, time_base and compression stay."""
        self.description.update(changes)
        self.writer._call(lib.h4mk_writer_update_track, self.index, _description(self.description))


def _description(description: Mapping[str, Any]) -> Any:
    plain = {key: value for key, value in description.items() if not isinstance(value, (bytes, bytearray))}
    value = to_value(plain)
    for key, data in description.items():
        if isinstance(data, (bytes, bytearray)):
            check(lib.h4mk_value_set_bytes(value, c_text(key), *bytes_of(data)))
    return value


def _side_data(block: Any, side_data: Mapping[str, bytes]) -> list[Any]:
    entries = ffi.new("h4mk_side_data[]", max(len(side_data), 1))
    keep: list[Any] = [entries]
    for entry, (name, data) in zip(entries, side_data.items()):
        keep += [c_text(name), bytes_of(data)]
        entry.name, (entry.data, entry.size) = keep[-2:]
    block.side_data, block.side_data_count = entries, len(side_data)
    return keep


def _options(key: bytes | None, key_id: bytes, signing_key: str | None, repeatable: bool, space: int) -> tuple[Any, list[Any]]:
    """As h4mk_writer_options, and what these refer to."""
    options = new_struct("h4mk_writer_options", repeatable=int(repeatable), reserve_index_space=space)
    keep: list[Any] = []
    if key is not None:
        named = new_struct("h4mk_key")
        keep += [ffi.new("char[]", b"aes-256-gcm"), bytes_of(key), bytes_of(key_id), named]
        options.encryption_scheme, (named.key, named.key_size), kid, options.encryption_key = keep
        if key_id:
            named.kid, named.kid_size = kid
    if signing_key is not None:
        keep.append(ffi.new("char[]", signing_key.encode("ascii")))
        options.signing_key = keep[-1]
    return options, keep


def _open(io: Any, options: Any) -> Handle:
    out = ffi.new("h4mk_writer **")
    status = lib.h4mk_writer_open(io, options, out)
    handle = Handle(out[0], lambda pointer: _close(pointer, io))
    if status >= 100:
        message = text(lib.h4mk_writer_message(out[0]))
        handle.free()
        check(status, message)
    return handle


def _close(pointer: Any, io: Any) -> None:
    lib.h4mk_writer_free(pointer)
    lib.h4mk_io_close(io)
