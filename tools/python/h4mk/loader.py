# SPDX-License-Identifier: MIT
"""Frames as a data set for torch.utils.data.DataLoader, with workers that are forked or spawned. Without torch it is a sequence of
arrays."""
from __future__ import annotations

import collections
import importlib
from typing import Any, Callable, Sequence

import numpy as np
import numpy.typing as npt

from .file import File, open
from ._reader import Key, Place

try:
    _Dataset: Any = importlib.import_module("torch.utils.data").Dataset
except ImportError:
    _Dataset = object

Item = tuple[int, Sequence[int]]


def windows(count: int, length: int, *, step: int = 1, stride: int | None = None) -> list[list[int]]:
    """Frame numbers of all windows of `length` frames, `step` frames apart, in a track of `count` frames; they begin `stride` frames
    apart (length * step if None)."""
    span = (length - 1) * step + 1
    return [list(range(first, first + span, step)) for first in range(0, count - span + 1, stride or length * step)]


class FrameDataset(_Dataset):  # type: ignore[misc]
    """Item i is what the frames of items[i] are: (number of the file in `places`, frame numbers). With torch it is a tensor, uint8 of shape
    (frames, 3, height, width) in layout "chw"; else an array.

    Each process opens the files that it needs, and keeps the `open_files` that it used last. One thread decodes for each item unless
    `threads` says more: a loader has workers instead. transform: called with each item. max_pixels: as of
    open()."""

    def __init__(self, places: Sequence[Place], items: Sequence[Item], *, layout: str = "chw", width: int = 0, height: int = 0,
                 transform: Callable[[Any], Any] | None = None, open_files: int = 16, threads: int = 1, key: Key | None = None,
                 verify_key: str | None = None, max_pixels: int = 0) -> None:
        self.places = list(places)
        self.items = list(items)
        self.options: dict[str, Any] = {"layout": layout, "width": width, "height": height}
        self.transform = transform
        self.open_files = open_files
        self._open_options: dict[str, Any] = {"threads": threads, "key": key, "verify_key": verify_key, "max_pixels": max_pixels}
        self._files: collections.OrderedDict[int, File] = collections.OrderedDict()

    def __len__(self) -> int:
        return len(self.items)

    def __getitem__(self, index: int) -> Any:
        place, numbers = self.items[index]
        frames = as_tensor(self._file(place).video.frames(numbers, **self.options))
        return frames if self.transform is None else self.transform(frames)

    def _file(self, number: int) -> File:
        if number not in self._files:
            self._files[number] = open(self.places[number], **self._open_options)
            while len(self._files) > self.open_files:
                self._files.popitem(last=False)[1].close()
        self._files.move_to_end(number)
        return self._files[number]

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_files": collections.OrderedDict()}


def as_tensor(array: npt.NDArray[np.uint8]) -> Any:
    """A tensor over the same memory; without torch the array itself."""
    try:
        import torch
    except ImportError:
        return array
    return torch.from_numpy(array)
