// SPDX-License-Identifier: MIT
// core.md, "Open" and "Without an end": from a file to its descriptions and its index.
import { require, unlessBroken } from '../errors.js';
import { CHECKSUM_SIZE, Chunk, HEADER_SIZE, TAIL_SIZE, ascii } from '../format/chunk.js';
import type { Cluster } from '../format/cluster.js';
import { Budget } from '../format/cursor.js';
import { Page, Span, Top, checkTop, parseLocator, parsePage, parseTop } from '../format/page.js';
import type { Meta, Tracks } from '../format/tracks.js';
import type { Bytes } from '../source/bytes.js';
import { CrcOf } from './crc_of.js';
import { Descriptions } from './descriptions.js';
import { FileIndex, IndexDamaged } from './file_index.js';
import { Walk, hasEnd, headAt } from './walk.js';

/** What is known of a file once it is open. */
export interface Opened {
  crc: CrcOf;
  /** Where the chunks end. */
  limit: number;
  closed: boolean;
  saltDamaged: boolean;
  tracks: Tracks;
  meta: Meta | null;
  /** Offsets of the TRAK and META that count. */
  trakOffset: number;
  metaOffset: number | null;
  attachments: Map<number, Chunk[]>;
  index: FileIndex;
  /** Without a top: where the walk goes on once the file has grown. */
  walkedTo: number;
  descriptions?: Descriptions;
  /** Version 1 has blocks in chunks of their own: these stand for its clusters. */
  chunks?: (from?: number) => AsyncGenerator<Chunk>;
  clusterAt?: (offset: number) => Promise<Cluster>;
}

/** What is not used since it says what is not so. Without the top a file is read as one without an end; `index`: without the pages, too. */
export type Ignored = 'nothing' | 'top' | 'index';

export async function openFile(bytes: Bytes, salt: number, ignored: Ignored = 'nothing'): Promise<Opened> {
  const crc = new CrcOf(bytes, salt);
  const byFront = ignored !== 'nothing' || bytes.size < FRONT_IS_ENOUGH ? null : await new Opener(crc, false).openByFront();
  return byFront ?? new Opener(crc, false, ignored).open();
}

/** What an HTTP source brings first, and how much of an index behind that is asked for at a time. */
const FRONT = 3 * 2 ** 16;
const INDEX_AHEAD = 2 ** 20;
/** Smaller files come with their end at once. */
const FRONT_IS_ENOUGH = 2 ** 18;
/** The end of a closed file: the locator, the top and its pages stand together. One request for all that is usual. */
const USUAL_END = 2 ** 16;

export class Opener {
  readonly bytes: Bytes;
  readonly #budget: Budget;
  /** Bytes of what tops name that should be something else: each top in front may name the same large chunk. */
  readonly #named: Budget;
  readonly descriptions: Descriptions;
  readonly #frontTops: Chunk[] = [];
  firstCluster: number | null = null;
  frontEnd = HEADER_SIZE;
  #firstDamage = Infinity;
  #frontIsKnown = true;

  constructor(readonly crc: CrcOf, private readonly saltDamaged: boolean, private readonly ignored: Ignored = 'nothing') {
    this.bytes = crc.bytes;
    this.#budget = Budget.ofFile(this.bytes.size);
    this.#named = Budget.ofFile(this.bytes.size);
    this.descriptions = new Descriptions(this.bytes);
  }

  /** A top in front that says how long the file is: then nothing has to be read of its end. */
  async openByFront(): Promise<Opened | null> {
    await this.#readFront(new Walk(this.crc, this.bytes.size));
    const top = this.#frontIsKnown ? await this.#topInFront() : null;
    return top && this.#byTop(top, this.bytes.size - CHECKSUM_SIZE);
  }

  async open(): Promise<Opened> {
    this.bytes.prefetch(Math.max(0, this.bytes.size - USUAL_END), this.bytes.size);
    const ended = await hasEnd(this.crc);
    const limit = ended ? this.bytes.size - CHECKSUM_SIZE : this.bytes.size;
    const walk = new Walk(this.crc, limit);
    if (!this.saltDamaged && this.bytes.size > HEADER_SIZE && !(await walk.at(HEADER_SIZE))?.whole) {
      const { recoverSalt } = await import('./salt.js');
      const salt = await recoverSalt(this.bytes);
      if (salt !== null) return new Opener(new CrcOf(this.bytes, salt), true, this.ignored).open();
    }
    await this.#readFront(walk);
    const top = this.ignored === 'nothing' ? await this.#findTop(ended) : null;
    const opened = top && (await this.#byTop(top, limit));
    if (opened) return opened;
    const { openWithoutTop } = await import('./without_top.js');
    return openWithoutTop(this, limit, ended, top !== null || this.ignored === 'index');
  }

  /** The chunks up to the first cluster. */
  async #readFront(walk: Walk): Promise<void> {
    let ahead = FRONT;
    for await (const chunk of walk.chunks()) {
      // An index in front of a file of days is longer than what came first: large pieces of it, not one after the other.
      if (chunk.tag === 'TSEK' && chunk.end > ahead) this.bytes.prefetch(chunk.end, (ahead = chunk.end + INDEX_AHEAD));
      if (chunk.lost) this.#frontIsKnown = false;
      if (chunk.isCluster && !chunk.unknownFlags && !chunk.unfinished) {
        if (this.#frontIsKnown) this.firstCluster = chunk.offset;
        return;
      }
      if (chunk.lost || chunk.unfinished) return;
      this.frontEnd = chunk.end;
      if (chunk.whole === false) this.#firstDamage = Math.min(this.#firstDamage, chunk.offset);
      if (!(await this.descriptions.add(chunk))) this.#firstDamage = Math.min(this.#firstDamage, chunk.offset);
      if (chunk.whole && !chunk.unknownFlags && chunk.tag === 'TSEK' && (await this.#begins(chunk, 'H4TT'))) this.#frontTops.push(chunk);
    }
  }

  async #begins(chunk: Chunk, magic: string): Promise<boolean> {
    return chunk.length >= 4 && ascii(await this.bytes.read(chunk.payload, chunk.payload + 4)) === magic;
  }

  /** A whole chunk of a tag at an offset that the index gave, or null. `bytes`: how many may be checked, where many offsets are tried. */
  async chunkAt(offset: number | null, tag: string, bytes?: Budget): Promise<Chunk | null> {
    if (offset === null || !Number.isSafeInteger(offset) || offset < HEADER_SIZE || offset + 16 > this.bytes.size) return null;
    const chunk = await headAt(this.bytes, offset);
    if (!chunk || chunk.tag !== tag || chunk.unknownFlags || !chunk.withinLimits || chunk.end > this.bytes.size) return null;
    if (bytes && !bytes.allows(chunk.size)) return null;
    return (await new Walk(this.crc, this.bytes.size).computeWhole(chunk)) ? chunk : null;
  }

  #payload(chunk: Chunk): Promise<Uint8Array> {
    return this.bytes.read(chunk.payload, chunk.end - 4);
  }

  // The top.

  async #findTop(ended: boolean): Promise<Top | null> {
    if (ended) {
      const tail = this.bytes.size - CHECKSUM_SIZE - TAIL_SIZE;
      const payload = await this.bytes.read(tail + 12, tail + 28);
      const { top, size } = parseLocator(payload, tail);
      const chunk = await this.chunkAt(top, 'TSEK');
      const found = chunk && chunk.size === size ? await this.#topIn(chunk) : null;
      if (found) return found;
    }
    return this.#topInFront();
  }

  async #topInFront(): Promise<Top | null> {
    for (const chunk of [...this.#frontTops].reverse()) {
      const found = await this.#topIn(chunk);
      if (found) return found;
    }
    return null;
  }

  /** The top in a chunk, if it counts for a file of this size. */
  async #topIn(chunk: Chunk): Promise<Top | null> {
    if (!(await this.#begins(chunk, 'H4TT'))) return null;
    const payload = await this.#payload(chunk);
    const top = unlessBroken(() => {
      const parsed = parseTop(payload, chunk.offset, this.#budget);
      require(parsed.offset + parsed.toEnd === this.bytes.size, 'the top tells of another end of the file');
      checkTop(parsed, this.bytes.size, this.firstCluster);
      return parsed;
    });
    if (!top) return null;
    return (await this.#isOrWas(top.trak, 'TRAK')) && (top.meta === null || (await this.#isOrWas(top.meta, 'META'))) ? top : null;
  }

  /** A chunk of this tag stands there, or something that is damaged: then the one before it counts. */
  async #isOrWas(offset: number, tag: string): Promise<boolean> {
    if (offset < HEADER_SIZE || offset + 16 > this.bytes.size) return false;
    const chunk = await headAt(this.bytes, offset);
    if (!chunk || !chunk.withinLimits || chunk.end > this.bytes.size) return true;
    if (chunk.tag === tag && !chunk.unknownFlags) return true;
    return this.#named.allows(chunk.size) && !(await new Walk(this.crc, this.bytes.size).computeWhole(chunk));
  }

  async #byTop(top: Top, limit: number): Promise<Opened | null> {
    const trak = await this.use(top.trak, 'TRAK');
    const meta = top.meta === null || (await this.use(top.meta, 'META'));
    if (!trak || !meta) {
      // One that is damaged: the last whole one before it is looked for in the whole file.
      for await (const chunk of new Walk(this.crc, limit).chunks(this.frontEnd)) await this.descriptions.add(chunk);
    }
    const counts = this.descriptions.named(top.trak, top.meta);
    if (!counts.trak) return null;
    const index = new FileIndex('top');
    for (const [track, totals] of top.totals) index.totals.set(track, totals);
    for (const { offset, clusters, tracks } of top.pages) {
      index.clusterCount += clusters;
      index.entries.push({
        tracks,
        load: () => this.spansAt(offset, clusters),
      });
    }
    return this.opened(counts, { limit, closed: true, index, walkedTo: limit });
  }

  /** Adds a TRAK or META that is named, unless it is known. False if it cannot be used. */
  async use(offset: number, tag: 'TRAK' | 'META'): Promise<boolean> {
    const known: { offset: number }[] = tag === 'TRAK' ? this.descriptions.traks : this.descriptions.metas;
    if (known.some((placed) => placed.offset === offset)) return true;
    const chunk = await this.chunkAt(offset, tag);
    return chunk !== null && offset >= this.frontEnd && (await this.descriptions.add(chunk));
  }

  /** Where many pages are tried: how many values they may list together, and how many bytes are checked. */
  async pageAt(offset: number, values = Budget.ofFile(this.bytes.size), bytes?: Budget): Promise<Page | null> {
    const chunk = await this.chunkAt(offset, 'TSEK', bytes);
    if (!chunk || !(await this.#begins(chunk, 'H4TP'))) return null;
    const payload = await this.#payload(chunk);
    return unlessBroken(() => parsePage(payload, offset, values));
  }

  /** What the page at an offset says of its clusters, of each track. */
  async spansAt(offset: number, clusters: number): Promise<Map<number, Span[]>> {
    const page = await this.pageAt(offset);
    if (!page || page.clusters.length !== clusters) throw new IndexDamaged(`the page at byte ${offset} cannot be used`);
    return new Map([...page.tracks].map(([id, track]) => [id, track.spans]));
  }

  opened(counts: ReturnType<Descriptions['withoutTop']>, rest: { limit: number; closed: boolean; index: FileIndex; walkedTo: number; descriptions?: Descriptions }): Opened {
    const descriptions = rest.descriptions ?? this.descriptions;
    return {
      crc: this.crc, saltDamaged: this.saltDamaged, ...rest, descriptions, attachments: descriptions.attachments, tracks: counts.trak!.value,
      meta: counts.meta?.value ?? null, trakOffset: counts.trak!.offset, metaOffset: counts.meta?.offset ?? null,
    };
  }
}
