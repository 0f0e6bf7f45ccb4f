// SPDX-License-Identifier: MIT
// core.md, "Damage": goes on at the next known tag whose chunk holds. Loaded where a chunk does not hold.
import { Chunk, KNOWN_TAGS, ascii } from '../format/chunk.js';
import { crc32 } from '../format/crc.js';
import { moveCrc } from '../format/crc_move.js';
import type { CrcOf } from './crc_of.js';
import type { Walk } from './walk.js';

const STEP = 4096;
const SEARCH_STEP = 2 ** 16;

/** CRCs here come from those of what is before the ends of ranges: however many of them overlap in a hostile file, each byte is read
 *  about once. None begins before the first one that was asked for. */
export class Search {
  readonly #crc: CrcOf;
  #base = 0;
  #prefixes: number[] = [];

  constructor(private readonly walk: Walk) {
    this.#crc = walk.crc;
  }

  /** No chunk, or one with a wrong length: the stretch up to the next one that stands. */
  async behind(chunk: Chunk): Promise<Chunk> {
    const { limit } = this.walk;
    for await (const place of this.#knownTags(chunk.offset + 1)) if (await this.walk.stands(place)) return Chunk.stretch(chunk.offset, place, chunk.indexHolds);
    if (limit - chunk.offset < 12 || (!chunk.lost && chunk.withinLimits && chunk.end > limit)) {
      chunk.unfinished = true;
      return chunk;
    }
    return Chunk.stretch(chunk.offset, limit, chunk.indexHolds);
  }

  async *#knownTags(from: number): AsyncGenerator<number> {
    for (let at = from; at + 4 <= this.walk.limit; at += SEARCH_STEP) {
      const bytes = await this.#crc.bytes.read(at, Math.min(at + SEARCH_STEP + 3, this.walk.limit));
      for (let i = 0; i + 4 <= bytes.length; i++) {
        const first = bytes[i]!;
        if (first >= 0x41 && first <= 0x56 && KNOWN_TAGS.has(ascii(bytes.subarray(i, i + 4)))) yield at + i;
      }
    }
  }

  async of(begin: number, end: number): Promise<number> {
    if (end - begin <= 4 * STEP) return this.#crc.of(begin, end);
    if (!this.#prefixes.length || begin < this.#base) {
      this.#base = begin;
      this.#prefixes = [0];
    }
    return (await this.#prefix(end)) ^ moveCrc(((await this.#prefix(begin)) ^ this.#crc.salt) >>> 0, end - begin);
  }

  async #prefix(end: number): Promise<number> {
    const steps = Math.floor((end - this.#base) / STEP);
    while (this.#prefixes.length <= steps) {
      const at = this.#base + (this.#prefixes.length - 1) * STEP;
      const many = Math.min(256, steps + 1 - this.#prefixes.length);
      const bytes = await this.#crc.bytes.read(at, at + many * STEP);
      for (let i = 0; i < many; i++) this.#prefixes.push(crc32(bytes.subarray(i * STEP, (i + 1) * STEP), this.#prefixes.at(-1)!));
    }
    return crc32(await this.#crc.bytes.read(this.#base + steps * STEP, end), this.#prefixes[steps]!);
  }
}
