// SPDX-License-Identifier: MIT
// H.264 and HEVC: Annex B (start codes) to units with a length, and parameter sets to avcC and hvcC.
import { join } from '../base/concat.js';
import { be } from './boxes.js';

/** The NAL units of Annex B, without start codes and trailing zeros. */
export function unitsOf(data: Uint8Array): Uint8Array[] {
  const starts: [number, number][] = [];
  for (let i = data.indexOf(1, 2); i >= 0; i = data.indexOf(1, i + 1))
    if (data[i - 1] === 0 && data[i - 2] === 0) starts.push([i - 2, i + 1]);
  return starts.map(([, begin], i) => {
    let end = starts[i + 1]?.[0] ?? data.length;
    while (end > begin && data[end - 1] === 0) end--;
    return data.subarray(begin, end);
  });
}

export function isAnnexB(data: Uint8Array): boolean {
  return data.length > 4 && data[0] === 0 && data[1] === 0 && (data[2] === 1 || (data[2] === 0 && data[3] === 1));
}

export function withLengths(data: Uint8Array): Uint8Array {
  return join(unitsOf(data).flatMap((unit) => [be(4, unit.length), unit]));
}

/** avcC of parameter sets in Annex B, or null where they are not there. */
export function avcConfig(data: Uint8Array): Uint8Array | null {
  const units = unitsOf(data);
  const sps = units.filter((unit) => (unit[0]! & 31) === 7);
  const pps = units.filter((unit) => (unit[0]! & 31) === 8);
  if (!sps.length || !pps.length || sps[0]!.length < 4) return null;
  const sets = (of: Uint8Array[]): Uint8Array[] => of.flatMap((unit) => [be(2, unit.length), unit]);
  return join([be(1, 1, sps[0]![1]!, sps[0]![2]!, sps[0]![3]!, 0xff, 0xe0 | sps.length), ...sets(sps), be(1, pps.length), ...sets(pps)]);
}

/** hvcC of parameter sets in Annex B, or null where they are not there. */
export function hevcConfig(data: Uint8Array): Uint8Array | null {
  const units = unitsOf(data);
  const of = (type: number): Uint8Array[] => units.filter((unit) => ((unit[0]! >> 1) & 63) === type);
  const [vps, sps, pps] = [of(32), of(33), of(34)];
  if (!vps.length || !sps.length || !pps.length || sps[0]!.length < 16) return null;
  // profile_tier_level stands behind 16 bits of the unit's head and 8 bits; emulation prevention is taken out first.
  const plain = sps[0]!.filter((byte, i, all) => !(byte === 3 && i >= 2 && all[i - 1] === 0 && all[i - 2] === 0));
  const arrays = [[32, vps], [33, sps], [34, pps]] as const;
  return join([
    be(1, 1), plain.subarray(3, 15), be(2, 0xf000), be(1, 0xfc, 0xfd, 0xf8, 0xf8), be(2, 0), be(1, 0x0f), be(1, arrays.length),
    ...arrays.flatMap(([type, sets]) => [be(1, 0x80 | type), be(2, sets.length), ...sets.flatMap((unit) => [be(2, unit.length), unit])])]);
}
