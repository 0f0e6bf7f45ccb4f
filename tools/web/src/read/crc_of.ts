// SPDX-License-Identifier: MIT
import { crc32 } from '../format/crc.js';
import type { Bytes } from '../source/bytes.js';

/** CRCs of ranges of a file. */
export class CrcOf {
  constructor(readonly bytes: Bytes, readonly salt: number) {}

  /** Piece by piece, so that memory stays bounded. */
  async of(begin: number, end: number): Promise<number> {
    let crc = this.salt;
    for (let at = begin; at < end; at += 2 ** 22) crc = crc32(await this.bytes.read(at, Math.min(end, at + 2 ** 22)), crc);
    return crc;
  }
}
