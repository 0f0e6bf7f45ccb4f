// SPDX-License-Identifier: MIT
// core.md, "Which description counts".
import { addTo } from '../base/lists.js';
import { Broken } from '../errors.js';
import type { Chunk } from '../format/chunk.js';
import { Cursor } from '../format/cursor.js';
import { Meta, Tracks, checkContinues, parseMeta, parseTracks } from '../format/tracks.js';
import type { Bytes } from '../source/bytes.js';

interface Placed<T> {
  offset: number;
  value: T;
}

/** TRAK, META and ATTA in the order of the file. */
export class Descriptions {
  readonly traks: Placed<Tracks>[] = [];
  readonly metas: Placed<Meta>[] = [];
  readonly attachments = new Map<number, Chunk[]>();
  /** The last whole cluster, page (no copy) or locator. */
  followed = 0;
  #clusterSeen = false;

  constructor(private readonly bytes: Bytes) {}

  /** Takes what a chunk says. False where it cannot be used though it holds. */
  async add(chunk: Chunk): Promise<boolean> {
    if (chunk.isCluster && !chunk.unfinished && !chunk.unknownFlags) {
      this.#clusterSeen = true;
      if (chunk.isReadable) this.followed = Math.max(this.followed, chunk.offset);
      return true;
    }
    if (chunk.lost || chunk.unfinished || chunk.whole === false || chunk.unknownFlags) return true;
    try {
      await this.#addOther(chunk);
      return true;
    } catch (error) {
      if (error instanceof Broken) return false;
      throw error;
    }
  }

  async #addOther(chunk: Chunk): Promise<void> {
    const { tag, offset } = chunk;
    const payload = (most = Infinity): Promise<Uint8Array> => this.bytes.read(chunk.payload, Math.min(chunk.end - 4, chunk.payload + most));
    if (tag === 'TRAK') {
      const tracks = parseTracks(await payload());
      const before = this.traks.at(-1);
      if (before) checkContinues(before.value, tracks);
      this.traks.push({ offset, value: tracks });
    } else if (tag === 'META') {
      this.metas.push({ offset, value: parseMeta(await payload()) });
    } else if (tag === 'ATTA' && !this.#clusterSeen) {
      const id = new Cursor(await payload(10)).varint();
      addTo(this.attachments, id, chunk);
    } else if (tag === 'TAIL') {
      this.followed = offset;
    } else if (tag === 'TSEK') {
      const begin = await payload(5);
      if (begin.length === 5 && String.fromCharCode(...begin.subarray(0, 4)) === 'H4TP' && begin[4] !== 1) this.followed = offset;
    }
  }

  /** In a file without an end. */
  withoutTop(): { trak: Placed<Tracks> | undefined; meta: Placed<Meta> | undefined } {
    const trak = last(this.traks, this.followed);
    const meta = last(this.metas, this.followed);
    return { trak: trak ?? this.traks.at(-1), meta: meta ?? (trak ? undefined : this.metas.at(-1)) };
  }

  /** What a top names; if that is damaged, the last whole one before it. */
  named(trak: number, meta: number | null): { trak: Placed<Tracks> | undefined; meta: Placed<Meta> | undefined } {
    return { trak: last(this.traks, trak + 1), meta: meta === null ? undefined : last(this.metas, meta + 1) };
  }
}

/** The last one that stands before an offset. */
function last<T>(found: Placed<T>[], before: number): Placed<T> | undefined {
  return found.findLast((placed) => placed.offset < before);
}
