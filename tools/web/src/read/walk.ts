// SPDX-License-Identifier: MIT
// core.md, "Reading" and "Damage": the file as a sequence of chunks, the damaged one as well.
import { unlessBroken } from '../errors.js';
import { CHECKSUM_SIZE, Chunk, HEADER_SIZE, OVERHEAD, TAIL_SIZE, ascii, parseHead, u32At } from '../format/chunk.js';
import { MOST_INDEX, parseCluster } from '../format/cluster.js';
import { Budget, Cursor } from '../format/cursor.js';
import type { Bytes } from '../source/bytes.js';
import { CrcOf } from './crc_of.js';

/** Longer chunks are not checked when they are passed: an attachment is checked when it is used, the others are never read. */
const CHECKED_AT_ONCE = 2 ** 20;
const CHECKED_OTHERS = 64 * 2 ** 20;

/** The head of the chunk at an offset, unless none may stand there, or it is beyond `limit`. */
export async function headAt(bytes: Bytes, offset: number, limit = bytes.size): Promise<Chunk | null> {
  if (offset + 12 > limit || (bytes.startsChunk && !(await bytes.startsChunk(offset)))) return null;
  return parseHead(await bytes.read(offset, offset + 12), offset);
}

/** Goes from chunk to chunk. `limit` is where the chunks end: the end of the file, or its checksum. */
export class Walk {
  readonly #budget: Budget;
  #seen?: { offset: number; chunk: Chunk | null };
  /** Where damage is passed over. */
  #search?: import('./search.js').Search;
  #lastSearch?: import('./search.js').Search;

  constructor(readonly crc: CrcOf, readonly limit: number) {
    this.#budget = Budget.ofFile(crc.bytes.size);
  }

  async *chunks(position = HEADER_SIZE): AsyncGenerator<Chunk, void, void> {
    let before: Chunk | undefined;
    while (position < this.limit) {
      // The checksum behind a damaged locator is no chunk.
      if (before && this.crc.bytes.size - position === CHECKSUM_SIZE && before.length === TAIL_SIZE - OVERHEAD && (before.tag === 'TAIL' || before.whole === false)) return;
      let chunk = (await this.at(position)) ?? Chunk.stretch(position, this.limit, false);
      if (!chunk.unfinished && !(await this.#leadsOn(chunk))) chunk = await this.#passOver(chunk);
      yield chunk;
      if (chunk.unfinished) return;
      position = chunk.end;
      before = chunk;
    }
  }

  /** What stands at a place, if it has the shape of a chunk. */
  async at(position: number): Promise<Chunk | null> {
    if (this.#seen?.offset !== position) this.#seen = { offset: position, chunk: await this.#readAt(position) };
    return this.#seen.chunk;
  }

  async computeWhole(chunk: Chunk): Promise<boolean> {
    if (chunk.whole === undefined) {
      const end = chunk.end - 4;
      const fits = chunk.end <= this.limit && chunk.withinLimits;
      const stored = fits ? u32At(await this.crc.bytes.read(end, end + 4), 0) : 0;
      const computed = fits && (await (this.#search ?? this.crc).of(chunk.offset, end));
      chunk.whole = fits && (computed as number) >>> 0 === stored;
    }
    return chunk.whole;
  }

  async #readAt(position: number): Promise<Chunk | null> {
    const chunk = await headAt(this.crc.bytes, position, this.limit);
    if (!chunk) return null;
    if (!chunk.withinLimits) {
      chunk.whole = false;
      return chunk;
    }
    if (chunk.isCluster) {
      await this.#readIndex(chunk);
      chunk.unfinished = chunk.end > this.limit && chunk.cluster !== undefined;
      if (chunk.cluster) return chunk;
    }
    if (chunk.isCluster || chunk.length <= (chunk.tag === 'ATTA' ? CHECKED_AT_ONCE : CHECKED_OTHERS) || this.#search) await this.computeWhole(chunk);
    return chunk;
  }

  async #readIndex(chunk: Chunk): Promise<void> {
    const end = Math.min(chunk.end - 4, this.limit);
    const { bytes } = this.crc;
    const head = new Cursor(await bytes.read(chunk.payload, Math.max(chunk.payload, Math.min(chunk.payload + 10, end))));
    const size = unlessBroken(() => head.varint());
    if (size === null) return;
    const begin = chunk.payload + head.position;
    if (size > MOST_INDEX || begin + size + 4 > end) return;
    const all = await bytes.read(chunk.payload, begin + size + 4);
    const index = all.subarray(head.position, head.position + size);
    const stored = u32At(all, head.position + size);
    if ((await this.crc.of(chunk.payload, begin + size)) !== stored) return;
    chunk.indexHolds = true;
    const place = { offset: chunk.offset, dataBegin: begin + size + 4, end: chunk.end };
    chunk.cluster = unlessBroken(() => parseCluster(index, place, this.#budget)) ?? undefined;
  }

  /** A whole chunk: one that holds by its CRC; a cluster: whose index does. So does that of the unfinished end. */
  async stands(position: number): Promise<boolean> {
    const chunk = await this.at(position);
    if (!chunk) return false;
    if (chunk.whole || chunk.unfinished || (chunk.indexHolds && chunk.end <= this.limit)) return true;
    return chunk.whole === undefined && (await this.computeWhole(chunk));
  }

  /** Its length can be trusted: the chunk holds, or what follows it tells. */
  async #leadsOn(chunk: Chunk): Promise<boolean> {
    return chunk.whole === true || (await this.#lengthIsRight(chunk)) || (!chunk.lost && (await this.computeWhole(chunk)));
  }

  async #lengthIsRight(chunk: Chunk): Promise<boolean> {
    if (chunk.lost || chunk.end > this.limit) return false;
    const beforeChecksum = chunk.end + CHECKSUM_SIZE === this.limit && chunk.length === TAIL_SIZE - OVERHEAD;
    return chunk.cluster !== undefined || chunk.end === this.limit || beforeChecksum || (await this.stands(chunk.end));
  }

  async #passOver(chunk: Chunk): Promise<Chunk> {
    const { Search } = await import('./search.js');
    const kept = (this.#lastSearch ??= new Search(this));
    this.#search = kept;
    try {
      return await kept.behind(chunk);
    } finally {
      this.#search = undefined;
    }
  }
}

/** The last 36 bytes are a locator that holds, and the checksum. */
export async function hasEnd(crc: CrcOf): Promise<boolean> {
  const begin = crc.bytes.size - TAIL_SIZE - CHECKSUM_SIZE;
  if (begin < HEADER_SIZE) return false;
  const chunk = await headAt(crc.bytes, begin);
  const tail = await crc.bytes.read(begin, begin + TAIL_SIZE);
  return chunk?.tag === 'TAIL' && chunk.length === 16 && !chunk.unknownFlags && ascii(tail.subarray(12, 16)) === 'H4TL' && (await crc.of(begin, begin + 28)) === u32At(tail, 28);
}
