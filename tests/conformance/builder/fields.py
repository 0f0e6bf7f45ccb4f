# SPDX-License-Identifier: MIT
"""Numbers, columns, and structures made of labelled fields (core.md, "Conventions" and "Column").

Every structure of a file is a Fields object: a list of parts, each with a label, what it says, and its bytes. Labels are what makes
wrong files easy (any part can be replaced by name) and what the annotated vectors are printed from.
"""
import struct
from dataclasses import dataclass, field

NO_TIME = -2**63


def wrap(value):
    """A number modulo 2^64, as a signed one."""
    return (value + 2**63) % 2**64 - 2**63


def varint(value, size=0):
    """A varint; with `size`, padded by continuation bits to that many bytes."""
    out = bytearray()
    while value > 0x7F or len(out) + 1 < size:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def signed(value):
    value = wrap(value)
    return varint(2 * value if value >= 0 else -2 * value - 1)


def u8(value):
    return struct.pack("<B", value)


def u16(value):
    return struct.pack("<H", value)


def u32(value):
    return struct.pack("<I", value % 2**32)


def u64(value):
    return struct.pack("<Q", value % 2**64)


def i64(value):
    return u64(value)


@dataclass
class Form:
    """How a column is written. What is None is chosen: the smallest width, no step, no exceptions."""
    width: int = None
    step: int = None
    minimum: int = None
    exceptions: tuple = None  # positions whose residuals stand apart from the others
    extended: bool = False    # the byte x, also where there is neither a step nor an exception
    zeros: bool = True        # 0x7F where all values are 0
    extra_bits: int = 0       # reserved bits of x


def column(values, form=None):
    values = [wrap(v) for v in values]
    form = form or Form()
    if not values:
        return b""
    if form == Form() and not any(values):
        return b"\x7f"
    minimum = min(values) if form.minimum is None else form.minimum
    step = form.step or 1
    residuals = []
    for value in values:
        difference = (value - minimum) % 2**64
        if form.step is not None and wrap(difference) % step == 0:
            difference = (wrap(difference) // step) % 2**64
        residuals.append(difference)
        assert (minimum + step * difference - value) % 2**64 == 0, "the step does not divide the values"
    exceptions = sorted(form.exceptions or ())
    plain = [0 if i in exceptions else r for i, r in enumerate(residuals)]
    width = max(plain).bit_length() if form.width is None else form.width
    assert max(plain).bit_length() <= width <= 64, "the width is too small"
    has_exceptions = form.exceptions is not None
    extended = form.extended or form.step is not None or has_exceptions or form.extra_bits
    out = bytearray([width | (0x80 if extended else 0)])
    if extended:
        out.append((form.step is not None) | 2 * has_exceptions | form.extra_bits)
    out += signed(minimum)
    if form.step is not None:
        out += varint(form.step)
    if has_exceptions:
        out += varint(len(exceptions))
        expected = 0
        for position in exceptions:
            out += varint(position - expected) + varint(residuals[position])
            expected = position + 1
    bits = 0
    for i, residual in enumerate(plain):
        bits |= residual << (i * width)
    return bytes(out) + bits.to_bytes((len(values) * width + 7) // 8, "little")


def deltas(values, form=None):
    if not values:
        return b""
    return signed(values[0]) + column([wrap(b - a) for a, b in zip(values, values[1:])], form)


@dataclass
class Part:
    label: str
    value: object
    data: bytes


@dataclass
class Fields:
    """Parts in the order of the file. `change` maps labels to other values (encoded as the right ones are) or to bytes; `forms`
    maps labels of columns to their Form."""
    change: dict = field(default_factory=dict)
    forms: dict = field(default_factory=dict)
    parts: list = field(default_factory=list)

    def put(self, label, value, encode):
        if label in self.change:
            value = self.change.pop(label)
            if isinstance(value, bytes):
                encode = bytes
        self.parts.append(Part(label, value, encode(value)))

    def put_column(self, label, values, encode=column):
        form = self.forms.pop(label, None)
        self.put(label, list(values), lambda v: encode(v, form))

    def put_deltas(self, label, values):
        self.put_column(label, values, deltas)

    def put_raw(self, label, data, value=None):
        self.put(label, data, bytes)
        if value is not None:
            self.parts[-1].value = value

    def put_fields(self, prefix, fields):
        for part in fields.done().parts:
            self.parts.append(Part(prefix + part.label, part.value, part.data))

    def done(self):
        """Catches labels that nothing was written for, which would make a wrong file right."""
        assert not self.change, f"no such field: {sorted(self.change)}"
        assert not self.forms, f"no such column: {sorted(self.forms)}"
        return self

    def bytes(self):
        self.done()
        return b"".join(part.data for part in self.parts)

    def find(self, label):
        """Offset and size of a part."""
        offset = 0
        for part in self.parts:
            if part.label == label:
                return offset, len(part.data)
            offset += len(part.data)
        raise KeyError(label)
