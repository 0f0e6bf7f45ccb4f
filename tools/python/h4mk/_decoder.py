# SPDX-License-Identifier: MIT
"""The decoder of a track: libh4mk_frames."""
from __future__ import annotations

import threading
from typing import Any

import numpy as np
import numpy.typing as npt

from . import _library
from ._library import Handle, check, ffi, from_value, lib, new_struct, text
from ._reader import Reader

PIXELS = {"rgb": 0, "gray": 1, "decoded": 2}
LAYOUTS = {"hwc": 0, "chw": 1}
MOST_PIXELS = 16384  # h4mk_picture_format


class Decoder(Handle):
    """An h4mk_frames. It uses the reader, so that the reader is held while it works; only cancel() does not wait for that."""

    def __init__(self, reader: Reader, track: int, threads: int, max_pixels: int) -> None:
        self._frames = _library.frames_library()
        self._reader = reader
        options = new_struct("h4mk_frames_options", threads=threads, max_pixels=max_pixels)
        if reader.http is not None:
            options.prefetch = ffi.addressof(self._frames, "h4mk_http_prefetch")
            options.prefetch_opaque = reader.http.pointer
        self._cancelling = threading.Lock()
        out = ffi.new("h4mk_frames **")
        with reader:
            status = self._frames.h4mk_frames_open(reader.pointer, track, options, out)
        super().__init__(out[0], self._frames.h4mk_frames_free, reader)
        if status >= 100:
            message = self._message(status)
            self.free()
            check(status, message)

    def _message(self, status: int) -> str:
        message = text(self._frames.h4mk_frames_message(self.pointer))
        http = self._reader.http
        if status == 200 and http is not None:
            message += ": " + text(_library.frames_library().h4mk_http_message(http.pointer))
        return message

    def _check(self, status: int) -> None:
        if status >= 100:
            check(status, self._message(status))

    def picture_format(self, pixels: str, layout: str, width: int, height: int) -> tuple[Any, int]:
        """The struct, filled in, and the bytes of a picture."""
        if pixels not in PIXELS or layout not in LAYOUTS:
            raise ValueError(f"pixels are one of {', '.join(PIXELS)}; a layout is one of {', '.join(LAYOUTS)}")
        if (width, height) != (0, 0) and not (0 < width <= MOST_PIXELS and 0 < height <= MOST_PIXELS):
            raise ValueError(f"width and height are both 0 or both 1 to {MOST_PIXELS}")
        picture = new_struct("h4mk_picture_format", pixels=PIXELS[pixels], layout=LAYOUTS[layout], width=width, height=height)
        size = ffi.new("uint64_t *")
        with self._reader:
            self._check(self._frames.h4mk_frames_picture_size(self.pointer, picture, size))
        return picture, int(size[0])

    def decode(self, numbers: npt.NDArray[np.uint64], picture: Any, out: npt.NDArray[np.uint8]) -> None:
        with self._reader:
            self._check(self._frames.h4mk_frames_decode(self.pointer, ffi.from_buffer("uint64_t[]", numbers), len(numbers), picture,
                                                        ffi.from_buffer("uint8_t[]", out, require_writable=True), out.nbytes))

    def plan(self, numbers: npt.NDArray[np.uint64], shards: int, max_waste: int) -> dict[str, Any]:
        options = new_struct("h4mk_plan_options", shards=shards, max_waste=max_waste)
        out = ffi.new("h4mk_value **")
        with self._reader:
            self._check(self._frames.h4mk_frames_plan(self.pointer, ffi.from_buffer("uint64_t[]", numbers), len(numbers), options, out))
        try:
            return dict(from_value(out[0]))
        finally:
            lib.h4mk_value_free(out[0])

    def stats(self) -> dict[str, int]:
        stats = new_struct("h4mk_frames_stats")
        with self._reader:
            self._check(self._frames.h4mk_frames_get_stats(self.pointer, stats))
        return {name: int(getattr(stats, name)) for name in ("groups", "blocks_decoded", "blocks_skipped", "bytes_read")}

    def sound_format(self) -> Any:
        sound = new_struct("h4mk_sound_format")
        with self._reader:
            self._check(self._frames.h4mk_frames_sound_format(self.pointer, sound))
        return sound

    def samples(self, first: int, count: int, channels: int) -> npt.NDArray[np.float32]:
        out = np.empty((count, channels), np.float32)
        with self._reader:
            self._check(self._frames.h4mk_frames_samples(self.pointer, first, count, ffi.from_buffer("float[]", out, require_writable=True)))
        return out

    def cancel(self) -> None:
        with self._cancelling:
            if self._finalizer.alive:
                self._frames.h4mk_frames_cancel(self.pointer)

    def free(self) -> None:
        with self._cancelling:
            super().free()
