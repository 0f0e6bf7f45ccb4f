# SPDX-License-Identifier: MIT
"""core.md, "Conventions" and "Column": integers, varints, columns, and CRCs that start from the file's salt."""

import zlib

MASK = 2**64 - 1
NO_TIME = -(2**63)
Bytes = bytes | memoryview


class Broken(Exception):
    """A structure that breaks a rule. Whoever reads it does without this structure, not without the file."""


def require(condition: bool, rule: str) -> None:
    if not condition:
        raise Broken(rule)


def signed(value: int) -> int:
    """The number from -2^63 on that is the same modulo 2^64: "added and subtracted modulo 2^64"."""
    value &= MASK
    return value - 2**64 if value >> 63 else value


class Budget:
    """ "Work is in proportion to the size of the file": constant columns cost two bytes however long they are, so
    values are counted before they are made. What the structures of a good file have together stays far below."""

    def __init__(self, file_size: int) -> None:
        self.left = 4 * file_size + 4096

    def take(self, values: int) -> None:
        require(values <= self.left, "more values than a file of this size can have")
        self.left -= values


class Cursor:
    """Reads a structure from its first byte on, and never beyond its last one."""

    def __init__(self, data: Bytes) -> None:
        self.data = data
        self.position = 0

    def left(self) -> int:
        return len(self.data) - self.position

    def take(self, size: int) -> Bytes:
        require(0 <= size <= self.left(), "a length is more than what is left")
        self.position += size
        return self.data[self.position - size : self.position]

    def fixed(self, size: int) -> int:
        return int.from_bytes(self.take(size), "little")

    def i64(self) -> int:
        return signed(self.fixed(8))

    def varint(self) -> int:
        """Seven bits a byte, lowest first; at most 10 bytes, no bits beyond 64."""
        value = 0
        for shift in range(0, 70, 7):
            byte = self.fixed(1)
            value |= (byte & 0x7F) << shift
            if byte < 0x80:
                require(value <= MASK, "a varint has bits beyond 64")
                return value
        raise Broken("a varint has more than 10 bytes")

    def signed_varint(self) -> int:
        """0, -1, 1, -2, 2 … are the varints 0, 1, 2, 3, 4 …"""
        value = self.varint()
        return -(value >> 1) - 1 if value & 1 else value >> 1

    def column(self, count: int) -> list[int]:
        """ "Column": `count` integers, given back as signed ones."""
        if count == 0:
            return []
        first = self.fixed(1)
        if first == 0x7F:
            return [0] * count
        width = first & 0x7F
        require(width <= 64, "a column is wider than 64 bits")
        extras = self.fixed(1) if first & 0x80 else 0
        require(extras < 4, "a reserved bit of a column is set")
        minimum = self.signed_varint()
        step = self.varint() if extras & 1 else 1
        exceptions = self._exceptions(count) if extras & 2 else []
        packed = self.take((count * width + 7) // 8)
        if width == 0 and not exceptions:
            return [signed(minimum)] * count
        residuals = unpack(packed, width, count)
        for position, residual in exceptions:
            residuals[position] = residual
        return [signed(minimum + step * residual) for residual in residuals]

    def _exceptions(self, count: int) -> list[tuple[int, int]]:
        number = self.varint()
        require(number <= count, "a column has more exceptions than values")
        found, position = [], 0
        for _ in range(number):
            position += self.varint()
            require(position < count, "an exception stands behind the column")
            found.append((position, self.varint()))
            position += 1
        return found

    def deltas(self, count: int) -> list[int]:
        """ "Deltas": the first value, and a column of the differences."""
        if count == 0:
            return []
        values = [self.signed_varint()]
        for difference in self.column(count - 1):
            values.append(signed(values[-1] + difference))
        return values


def unpack(packed: Bytes, width: int, count: int) -> list[int]:
    """Residuals of `width` bits each, lowest bit first. Eight of them fill whole bytes."""
    if width == 0:
        return [0] * count
    mask, values = (1 << width) - 1, []
    for start in range(0, len(packed), width):
        eight = int.from_bytes(packed[start : start + width], "little")
        values += [eight >> shift & mask for shift in range(0, 8 * width, width)]
    return values[:count]


# CRC-32 as arithmetic of polynomials modulo this one, bits reversed: 0x80000000 is 1, 0x40000000 is x.
_POLYNOMIAL = 0xEDB88320


def _multiply(a: int, b: int) -> int:
    product = 0
    for bit in range(31, -1, -1):
        if a >> bit & 1:
            product ^= b
        b = b >> 1 ^ (_POLYNOMIAL if b & 1 else 0)
    return product


def _powers() -> list[int]:
    """x^(2^k), k = 0 … 31."""
    powers = [0x40000000]
    while len(powers) < 32:
        powers.append(_multiply(powers[-1], powers[-1]))
    return powers


_POWERS = _powers()
_ORDER = 2**32 - 1  # x to this power is 1


def move(crc: int, size: int) -> int:
    """What `crc` becomes by `size` zero bytes, or was before -`size` of them, without the inversions of CRC-32:
    crc32(a + b) == move(crc32(a), len(b)) ^ crc32(b)."""
    exponent, bit = 8 * size % _ORDER, 0
    while exponent >> bit:
        if exponent >> bit & 1:
            crc = _multiply(_POWERS[bit], crc)
        bit += 1
    return crc


class Crc:
    """CRCs of any ranges of a file. Long ranges come from CRCs of what is before their ends: however many ranges
    overlap in a damaged or hostile file, each byte is read about once."""

    STEP = 1 << 14

    def __init__(self, data: Bytes, salt: int) -> None:
        self.data = data
        self.salt = salt
        self._prefixes = [0]  # of the first 0, STEP, 2 STEP … bytes

    def of(self, begin: int, end: int) -> int:
        if end - begin <= 4 * self.STEP:
            return zlib.crc32(self.data[begin:end], self.salt)
        return self._prefix(end) ^ move(self._prefix(begin) ^ self.salt, end - begin)

    def _prefix(self, end: int) -> int:
        while len(self._prefixes) <= end // self.STEP:
            begin = (len(self._prefixes) - 1) * self.STEP
            self._prefixes.append(zlib.crc32(self.data[begin : begin + self.STEP], self._prefixes[-1]))
        begin = end // self.STEP * self.STEP
        return zlib.crc32(self.data[begin:end], self._prefixes[end // self.STEP])


def salt_for(message: Bytes, crc: int) -> int:
    """ "A damaged salt": the salt from which the CRC of `message` is `crc`."""
    return move(crc ^ zlib.crc32(message), -len(message))
