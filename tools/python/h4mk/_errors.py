# SPDX-License-Identifier: MIT
"""What can go wrong, as exceptions: one for each status of h4mk.h."""
from __future__ import annotations


class Error(Exception):
    """Anything that libh4mk refuses. `status` is its number (h4mk_status in h4mk.h)."""

    status = 0

    def __init__(self, message: str, status: int = 0) -> None:
        super().__init__(message)
        self.status = status or type(self).status

    def __reduce__(self) -> tuple[type, tuple[str, int]]:
        return type(self), (str(self), self.status)


class ArgumentError(Error, ValueError):
    """A parameter is outside its range."""

    status = 100


class StateError(Error):
    """The call is not allowed now."""

    status = 102


class CancelledError(Error):
    """Somebody asked to stop."""

    status = 104


class LimitError(Error, ValueError):
    """A limit of the format would be exceeded."""

    status = 103


class ReadError(Error, OSError):
    """Bytes could not be read or written."""

    status = 200


class FormatError(Error, ValueError):
    """Not an H4MK file, or one of a version that this library does not read."""

    status = 300


class CorruptError(Error, ValueError):
    """A checksum, a hash or a signature does not hold; the message names the offset."""

    status = 303


class NotFoundError(Error, LookupError):
    """No such track, frame, packet or time; or the file beside a sidecar is not there."""

    status = 304


class KeyRequiredError(Error):
    """A key is missing or is the wrong one."""

    status = 305


class UnsupportedError(Error):
    """The file or a codec needs something that is not there; the message names it."""

    status = 306


_BY_STATUS: dict[int, type[Error]] = {
    100: ArgumentError, 102: StateError, 103: LimitError, 104: CancelledError, 200: ReadError, 201: ReadError, 300: FormatError,
    301: FormatError, 302: FormatError, 303: CorruptError, 304: NotFoundError, 305: KeyRequiredError, 306: UnsupportedError,
}


def error_of(status: int, message: str) -> Exception:
    """The exception for a status of h4mk.h."""
    if status == 101:
        return MemoryError(message)
    return _BY_STATUS.get(status, Error)(message, status)
