// SPDX-License-Identifier: MIT
import { H4mkError } from '../errors.js';

/** Bytes of blocks that are in memory at once, unpacked: a compressed block may have 64 KiB of a few bytes that are stored, or 1024 times what is stored, and
 *  a cluster up to 65535 of them. What is made of them takes as much once more: together they stay below 256 MiB. */
const MOST_UNPACKED = 96 * 2 ** 20;

/** Counts what is held. */
export class Unpacked {
  #held = 0;

  /** Throws `limit` where there are too many bytes now. `what` has them: the sentence of the error begins with it. */
  add(data: Uint8Array, what: string): void {
    this.#held += data.length;
    if (this.#held > MOST_UNPACKED) throw new H4mkError('limit', `${what} has more than ${MOST_UNPACKED / 2 ** 20} MiB that would be in memory at once.`);
  }
}
