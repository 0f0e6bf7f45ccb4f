# SPDX-License-Identifier: MIT
"""A file that is open for reading: where its bytes come from, and the h4mk_reader over them."""
from __future__ import annotations

import dataclasses
import errno
import os
from typing import Any, Mapping, Union

from . import _library
from ._library import Handle, bytes_of, check, ffi, lib, new_struct, refuse_text, text

Place = Union[str, "os.PathLike[str]", bytes, bytearray, memoryview]
Key = Union[bytes, Mapping[bytes, bytes]]


@dataclasses.dataclass(frozen=True)
class Source:
    """What open() was told: enough to open the same file again, in another process too."""

    place: str | bytes
    key: bytes | dict[bytes, bytes] | None = None
    verify_key: str | None = None
    beside: dict[str, str] | None = None

    @property
    def is_url(self) -> bool:
        return isinstance(self.place, str) and self.place[:8].lower().startswith(("http://", "https://"))


def source_of(place: Place, key: Key | None, verify_key: str | bytes | None, beside: Mapping[str, str] | None) -> Source:
    if isinstance(place, (bytearray, memoryview)):
        place = bytes(place)
    if not isinstance(place, (str, bytes)):
        place = os.fsdecode(place)  # a path may be of bytes; bytes alone are a file's
    if isinstance(place, str) and "\0" in place:
        raise ValueError("a path has no null character")
    refuse_text(key)
    if isinstance(verify_key, bytes):
        verify_key = verify_key.decode("ascii")
    if key is not None and not isinstance(key, bytes):
        key = dict(key)
    return Source(place, key, verify_key, dict(beside) if beside is not None else None)


class Reader(Handle):
    """An h4mk_reader. One thread at a time may use it: `with reader:`."""

    def __init__(self, source: Source, http: Any = None) -> None:
        self.source = source
        self.wanted: set[int] | None = None  # the tracks whose blocks come; None: all
        self.has_moved = False  # from its beginning
        self.http = http if http is not None or not source.is_url else open_http(source)
        options, keep = _options(source, self.http)
        io = new_struct("h4mk_io")
        _open_io(source, self.http, io, keep)
        out = ffi.new("h4mk_reader **")
        status = lib.h4mk_reader_open(io, options, out)
        super().__init__(out[0], lambda pointer: _close(pointer, io), (keep, self.http))
        if status >= 100:
            message = self._message() or f"{_name(source)}: {text(lib.h4mk_strerror(status))}"
            self.free()
            check(status, message)

    def _message(self) -> str:
        return text(lib.h4mk_reader_message(self.pointer))

    def check(self, status: int) -> None:
        check(status, self._message() if status >= 100 else "")

    def next_warning(self) -> str | None:
        warning = lib.h4mk_reader_next_warning(self.pointer)
        return text(warning) if warning else None


def open_http(source: Source) -> Handle:
    """The connections to the server of a URL."""
    frames = _library.frames_library()
    beside = source.beside or {}
    names = [ffi.new("char[]", name.encode()) for name in beside]
    urls = [ffi.new("char[]", url.encode()) for url in beside.values()]
    options = new_struct("h4mk_http_options", beside_count=len(names))
    keep = (names, urls, ffi.new("char *[]", names), ffi.new("char *[]", urls))
    options.beside_names, options.beside_urls = keep[2:]
    out = ffi.new("h4mk_http **")
    status = frames.h4mk_http_open(str(source.place).encode(), options, out)
    handle = Handle(out[0], frames.h4mk_http_free, keep)
    if status >= 100:
        message = text(frames.h4mk_http_message(handle.pointer))
        handle.free()
        check(status, message)
    return handle


def _options(source: Source, http: Handle | None) -> tuple[Any, list[Any]]:
    options = new_struct("h4mk_reader_options")
    keep: list[Any] = []
    if source.key is not None:
        keys = {b"": source.key} if isinstance(source.key, bytes) else source.key
        array = ffi.new("h4mk_key[]", len(keys))
        for entry, (kid, key) in zip(array, keys.items()):
            keep += [bytes_of(kid), bytes_of(key)]
            entry.struct_size = ffi.sizeof("h4mk_key")
            entry.kid, entry.kid_size = keep[-2] if kid else (ffi.NULL, 0)
            entry.key, entry.key_size = keep[-1]
        options.keys, options.key_count = array, len(keys)
        keep.append(array)
    if source.verify_key is not None:
        pem = ffi.new("char[]", source.verify_key.encode())
        options.verify_key, options.refuse_unsigned = pem, 1
        keep.append(pem)
    if http is not None:
        options.open_beside, options.beside_opaque = _library.frames_library().h4mk_http_open_beside, http.pointer
    elif isinstance(source.place, str):
        path = ffi.new("char[]", os.fsencode(source.place))
        options.open_beside = ffi.addressof(lib, "h4mk_io_open_beside")
        options.beside_opaque = path
        keep.append(path)
    return options, keep


def _open_io(source: Source, http: Handle | None, io: Any, keep: list[Any]) -> None:
    if http is not None:
        check(_library.frames_library().h4mk_http_io(http.pointer, io))
    elif isinstance(source.place, bytes):
        keep.append(bytes_of(source.place))
        check(lib.h4mk_io_open_memory(*keep[-1], io))
    else:
        if os.path.isdir(source.place):  # it would open, and could not be read
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), source.place)
        status = lib.h4mk_io_open_file(os.fsencode(source.place), lib.H4MK_OPEN_READ, io)
        if status == 200:
            raise OSError(ffi.errno, os.strerror(ffi.errno), source.place)
        check(status)


def _close(pointer: Any, io: Any) -> None:
    lib.h4mk_reader_free(pointer)
    lib.h4mk_io_close(io)


def _name(source: Source) -> str:
    return "the bytes" if isinstance(source.place, bytes) else str(source.place)
