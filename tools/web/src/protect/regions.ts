// SPDX-License-Identifier: MIT
// protection.md, "Signed files": which checkpoint lists what stands at an offset. Checkpoints are loaded when they are needed.
import { H4mkError, unlessBroken } from '../errors.js';
import { HEADER_SIZE, ascii, parseHead } from '../format/chunk.js';
import type { Bytes } from '../source/bytes.js';
import { Checkpoint, Leaf, PublicKey, parseCheckpoint } from './checkpoint.js';
import { equal } from './digest.js';

const STEP = 2 ** 18;
/** How far back the last checkpoint may stand: one comes after 16 MiB or 16 leaves, and an index may follow it. */
const LOOK_BACK = 2 ** 27;
const MOST_CHECKPOINT = 2 ** 24;
const HELD = 8;

/** Bytes that are verified together: a leaf, or what stands between two leaves. */
export interface Region {
  begin: number;
  end: number;
  leaf?: Leaf;
  /** The checkpoint that lists it, or null where that one is lost. */
  by: Checkpoint | null;
  /** In front of the first leaf, or behind the last checkpoint (with which it begins). */
  where?: 'front' | 'tail';
}

export class Regions {
  /** Positions of checkpoints, rising. */
  #known: number[];
  readonly #held = new Map<number, Promise<Checkpoint | null>>();

  constructor(private readonly raw: Bytes, private readonly key: PublicKey, readonly last: Checkpoint, readonly base: number, readonly lastEnd: number) {
    this.#known = [...last.checkpoints.filter((position) => position < last.position), last.position];
  }

  /** The last checkpoint that was signed with the key. `before`: only a later one of the same tree than that. */
  static async find(raw: Bytes, key: PublicKey, before?: Regions): Promise<Regions | null> {
    let others = 0;
    let left = 4 * LOOK_BACK;
    const stop = Math.max(before?.lastEnd ?? HEADER_SIZE, raw.size - LOOK_BACK);
    for (let end = raw.size; end > stop; end -= STEP) {
      const begin = Math.max(stop, end - STEP);
      const found = await raw.read(begin, Math.min(raw.size, end + 15));
      for (let i = Math.min(end - begin, found.length - 16); i >= 0; i--) {
        if (found[i] !== 0x56 || ascii(found.subarray(i, i + 4)) !== 'VERI' || ascii(found.subarray(i + 12, i + 16)) !== 'H4VC') continue;
        const offset = begin + i;
        const read = await checkpointAt(raw, offset);
        if (!read || (left -= read.size) < 0) continue;
        const { checkpoint, size } = read;
        const base = offset - checkpoint.position;
        const fits = base >= HEADER_SIZE && (!before || (before.base === base && equal(before.last.tree, checkpoint.tree)));
        if (fits && (await key.verifies(checkpoint))) return new Regions(raw, key, checkpoint, base, offset + size);
        others++;
      }
    }
    if (before) return null;
    throw new H4mkError('not_signed', others ? 'The file was signed, but not with this key.' : 'The file is not signed.');
  }

  async at(offset: number): Promise<Region> {
    const { base, last } = this;
    if (offset < base) return { begin: 0, end: base, by: last, where: 'front' };
    const position = offset - base;
    if (position >= last.position) return { begin: base + last.position, end: last.final ? this.raw.size : this.lastEnd, by: last, where: 'tail' };
    const { checkpoint, begin, end } = await this.#behind(position);
    if (!checkpoint) return { begin: base + begin, end: base + end, by: null };
    const { leaves } = checkpoint;
    const next = firstBehind(leaves.length, position, (i) => leaves[i]!.position);
    const leaf = leaves[next - 1];
    const from = leaf ? leaf.position + leaf.size : begin;
    if (leaf && position < from) return { begin: base + leaf.position, end: base + from, leaf, by: checkpoint };
    return { begin: base + from, end: base + (leaves[next]?.position ?? checkpoint.position), by: checkpoint };
  }

  /** The checkpoint at an offset; null where none stands that is signed and of this tree. */
  isCheckpoint(offset: number): Promise<Checkpoint | null> {
    return this.#load(offset - this.base);
  }

  /** The first checkpoint behind a position, and the stretch that it lists. */
  async #behind(position: number): Promise<{ checkpoint: Checkpoint | null; begin: number; end: number }> {
    for (;;) {
      const i = firstBehind(this.#known.length, position, (at) => this.#known[at]!);
      const end = this.#known[i]!;
      const checkpoint = await this.#load(end);
      const begin = checkpoint ? end - checkpoint.back : (this.#known[i - 1] ?? 0);
      // Only a final checkpoint lists the others: from any other one goes back.
      if (!checkpoint?.back || begin <= position) return { checkpoint, begin: checkpoint && !checkpoint.back ? 0 : begin, end };
      this.#known.splice(i, 0, begin);
    }
  }

  #load(position: number): Promise<Checkpoint | null> {
    if (position === this.last.position) return Promise.resolve(this.last);
    let found = this.#held.get(position);
    this.#held.delete(position);
    found ??= this.#verified(position);
    this.#held.set(position, found);
    if (this.#held.size > HELD) this.#held.delete(this.#held.keys().next().value!);
    return found;
  }

  async #verified(position: number): Promise<Checkpoint | null> {
    const checkpoint = (await checkpointAt(this.raw, this.base + position))?.checkpoint;
    const fits = checkpoint && equal(checkpoint.tree, this.last.tree) && checkpoint.position === position;
    return fits && checkpoint.back <= position && (await this.key.verifies(checkpoint)) ? checkpoint : null;
  }
}

/** Of rising values the first one that is more than a limit, or their count. */
function firstBehind(count: number, limit: number, value: (i: number) => number): number {
  let [low, high] = [0, count];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (value(middle) > limit) high = middle;
    else low = middle + 1;
  }
  return low;
}

async function checkpointAt(raw: Bytes, offset: number): Promise<{ checkpoint: Checkpoint; size: number } | null> {
  if (offset < HEADER_SIZE || offset + 12 > raw.size) return null;
  const chunk = parseHead(await raw.read(offset, offset + 12), offset);
  if (chunk?.tag !== 'VERI' || chunk.flags || chunk.length < 4 || chunk.length > MOST_CHECKPOINT || chunk.end > raw.size) return null;
  const payload = await raw.read(chunk.payload, chunk.end - 4);
  const checkpoint = ascii(payload.subarray(0, 4)) === 'H4VC' ? unlessBroken(() => parseCheckpoint(payload)) : null;
  return checkpoint && { checkpoint, size: chunk.size };
}
