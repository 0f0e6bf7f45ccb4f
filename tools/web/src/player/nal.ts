// SPDX-License-Identifier: MIT
// H.264 and HEVC: Annex B (start codes) to units with a length, and parameter sets to avcC and hvcC.
import { join } from '../base/concat.js';
import { be } from './boxes.js';

/** How many parameter sets of a type avcC has room for: of SPS, and of others. hvcC needs no more. */
const MOST_SPS = 31;
const MOST_SETS = 255;

/** The NAL units of Annex B, without start codes and trailing zeros. One after the other: a block that is nothing but start codes has millions of them. */
export function* unitsOf(data: Uint8Array): Generator<Uint8Array> {
  for (let begin = behindStartCode(data, 2), next; begin >= 0; begin = next) {
    next = behindStartCode(data, begin);
    let end = next < 0 ? data.length : next - 3;
    while (end > begin && data[end - 1] === 0) end--;
    yield data.subarray(begin, end);
  }
}

/** Where the unit behind the next start code begins; -1 if there is none. */
function behindStartCode(data: Uint8Array, from: number): number {
  for (let i = data.indexOf(1, from); i >= 0; i = data.indexOf(1, i + 1)) if (data[i - 1] === 0 && data[i - 2] === 0) return i + 1;
  return -1;
}

export function isAnnexB(data: Uint8Array): boolean {
  return data.length > 4 && data[0] === 0 && data[1] === 0 && (data[2] === 1 || (data[2] === 0 && data[3] === 1));
}

export function withLengths(data: Uint8Array): Uint8Array {
  let size = 0;
  for (const unit of unitsOf(data)) size += 4 + unit.length;
  const made = new Uint8Array(size);
  const view = new DataView(made.buffer);
  let at = 0;
  for (const unit of unitsOf(data)) {
    view.setUint32(at, unit.length);
    made.set(unit, at + 4);
    at += 4 + unit.length;
  }
  return made;
}

function setsOf(data: Uint8Array, most: number, is: (unit: Uint8Array) => boolean): Uint8Array[] {
  const found: Uint8Array[] = [];
  for (const unit of unitsOf(data)) if (is(unit) && found.push(unit) === most) break;
  return found;
}

/** avcC of parameter sets in Annex B, or null where they are not there. */
export function avcConfig(data: Uint8Array): Uint8Array | null {
  const sps = setsOf(data, MOST_SPS, (unit) => (unit[0]! & 31) === 7);
  const pps = setsOf(data, MOST_SETS, (unit) => (unit[0]! & 31) === 8);
  if (!sps.length || !pps.length || sps[0]!.length < 4) return null;
  const sets = (of: Uint8Array[]): Uint8Array[] => of.flatMap((unit) => [be(2, unit.length), unit]);
  return join([be(1, 1, sps[0]![1]!, sps[0]![2]!, sps[0]![3]!, 0xff, 0xe0 | sps.length), ...sets(sps), be(1, pps.length), ...sets(pps)]);
}

/** hvcC of parameter sets in Annex B, or null where they are not there. */
export function hevcConfig(data: Uint8Array): Uint8Array | null {
  const of = (type: number): Uint8Array[] => setsOf(data, MOST_SETS, (unit) => ((unit[0]! >> 1) & 63) === type);
  const [vps, sps, pps] = [of(32), of(33), of(34)];
  if (!vps.length || !sps.length || !pps.length || sps[0]!.length < 16) return null;
  // profile_tier_level stands behind 16 bits of the unit's head and 8 bits; emulation prevention is taken out first.
  const plain = sps[0]!.filter((byte, i, all) => !(byte === 3 && i >= 2 && all[i - 1] === 0 && all[i - 2] === 0));
  const arrays = [[32, vps], [33, sps], [34, pps]] as const;
  return join([
    be(1, 1), plain.subarray(3, 15), be(2, 0xf000), be(1, 0xfc, 0xfd, 0xf8, 0xf8), be(2, 0), be(1, 0x0f), be(1, arrays.length),
    ...arrays.flatMap(([type, sets]) => [be(1, 0x80 | type), be(2, sets.length), ...sets.flatMap((unit) => [be(2, unit.length), unit])])]);
}
