// SPDX-License-Identifier: MIT
// protection.md, "Signed files": the index is signed by what it says, not by its bytes.
import { Cursor } from '../format/cursor.js';
import type { Top, Totals } from '../format/page.js';
import type { Checkpoint } from './checkpoint.js';
import { sha256, sha256Of, u64 } from './digest.js';

const NONE = -(2n ** 63n);
/** In a page: its four distances, and what stands behind them. */
const DISTANCES = 5;
export const LEAST_PAGE = 37;
/** Flags of totals that are signed. */
const SIGNED_BITS = 8 | 16 | 32;
const NO_BLOCKS: Totals = { blocks: 0, hidden: 0, bytes: 0, startPts: null, firstDts: null, end: null, overlap: false, bits: 0 };

const count = (value: number): Uint8Array => u64(BigInt(value));
const time = (value: bigint | null): Uint8Array => u64(value ?? NONE);

/** A position plus 1; 0 for that of nothing. */
export function placeOf(offset: number | null, base: number): number {
  return offset === null ? 0 : offset - base + 1;
}

/** A copy does not tell what only an original names. */
export function formOf(payload: Uint8Array): 'original' | 'copy' | null {
  if (payload[4] === 0) return 'original';
  return payload[4] === 1 && payload.subarray(DISTANCES, LEAST_PAGE - 8).every((byte) => byte === 0) ? 'copy' : null;
}

/** The digest of a page that stands at `offset`, as it was written or as a copy. */
export function pageDigest(asCopy: boolean, payload: Uint8Array, offset: number, base: number): Promise<Uint8Array> {
  const place = BigInt(offset - base + 1);
  if (!asCopy) return sha256(u64(place), payload);
  const distance = new Cursor(payload.subarray(LEAST_PAGE - 8)).i64();
  return sha256(u64(distance && place - distance), payload.subarray(LEAST_PAGE));
}

/** `tracks`: those of the file, in its order. One that the top leaves out is one without blocks. */
export function topDigest(top: Top, tracks: Checkpoint['tracks']): Promise<Uint8Array> {
  const said = [count(top.pages.length)];
  top.pages.forEach(({ size, clusters }, i) => {
    said.push(count(size), count(clusters));
    for (const { track } of tracks) {
      const of = top.columns.get(track);
      if (!of) said.push(new Uint8Array(49));
      else
        said.push(count(of.blocks[i]!), count(of.hidden[i]!), u64(of.firstTimes[i]!), u64(of.keys[i]!), u64(of.firstKeys[i]!), u64(of.firstKeys[i]! + of.ranges[i]!), new Uint8Array([of.unordered[i]! ? 1 : 0]));
    }
  });
  for (const { track } of tracks) {
    const { blocks, hidden, bytes, startPts, firstDts, end, bits } = top.totals.get(track) ?? NO_BLOCKS;
    said.push(count(blocks), count(hidden), count(bytes), time(startPts), time(firstDts), time(end), new Uint8Array([bits! & SIGNED_BITS]));
  }
  return sha256Of(said);
}
