# SPDX-License-Identifier: MIT
"""Columns and varints."""
from builder.expect import ids, problem, read
from builder.fields import Form, signed, varint, wrap
from builder.model import Block, delta, key, track

from . import invalid, valid


def ten(durations=None, sizes=None, pts=None):
    """Ten blocks of one track, the first one a key."""
    durations = durations or [10] * 10
    sizes = sizes or [2] * 10
    dts = [wrap(sum(durations[:i])) for i in range(10)]
    pts = pts or dts
    return [Block(1, bytes([65 + i]) * sizes[i], pts[i], dts[i], durations[i], "P" if i else "I", 0 if i else 4) for i in range(10)]


def one(f, blocks, **more):
    f.describe([track(1)]).cluster(blocks, **more)
    return read(f.finish())


@valid("Column")
def column_constant(f):
    """Columns of 0x7F, and constants of width 0 with another minimum."""
    return one(f, ten(durations=[-7] * 10, pts=[i * -7 for i in range(10)]))


@valid("Column")
def column_zeros_in_full(f):
    """All values are 0, but the column says so with a width, not with 0x7F."""
    return one(f, ten(), forms={"track 1 dts": Form(width=0), "track 1 pts_minus_dts": Form(width=3)})


@valid("Column")
def column_widths(f):
    """Residuals of 1, 9, 33 and 64 bits, some wider than they need be."""
    huge = [0, 2**63 - 2, 1, 2**62, 5, 2**40, 0, 3, 9, 1]
    return one(f, ten(pts=[0, 2**33 + 9, 90, 4, 50, 60, 70, 80, 91, 100], durations=huge),
               forms={"track 1 flags": Form(width=9), "track 1 size": Form(width=33), "track 1 duration": Form(width=64)})


@valid("Column")
def column_step(f):
    """Columns with steps, of 0 (all values are the minimum) and 1 as well."""
    return one(f, ten(durations=[512 * i for i in (3, 1, 2, 2, 2, 5, 9, 2, 1, 1)]),
               forms={"track 1 duration": Form(step=512), "track 1 size": Form(step=0, width=0), "track 1 flags": Form(step=1)})


@valid("Column")
def column_exceptions(f):
    """Exceptions at the first, at the last and at neighbouring positions; all values exceptions; a list of none."""
    return one(f, ten(durations=[9000, 10, 10, 11, 400, 500, 10, 10, 11, 7000]),
               forms={"track 1 duration": Form(exceptions=(0, 4, 5, 9)), "track 1 size": Form(exceptions=()),
                      "track 1 flags": Form(exceptions=tuple(range(10)))})


@valid("Column")
def column_step_and_exceptions(f):
    """A step and exceptions in one column: the step counts for the exceptions as well."""
    return one(f, ten(durations=[20, 40, 20, 2000, 20, 20, 40, 40, 20, 60]),
               forms={"track 1 duration": Form(step=20, exceptions=(3,))})


@valid("Column")
def column_extended_plain(f):
    """Bit 7 of the first byte is set, and the byte behind it says neither step nor exceptions."""
    return one(f, ten(), forms={"track 1 size": Form(extended=True), "track 1 flags": Form(extended=True)})


@valid("Column")
def column_wraps(f):
    """Values are minimum plus residual modulo 2^64: the minimum is larger than all of them."""
    return one(f, ten(durations=[3, 1, 2, 2, 2, 5, 9, 2, 1, 1]), forms={"track 1 duration": Form(minimum=2**62, width=64)})


@valid("Conventions")
def varint_with_spare_bytes(f):
    """A varint of ten bytes that says 2, and one of two bytes that says 0."""
    return one(f, ten()[:2], change={"block_count": varint(2, 10), "track 1 ordinal": varint(0, 2)})


def spoiled(f, blocks, change, forms=None):
    """Two clusters; of the second nothing may be used."""
    f.describe([track(1)]).cluster([key(1, b"good", -10)])
    good = f.clusters[0].blocks
    f.cluster(blocks, change=change, forms=forms or {})
    bad = f.clusters[1]
    return read(f.finish(), lost=ids(bad.blocks), problems=[problem("damaged_index", bad)], blocks=good + bad.blocks)


@invalid("Column")
def column_reserved_bits(f):
    """A reserved bit of the second byte of a column is set: the index is refused."""
    return spoiled(f, ten(), {}, {"track 1 duration": Form(extra_bits=4)})


@invalid("Column")
def column_width_65(f):
    """A width of 65 bits."""
    return spoiled(f, ten(), {"track 1 duration": bytes([65]) + signed(10) + bytes(82)})


@invalid("Column")
def column_too_many_exceptions(f):
    """11 exceptions in a column of 10 values."""
    return spoiled(f, ten(), {"track 1 duration": bytes([0x80, 2]) + signed(10) + varint(11) + (varint(0) + varint(1)) * 11})


@invalid("Column")
def column_exception_behind_end(f):
    """An exception at position 10 of 10 values."""
    return spoiled(f, ten(), {"track 1 duration": bytes([0x80, 2]) + signed(10) + varint(2) + varint(4) + varint(1)
                              + varint(5) + varint(1)})


@invalid("Column")
def column_exception_far_away(f):
    """A gap of 2^64 - 1, which brings a sum of positions back to the beginning."""
    return spoiled(f, ten(), {"track 1 duration": bytes([0x80, 2]) + signed(10) + varint(2) + varint(4) + varint(1)
                              + varint(2**64 - 1) + varint(1)})


@invalid("Column")
def column_cut(f):
    """The residuals of the last column need more bytes than the index has."""
    return spoiled(f, ten(), {"track 1 pts_minus_dts": bytes([8]) + signed(0) + bytes(9)})


@invalid("Conventions")
def varint_of_65_bits(f):
    """A varint of ten bytes whose last one has more than bit 63."""
    return spoiled(f, ten(), {"track 1 ordinal": b"\x81" + b"\x80" * 8 + b"\x02"})


@invalid("Conventions")
def varint_of_11_bytes(f):
    """A varint of eleven bytes, of which all but the first say 0."""
    return spoiled(f, ten(), {"track 1 ordinal": b"\x81" + b"\x80" * 9 + b"\x00"})
