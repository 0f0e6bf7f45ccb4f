// SPDX-License-Identifier: MIT
// core.md, "Conventions" and "Column". The only code that touches bytes of structures: each length is checked before it is used.
import { Broken, require } from '../errors.js';

export const NO_TIME = -(2n ** 63n);
const MASK = 2n ** 64n - 1n;

/** Bounds how many values columns may make: a constant column costs two bytes however long it is. Also other work. */
export class Budget {
  left: number;
  /** At most 2^53 - 1: of a larger number one can be taken without a change. */
  constructor(most: number) {
    this.left = Math.min(most, Number.MAX_SAFE_INTEGER);
  }
  static ofFile(size: number): Budget {
    return new Budget(4 * size + 4096);
  }
  take(values: number): void {
    require(this.allows(values), 'more values than a file of this size can have');
  }
  /** Takes them if that is not too much. */
  allows(values: number): boolean {
    if (values > this.left) return false;
    this.left -= values;
    return true;
  }
}

/** Reads a structure from its first byte on, and never beyond its last one. */
export class Cursor {
  position = 0;
  constructor(readonly bytes: Uint8Array) {}

  get left(): number {
    return this.bytes.length - this.position;
  }

  take(size: number): Uint8Array {
    require(size >= 0 && size <= this.left, 'a length is more than what is left');
    this.position += size;
    return this.bytes.subarray(this.position - size, this.position);
  }

  u8(): number {
    require(this.left > 0, 'a structure ends too early');
    return this.bytes[this.position++]!;
  }

  u32(): number {
    const [a, b, c, d] = this.take(4) as unknown as [number, number, number, number];
    return (a | (b << 8) | (c << 16) | (d << 24)) >>> 0;
  }

  u64(): bigint {
    const low = this.u32();
    return (BigInt(this.u32()) << 32n) | BigInt(low);
  }

  i64(): bigint {
    return BigInt.asIntN(64, this.u64());
  }

  /** A varint of any value. */
  big(): bigint {
    let low = 0;
    for (let i = 0; i < 7; i++) {
      const byte = this.u8();
      low += (byte & 127) * 2 ** (7 * i);
      if (byte < 128) return BigInt(low);
    }
    let value = BigInt(low);
    for (let shift = 49n; shift < 70n; shift += 7n) {
      const byte = this.u8();
      value |= BigInt(byte & 127) << shift;
      if (byte < 128) {
        require(value <= MASK, 'a varint has bits beyond 64');
        return value;
      }
    }
    throw new Broken('a varint has more than 10 bytes');
  }

  /** A varint that counts something: numbers beyond 2^53 are more than any file holds. */
  varint(): number {
    const value = this.big();
    return value > 0x1fffffffffffffn ? Infinity : Number(value);
  }

  signed(): bigint {
    const value = this.big();
    return value & 1n ? -(value >> 1n) - 1n : value >> 1n;
  }

  /** A column; storing into the result takes the values modulo 2^64. */
  column(count: number): BigInt64Array {
    require(count >= 0 && count <= 2 ** 27, 'a column is too long');
    if (count === 0) return new BigInt64Array(0);
    const first = this.u8();
    if (first === 0x7f) return new BigInt64Array(count);
    const width = first & 127;
    require(width <= 64, 'a column is wider than 64 bits');
    const extras = first & 128 ? this.u8() : 0;
    require(extras < 4, 'a reserved bit of a column is set');
    const minimum = this.signed();
    const step = extras & 1 ? this.big() : 1n;
    const exceptions = extras & 2 ? this.#exceptions(count) : [];
    if (width === 0 && !exceptions.length) return new BigInt64Array(count).fill(minimum);
    const values = unpack(this.take(Math.ceil((count * width) / 8)), width, count);
    for (const [position, residual] of exceptions) values[position] = residual;
    if (minimum !== 0n || step !== 1n) for (let i = 0; i < count; i++) values[i] = BigInt.asIntN(64, minimum + step * values[i]!);
    return values;
  }

  /** A column of values that have to be 0 … most. */
  numbers(count: number, most: number, rule: string): number[] {
    const found: number[] = [];
    for (const value of this.column(count)) {
      const number = Number(value);
      require(number >= 0 && number <= most, rule);
      found.push(number);
    }
    return found;
  }

  deltas(count: number): BigInt64Array {
    const values = new BigInt64Array(count);
    if (count === 0) return values;
    values[0] = this.signed();
    const steps = this.column(count - 1);
    for (let i = 1; i < count; i++) values[i] = values[i - 1]! + steps[i - 1]!;
    return values;
  }

  #exceptions(count: number): [number, bigint][] {
    const number = this.varint();
    require(number <= count, 'a column has more exceptions than values');
    const found: [number, bigint][] = [];
    let position = 0;
    for (let i = 0; i < number; i++) {
      position += this.varint();
      require(position < count, 'an exception stands behind the column');
      found.push([position++, this.big()]);
    }
    return found;
  }
}

/** Residuals of `width` bits each, lowest bit first. */
function unpack(packed: Uint8Array, width: number, count: number): BigInt64Array {
  const values = new BigInt64Array(count);
  if (width === 0) return values;
  if (width <= 24) {
    // At most 4 bytes hold a residual: plain numbers do. Bytes behind the last one count as 0.
    for (let i = 0, bit = 0; i < count; i++, bit += width) {
      const at = Math.floor(bit / 8);
      const word = packed[at]! | (packed[at + 1]! << 8) | (packed[at + 2]! << 16) | (packed[at + 3]! << 24);
      values[i] = BigInt((word >>> (bit & 7)) & (2 ** width - 1));
    }
    return values;
  }
  const mask = (1n << BigInt(width)) - 1n;
  let held = 0n;
  let bits = 0;
  let at = 0;
  for (let i = 0; i < count; i++) {
    while (bits < width) {
      held |= BigInt(packed[at++]!) << BigInt(bits);
      bits += 8;
    }
    values[i] = held & mask;
    held >>= BigInt(width);
    bits -= width;
  }
  return values;
}
