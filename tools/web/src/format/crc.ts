// SPDX-License-Identifier: MIT
// core.md, "Conventions": CRC-32 that starts from the salt of the file.

export const POLYNOMIAL = 0xedb88320;
let tables: Uint32Array[] | undefined;

/** Four tables, so that four bytes are taken at a time. */
function makeTables(): Uint32Array[] {
  const made = [0, 1, 2, 3].map(() => new Uint32Array(256));
  for (let i = 0; i < 256; i++) {
    let value = i;
    for (let bit = 0; bit < 8; bit++) value = value & 1 ? (value >>> 1) ^ POLYNOMIAL : value >>> 1;
    made[0]![i] = value;
  }
  for (let i = 0; i < 256; i++)
    for (let t = 1; t < 4; t++) made[t]![i] = (made[t - 1]![i]! >>> 8) ^ made[0]![made[t - 1]![i]! & 255]!;
  return made;
}

/** zlib's crc32(start, bytes). */
export function crc32(bytes: Uint8Array, start: number): number {
  const [a, b, c, d] = (tables ??= makeTables()) as [Uint32Array, Uint32Array, Uint32Array, Uint32Array];
  let crc = ~start;
  let i = 0;
  for (const end = bytes.length - 3; i < end; i += 4) {
    crc ^= bytes[i]! | (bytes[i + 1]! << 8) | (bytes[i + 2]! << 16) | (bytes[i + 3]! << 24);
    crc = d[crc & 255]! ^ c[(crc >>> 8) & 255]! ^ b[(crc >>> 16) & 255]! ^ a[crc >>> 24]!;
  }
  for (; i < bytes.length; i++) crc = (crc >>> 8) ^ a[(crc ^ bytes[i]!) & 255]!;
  return ~crc >>> 0;
}
