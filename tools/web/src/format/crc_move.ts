// SPDX-License-Identifier: MIT
// CRC-32 of parts from those of the whole, for files that are damaged.
import { POLYNOMIAL } from './crc.js';

function multiply(a: number, b: number): number {
  let product = 0;
  for (let bit = 31; bit >= 0; bit--) {
    if ((a >>> bit) & 1) product ^= b;
    b = (b >>> 1) ^ (b & 1 ? POLYNOMIAL : 0);
  }
  return product >>> 0;
}

/** What `crc` becomes by `size` zero bytes, without the inversions of CRC-32; -size takes them back. */
export function moveCrc(crc: number, size: number): number {
  const order = 0xffffffff;
  let exponent = (((8 * size) % order) + order) % order;
  let power = 0x40000000;
  for (; exponent > 0; exponent = Math.floor(exponent / 2)) {
    if (exponent % 2) crc = multiply(power, crc);
    power = multiply(power, power);
  }
  return crc >>> 0;
}
