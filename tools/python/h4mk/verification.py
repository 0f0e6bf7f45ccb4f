# SPDX-License-Identifier: MIT
"""Whether a file is as it was written."""
from __future__ import annotations

import dataclasses

from ._errors import Error
from ._library import AGAIN, END, ffi, lib, new_struct
from ._reader import Reader, Source

_GOES_ON = (303, 304, 306)  # damage, a missing file beside this one, an unknown feature: the next call goes on behind it


@dataclasses.dataclass(frozen=True)
class Signature:
    """What is signed of a file (h4mk.h, h4mk_signature)."""

    is_final: bool
    descriptions_unsigned: bool
    chunk_count: int
    signed_until: int
    problem_count: int

    @property
    def ok(self) -> bool:
        """Signed up to its end, and as it was signed as far as it was read."""
        return self.is_final and not self.descriptions_unsigned and self.problem_count == 0


@dataclasses.dataclass
class Report:
    """What verify() found."""

    problems: list[str]
    chunks: int
    packets: int
    is_closed: bool
    signature: Signature | None

    @property
    def ok(self) -> bool:
        """Every checksum holds, the file has its end, and, with a verify_key, the signature is good."""
        return not self.problems and self.is_closed and (self.signature is None or self.signature.ok)

    def __bool__(self) -> bool:
        return self.ok


def signature_of(reader: Reader) -> Signature:
    signature = new_struct("h4mk_signature")
    with reader:
        reader.check(lib.h4mk_reader_signature(reader.pointer, signature))
    return Signature(bool(signature.is_final), bool(signature.descriptions_unsigned), signature.chunk_count, signature.signed_until,
                     signature.problem_count)


def verify(source: Source) -> Report:
    """Reads every chunk and every block of a file."""
    try:
        reader = Reader(source)
    except Error as error:
        return Report([str(error)], 0, 0, False, None)
    try:
        problems: list[str] = []
        chunks = _read_chunks(reader, problems)
        packets = _read_blocks(reader, problems)
        problems += iter(reader.next_warning, None)
        is_closed = bool(lib.h4mk_reader_is_closed(reader.pointer))
        signature = signature_of(reader) if source.verify_key is not None else None
        return Report(list(dict.fromkeys(problems)), chunks, packets, is_closed, signature)
    finally:
        reader.free()


def _read_chunks(reader: Reader, problems: list[str]) -> int:
    chunk, data, size = new_struct("h4mk_chunk"), ffi.new("const uint8_t **"), ffi.new("size_t *")
    count = offset = 0
    while (status := lib.h4mk_reader_chunk(reader.pointer, offset, chunk)) == 0:
        count += 1
        if lib.h4mk_reader_chunk_payload(reader.pointer, chunk, data, size) >= 100:
            problems.append(reader._message())
        offset = chunk.next
    if status >= 100:
        problems.append(reader._message())
    return count


def _read_blocks(reader: Reader, problems: list[str]) -> int:
    block, count = new_struct("h4mk_block"), 0
    while (status := lib.h4mk_reader_next(reader.pointer, block)) not in (END, AGAIN):
        if status == 0:
            count += 1
            continue
        problems.append(reader._message())
        if status not in _GOES_ON:
            break
    return count
