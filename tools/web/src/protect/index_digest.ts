// SPDX-License-Identifier: MIT
// protection.md, "Signed files": the index is signed by what it says, not by its bytes.
import { Cursor } from '../format/cursor.js';
import type { Top } from '../format/page.js';
import { concat } from '../base/concat.js';
import { sha256, u64 } from './digest.js';

const NONE = -(2n ** 63n);
/** In a page: its four distances, and what stands behind them. */
const DISTANCES = 5;
const LISTS = 37;

const count = (value: number): Uint8Array => u64(BigInt(value));
const time = (value: bigint | null): Uint8Array => u64(value ?? NONE);

/** A position plus 1; 0 for that of nothing. */
export function placeOf(offset: number | null, base: number): number {
  return offset === null ? 0 : offset - base + 1;
}

/** The digest of a page that stands at `offset`: as a copy it does not tell what only an original names. */
export function pageDigest(payload: Uint8Array, offset: number, base: number): Promise<Uint8Array> {
  const cursor = new Cursor(payload.subarray(DISTANCES, LISTS));
  const places = [1, 2, 3, 4].map(() => {
    const distance = cursor.i64();
    return distance ? BigInt(offset - base + 1) - distance : 0n;
  });
  return sha256(...(payload[4] === 1 ? places.slice(3) : places).map(u64), payload.subarray(LISTS));
}

export function topDigest(top: Top): Promise<Uint8Array> {
  const said = [count(top.pages.length)];
  top.pages.forEach(({ size, clusters }, i) => {
    said.push(count(size), count(clusters));
    for (const { blocks, hidden, firstTimes, keys, firstKeys, ranges, unordered } of top.columns.values())
      said.push(count(blocks[i]!), count(hidden[i]!), u64(firstTimes[i]!), u64(keys[i]!), u64(firstKeys[i]!), u64(firstKeys[i]! + ranges[i]!), new Uint8Array([unordered[i]! & 1n ? 1 : 0]));
  });
  for (const { blocks, hidden, bytes, startPts, firstDts, end, bits } of top.totals.values())
    said.push(count(blocks), count(hidden), count(bytes), time(startPts), time(firstDts), time(end), new Uint8Array([bits! & ~7]));
  return sha256(concat(...said));
}
