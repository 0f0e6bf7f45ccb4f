# SPDX-License-Identifier: MIT
"""core.md, "Compressed blocks" and "External data": the bytes of blocks where they are not simply here."""

import os
import stat

from .primitives import Broken, Bytes, Cursor, require

MAX_CONTENT = 64 << 20
ZSTD_MAGIC = 0xFD2FB528
ZSTD_BLOCK = 128 << 10


def zstd_content(frame: Bytes) -> tuple[int, bytes | None]:
    """The content size of a zstd frame (RFC 8878) that keeps the rules, and its content if it has raw and RLE blocks
    only: the standard library has no zstd."""
    cursor = Cursor(frame)
    size, checksum = _frame_header(cursor)
    require(size <= MAX_CONTENT, "the content is larger than 64 MiB")
    require(size <= max(64 << 10, 1024 * len(frame)), "the content is too large for what is stored")
    parts: list[bytes] = []
    understood, last, total = True, False, 0
    while not last:
        head = cursor.fixed(3)
        last, kind, length = bool(head & 1), head >> 1 & 3, head >> 3
        require(kind < 3 and length <= ZSTD_BLOCK, "a block of a frame is not possible")
        total += length if kind < 2 else 0
        require(total <= size, "a frame gives more than its content size")
        if kind == 0:
            parts.append(bytes(cursor.take(length)))
        elif kind == 1:
            parts.append(bytes(cursor.take(1)) * length)
        else:
            cursor.take(length)
            understood = False
    cursor.take(4 if checksum else 0)
    require(cursor.left() == 0, "something stands behind the frame")
    if not understood:
        return size, None
    require(total == size, "a frame gives another number of bytes")
    return size, b"".join(parts)


def _frame_header(cursor: Cursor) -> tuple[int, bool]:
    """Content size, and whether a checksum follows the blocks."""
    require(cursor.fixed(4) == ZSTD_MAGIC, "no zstd frame")
    descriptor = cursor.fixed(1)
    single_segment = bool(descriptor & 0x20)
    require(not descriptor & 0x08, "a reserved bit of a frame is set")
    require(bool(descriptor >> 6) or single_segment, "a frame does not tell its content size")
    if not single_segment:
        cursor.fixed(1)
    require(cursor.fixed((0, 1, 2, 4)[descriptor & 3]) == 0, "a frame needs a dictionary")
    width = (1, 2, 4, 8)[descriptor >> 6]
    return cursor.fixed(width) + (256 if width == 2 else 0), bool(descriptor & 4)


class OtherFiles:
    """Files beside. Opens nothing but regular files in one folder, follows no link, waits for no pipe."""

    def __init__(self, folder: str | None) -> None:
        self.folder = folder

    def read(self, name: str, ranges: list[tuple[int, int]]) -> list[bytes]:
        """The bytes of all ranges (offset, size). Raises Broken if the file or one of them is not there."""
        require(self.folder is not None, "there is no folder")
        flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
        try:
            descriptor = os.open(os.path.join(self.folder, name), flags)
        except OSError as error:
            raise Broken(str(error)) from error
        try:
            status = os.fstat(descriptor)
            require(stat.S_ISREG(status.st_mode), "no regular file")
            require(all(offset + size <= status.st_size for offset, size in ranges), "the file is shorter")
            return [self._read_range(descriptor, offset, size) for offset, size in ranges]
        finally:
            os.close(descriptor)

    @staticmethod
    def _read_range(descriptor: int, offset: int, size: int) -> bytes:
        parts, left = [], size
        while left:
            parts.append(os.pread(descriptor, left, offset + size - left))
            require(parts[-1] != b"", "the file became shorter")
            left -= len(parts[-1])
        return b"".join(parts)
