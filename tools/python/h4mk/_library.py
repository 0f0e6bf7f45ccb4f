# SPDX-License-Identifier: MIT
"""The C libraries, handles of theirs, and values of theirs as Python's."""
from __future__ import annotations

import json
import os
import pathlib
import threading
import weakref
from typing import Any, Callable

from . import _ffi
from ._errors import UnsupportedError, error_of

ffi: Any = _ffi.ffi
NO_TIME = -(2**63)
OK, END, AGAIN = 0, 1, 2


def _load(name: str) -> Any:
    """The library in the folder H4MK_LIBRARY_DIR; beside the package as `cmake --install` lays it out; or the system's."""
    folders = [os.environ.get("H4MK_LIBRARY_DIR")]
    package = pathlib.Path(__file__).resolve().parent
    if package.parts[-3:-1] == ("python3", "dist-packages"):  # else the folder three levels up may be anybody's, as /tmp is
        folders.append(str(package.parents[2]))
    for folder in folders:
        if folder and os.path.exists(os.path.join(folder, name)):
            return ffi.dlopen(os.path.join(folder, name))
    return ffi.dlopen(name)


lib: Any = _load("libh4mk.so.1")
_frames: Any = None


def frames_library() -> Any:
    """libh4mk_frames, which decodes and reads URLs; loaded when it is needed first."""
    global _frames
    if _frames is None:
        try:
            _frames = _load("libh4mk_frames.so.1")
        except OSError as error:
            raise UnsupportedError(f"decoding and URLs need libh4mk_frames, which cannot be loaded: {error}") from None
    return _frames


def check(status: int, message: str = "") -> None:
    """Raises the exception for a status that is an error."""
    if status >= 100:
        raise error_of(status, message or text(lib.h4mk_strerror(status)))


def text(pointer: Any) -> str:
    """A C string; "" for NULL. Bytes that are no UTF-8 are kept as os.fsdecode() does."""
    return ffi.string(pointer).decode("utf-8", "surrogateescape") if pointer else ""


class Handle:
    """A pointer that is freed with this object, but only by the process that made it: after fork() the child leaves its copy
    alone, since threads and files that belong to it are the parent's. `with handle:` lets one thread use it at a time, and raises
    ValueError once it was freed, and in a child."""

    def __init__(self, pointer: Any, free: Callable[[Any], None], keep: Any = None) -> None:
        self.pointer = pointer
        self.pid = os.getpid()
        self._lock = threading.RLock()
        self._keep = keep  # what the pointer refers to
        self._finalizer = weakref.finalize(self, _free, pointer, free, self.pid, keep)
        self._finalizer.atexit = False  # daemon threads may be within the library until the process ends

    def free(self) -> None:
        if os.getpid() == self.pid:  # a thread of the parent may have held the lock when this process was forked
            with self._lock:
                self._finalizer()

    def check_process(self) -> None:
        """Both would move in the same open file, or write the same bytes."""
        if os.getpid() != self.pid:
            raise ValueError("it was opened by another process, and cannot be used by this one")

    def __enter__(self) -> None:
        self.check_process()  # a thread of the parent may have held the lock
        self._lock.acquire()
        if not self._finalizer.alive:
            self._lock.release()
            raise ValueError("the file was closed")

    def __exit__(self, *_: object) -> None:
        self._lock.release()


def _free(pointer: Any, free: Callable[[Any], None], pid: int, keep: Any) -> None:
    if os.getpid() == pid:
        free(pointer)


def from_value(value: Any) -> Any:
    """An h4mk_value as dict, list, str, int …"""
    if not value:
        return {}
    made = lib.h4mk_value_to_json(value)
    if not made:
        raise MemoryError
    return json.loads(ffi.string(made))


def to_value(data: Any) -> Any:
    """A new h4mk_value, freed when the result is collected."""
    encoded = json.dumps(data, ensure_ascii=False).encode("utf-8", "surrogateescape")
    out = ffi.new("h4mk_value **")
    check(lib.h4mk_value_from_json(encoded, len(encoded), out), "cannot be written as JSON")
    return ffi.gc(out[0], lib.h4mk_value_free)


def bytes_of(data: Any) -> tuple[Any, int]:
    """A pointer to the bytes of a buffer, and their number, which need not be what len() says. Keep it while it is used: nobody
    resizes the buffer until then."""
    pointer = ffi.from_buffer("uint8_t[]", data)
    return pointer, len(pointer)


def c_text(text: str) -> Any:
    """A C string, which ends at its first null character."""
    if "\0" in text:
        raise ValueError("a name has no null character")
    return ffi.new("char[]", text.encode())


def refuse_text(key: object) -> None:
    """Key files hold hexadecimal digits; a key is what they stand for."""
    if isinstance(key, str):
        raise TypeError("a key is bytes: bytes.fromhex() makes them of hexadecimal digits")


def new_struct(name: str, **members: Any) -> Any:
    """A zeroed struct whose struct_size is set."""
    struct = ffi.new(name + " *")
    struct.struct_size = ffi.sizeof(name)
    for member, value in members.items():
        setattr(struct, member, value)
    return struct
