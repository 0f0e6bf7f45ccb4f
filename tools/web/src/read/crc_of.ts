// SPDX-License-Identifier: MIT
import { crc32, moveCrc } from '../format/crc.js';
import type { Bytes } from '../source/bytes.js';

const STEP = 4096;

/** CRCs of any ranges of a file. Long ranges that are looked at while damage is passed over come from CRCs of what is before their ends:
 *  however many of them overlap in a hostile file, each byte is read about once. */
export class CrcOf {
  private base = 0;
  private prefixes: number[] = [];
  constructor(readonly bytes: Bytes, readonly salt: number) {}

  /** The CRC of a range that is needed once: pieces, so that memory stays bounded. */
  async of(begin: number, end: number): Promise<number> {
    let crc = this.salt;
    for (let at = begin; at < end; at += 2 ** 22) crc = crc32(await this.bytes.read(at, Math.min(end, at + 2 ** 22)), crc);
    return crc;
  }

  /** The same for ranges that may overlap, of which none begins before the first one that was asked for. */
  async overlapping(begin: number, end: number): Promise<number> {
    if (end - begin <= 4 * STEP) return this.of(begin, end);
    if (!this.prefixes.length || begin < this.base) {
      this.base = begin;
      this.prefixes = [0];
    }
    return (await this.prefix(end)) ^ moveCrc(((await this.prefix(begin)) ^ this.salt) >>> 0, end - begin);
  }

  private async prefix(end: number): Promise<number> {
    const steps = Math.floor((end - this.base) / STEP);
    while (this.prefixes.length <= steps) {
      const at = this.base + (this.prefixes.length - 1) * STEP;
      const many = Math.min(256, steps + 1 - this.prefixes.length);
      const bytes = await this.bytes.read(at, at + many * STEP);
      for (let i = 0; i < many; i++) this.prefixes.push(crc32(bytes.subarray(i * STEP, (i + 1) * STEP), this.prefixes.at(-1)!));
    }
    return crc32(await this.bytes.read(this.base + steps * STEP, end), this.prefixes[steps]!);
  }
}
