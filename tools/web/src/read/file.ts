// SPDX-License-Identifier: MIT
import { H4mkError } from '../errors.js';
import { Chunk, HEADER_SIZE, parseHeader } from '../format/chunk.js';
import type { Block, Cluster } from '../format/cluster.js';
import { Cursor } from '../format/cursor.js';
import { Json, plain } from '../format/json.js';
import type { Totals } from '../format/page.js';
import { Meta, Track, Tracks, tagsOf } from '../format/tracks.js';
import { Bytes, CachedBytes } from '../source/bytes.js';
import { HttpOptions, HttpSource } from '../source/http.js';
import { BlobSource, MemorySource, Source } from '../source/source.js';
import { Content, ContentReader, Decryptor } from './content.js';
import type { OpenBeside } from './external.js';
import { FileIndex, IndexDamaged, SpanWrong } from './file_index.js';
import type { Frames } from './frames.js';
import { Opened, openFile } from './open.js';
import type { Problem } from './problems.js';
import { Place, Seeker } from './seek.js';
import { Walk } from './walk.js';

/** Lets only signed bytes through: `Verifier` of h4mk/protect. */
export interface Verifying {
  over(bytes: Bytes): Promise<Bytes>;
  checkEnds(totals: ReadonlyMap<number, Totals>): void;
}

export interface OpenOptions extends HttpOptions {
  /** No byte is used that was not signed: see `Verifier` of h4mk/protect. */
  verifier?: Verifying;
  /** Opens the other file of a track with `beside`; without it such blocks are an error that names the file. */
  openBeside?: OpenBeside;
  /** Pages of 64 KiB that are kept in memory (128, which is 8 MiB). */
  cachePages?: number;
}

export interface Chapter {
  start: number;
  end: number | null;
  title: string;
}

/** Where reading goes on behind a seek. */
export interface SeekResult {
  /** The block that was asked for: it comes first. */
  found: Place;
  /** Where each track begins; null: it has no block behind. */
  begins: Map<number, Place | null>;
}

const CLUSTERS_HELD = 32;
const MOST_AHEAD = 2 ** 19;

/** An open file. Methods may be called at the same time; a call that fails changes nothing. Times are in ticks of the track (bigint). */
export class H4mkFile {
  readonly #held = new Map<number, Promise<Cluster>>();
  readonly #frameLists = new Map<number, Frames>();
  readonly #content: ContentReader;
  #topIgnored = false;

  private constructor(private readonly bytes: Bytes, private readonly salt: number, private state: Opened, openBeside?: OpenBeside) {
    this.#content = new ContentReader(state.crc, openBeside);
  }

  /** Opens a URL, a Blob or File, bytes in memory, or any other source. */
  static async open(from: string | URL | Blob | ArrayBuffer | Uint8Array | Source, options: OpenOptions = {}): Promise<H4mkFile> {
    const stored = new CachedBytes(sourceOf(from, options), options.cachePages);
    stored.mayGrow(true); // until it is known to be closed
    await stored.measure();
    const bytes = (await options.verifier?.over(stored)) ?? stored;
    const { version, salt } = parseHeader(await bytes.read(0, Math.min(HEADER_SIZE, bytes.size)));
    if (version === 1) {
      const { openVersion1 } = await import('./version1.js');
      return new H4mkFile(bytes, 0, await openVersion1(bytes), options.openBeside);
    }
    const state = await openFile(bytes, salt);
    bytes.mayGrow(!state.closed);
    if (state.index.from === 'top') options.verifier?.checkEnds(state.index.totals);
    return new H4mkFile(bytes, salt, state, options.openBeside);
  }

  close(): void {
    this.bytes.close();
    this.#held.clear();
  }

  /** The file has its end. One without is still being written, or was cut. */
  get closed(): boolean {
    return this.state.closed;
  }

  get size(): number {
    return this.bytes.size;
  }

  /** By track_id, in the order of the file. */
  get tracks(): Tracks {
    return this.state.tracks;
  }

  /** META as it stands in the file, with exact integers; null if there is none. */
  get exactMeta(): Meta | null {
    return this.state.meta;
  }

  get meta(): { [key: string]: Json } {
    return (this.state.meta ? plain(this.state.meta) : {}) as { [key: string]: Json };
  }

  get tags(): Record<string, string> {
    const { meta } = this;
    return Object.assign(tagsOf(meta), tagsOf(meta.tags));
  }

  get chapters(): Chapter[] {
    const { chapters } = this.meta;
    return Array.isArray(chapters) ? chapters.flatMap(chapterOf) : [];
  }

  get encrypted(): boolean {
    return this.state.meta?.protection !== undefined;
  }

  totals(track: number): Totals {
    return this.state.index.totals.get(track) ?? { blocks: 0, hidden: 0, bytes: 0, startPts: null, firstDts: null, end: null, overlap: false };
  }

  /** Seconds from time 0 to the end of the longest track. */
  get duration(): number {
    return Math.max(0, ...[...this.tracks.values()].map((track) => track.seconds(this.totals(track.id).end ?? 0n)));
  }

  /** The attachment of a track, or null. */
  async attachment(track: number): Promise<Uint8Array | null> {
    for (const chunk of [...(this.state.attachments.get(track) ?? [])].reverse()) {
      if (!(await new Walk(this.state.crc, this.state.limit).computeWhole(chunk))) continue;
      const cursor = new Cursor(await this.bytes.read(chunk.payload, chunk.end - 4));
      cursor.varint();
      return cursor.take(cursor.left);
    }
    return null;
  }

  /** Opens encrypted blocks from now on: see `decryptorFor`. */
  useDecryptor(decryptor: Decryptor): void {
    this.#content.decryptor = decryptor;
  }

  /** For the parts of this package. */
  get internals(): { bytes: Bytes; content: ContentReader; state: Opened } {
    return { bytes: this.bytes, content: this.#content, state: this.state };
  }

  // Blocks.

  track(id: number): Track {
    const track = this.tracks.get(id);
    if (!track) throw new H4mkError('unknown_track', `The file has no track ${id}.`);
    return track;
  }

  /** The data of a block, checked, opened and unpacked. Do not write into it. */
  async read(block: Block): Promise<Content> {
    return this.#content.read(block, this.track(block.track));
  }

  /** The data as it is stored: ciphertext, a zstd frame. Its CRC held. */
  async readStored(block: Block): Promise<Uint8Array> {
    return this.#content.stored(block, this.track(block.track));
  }

  /** All blocks with their data, in the order of the file. What is damaged is left out and told to `onProblem`.
   *  Encrypted blocks without a key have the data null. */
  async *blocks(onProblem: (problem: Problem) => void = () => {}, from?: number): AsyncGenerator<Place & { content: Content | null }> {
    const { allBlocks } = await import('./all_blocks.js');
    yield* allBlocks(this, this.internals, this.#chunks(from), onProblem, from === undefined);
  }

  #chunks(from?: number): AsyncGenerator<Chunk> {
    if (this.state.chunks) return this.state.chunks(from);
    return new Walk(this.state.crc, this.state.limit).chunks(from);
  }

  /** Clusters from a place on, in the order of the file; damaged ones are left out. */
  async *clusters(from?: number): AsyncGenerator<Cluster> {
    for await (const chunk of this.#chunks(from)) if (chunk.isReadable) yield chunk.cluster!;
  }

  // Questions to the index.

  /** Backward: the last seek point not later than `time`, or the first one of all. Forward: the first one not earlier. */
  async seek(track: number, time: bigint, forward = false): Promise<SeekResult | null> {
    if (this.track(track).unknownRequirements.length) return null;
    return this.#ask(async (index) => {
      const seeker = new Seeker(index, (offset) => this.#cluster(offset, true));
      const found = forward ? await seeker.seekPoint(track, time, true) : await seeker.backward(track, time);
      return found && { found, begins: await seeker.beginnings(this.tracks, found) };
    });
  }

  /** The seek point alone. */
  async seekPoint(track: number, time: bigint): Promise<Place | null> {
    return this.#ask((index) => new Seeker(index, (offset) => this.#cluster(offset, true)).backward(track, time));
  }

  /** Blocks behind a seek: the one that was found first, all others in the order of the file. */
  async *behind({ found, begins }: SeekResult): AsyncGenerator<Place> {
    yield found;
    const places = [...begins.values()].filter((place) => place !== null);
    const first = Math.min(...places.map((place) => place.cluster.offset));
    for await (const cluster of this.clusters(first))
      for (const [position, block] of cluster.blocks.entries()) {
        const begin = begins.get(block.track);
        if (!begin || cluster.offset < begin.cluster.offset || (cluster.offset === begin.cluster.offset && position < begin.position)) continue;
        if (cluster.offset !== found.cluster.offset || position !== found.position) yield { block, cluster, position };
      }
  }

  frameCount(track: number): number {
    return this.state.index.frameCount(track);
  }

  /** Frame `number` in the order in which they are shown, from 0. */
  async frame(track: number, number: number): Promise<Place | null> {
    return this.#ask(async () => (await this.#framesOf(track)).frame(number));
  }

  /** The number of the frame that is shown at a time; -1 if all are later. */
  async frameAt(track: number, time: bigint): Promise<number> {
    return this.#ask(async () => (await this.#framesOf(track)).at(time));
  }

  /** What a decoder needs to show a frame; null if it cannot be decoded. */
  async chain(track: number, number: number): Promise<Place[] | null> {
    return this.#ask(async () => (await this.#framesOf(track)).chain(number));
  }

  /** The block with a number within its track. */
  async block(track: number, ordinal: bigint): Promise<Place | null> {
    const { blockByNumber } = await import('./by_number.js');
    return this.#ask((index) => blockByNumber(index, (offset) => this.#cluster(offset), track, ordinal));
  }

  async #framesOf(track: number): Promise<Frames> {
    const { Frames } = await import('./frames.js');
    if (!this.#frameLists.has(track)) this.#frameLists.set(track, new Frames(this.state.index, track, (offset) => this.#cluster(offset)));
    return this.#frameLists.get(track)!;
  }

  /** Asks the index. A cluster that cannot be read is taken out, a page that cannot be used makes the index be built anew. */
  async #ask<T>(question: (index: FileIndex) => Promise<T>): Promise<T> {
    for (;;) {
      try {
        return await question(this.state.index);
      } catch (error) {
        const wrong = error instanceof SpanWrong || error instanceof IndexDamaged;
        if (!wrong) throw error;
        if (error instanceof SpanWrong && (await import('./walked_index.js')).dropSpans(this.state.index, error)) continue;
        if (this.#topIgnored) throw new H4mkError('corrupt', `The index cannot be used: ${error.message}.`);
        await this.#withoutTop();
      }
    }
  }

  async #withoutTop(): Promise<void> {
    this.#topIgnored = true;
    this.#frameLists.clear();
    const { closed } = this.state;
    this.state = { ...(await openFile(this.bytes, this.salt, true)), closed };
  }

  /** `whole`: its data will be needed as well, so it is asked for at once. Its size is not known yet: about that of the others. */
  #cluster(offset: number, whole = false): Promise<Cluster> {
    let cluster = this.#held.get(offset);
    this.#held.delete(offset);
    if (whole && !cluster) this.bytes.prefetch(offset, offset + Math.min(this.#usualCluster, MOST_AHEAD));
    cluster ??= this.#loadCluster(offset);
    this.#held.set(offset, cluster);
    if (this.#held.size > CLUSTERS_HELD) this.#held.delete(this.#held.keys().next().value!);
    return cluster;
  }

  get #usualCluster(): number {
    const { clusterCount } = this.state.index;
    return clusterCount ? (1.25 * this.size) / clusterCount : 0;
  }

  async #loadCluster(offset: number): Promise<Cluster> {
    if (this.state.clusterAt) return this.state.clusterAt(offset);
    const inFile = Number.isSafeInteger(offset) && offset >= HEADER_SIZE && offset + 12 <= this.state.limit;
    const chunk = inFile ? await new Walk(this.state.crc, this.state.limit).at(offset) : null;
    if (!chunk?.isReadable) throw new SpanWrong(offset);
    return chunk.cluster!;
  }

  /** A file that is still being written: takes over what came since. Returns whether there is more. */
  async refresh(): Promise<boolean> {
    if (this.closed) return false;
    const before = this.bytes.size;
    if ((await this.bytes.measure()) === before) return false;
    const { walkFurther } = await import('./without_top.js');
    const further = await walkFurther(this.state);
    if (!further) this.#frameLists.clear();
    this.state = further ?? (await openFile(this.bytes, this.salt, this.#topIgnored));
    this.#content.useFile(this.state.crc);
    this.bytes.mayGrow(!this.closed);
    return true;
  }
}

function sourceOf(from: string | URL | Blob | ArrayBuffer | Uint8Array | Source, options: OpenOptions): Source {
  if (typeof from === 'string' || from instanceof URL) return new HttpSource(String(from), options);
  if (typeof Blob !== 'undefined' && from instanceof Blob) return new BlobSource(from);
  if (from instanceof ArrayBuffer) return new MemorySource(new Uint8Array(from));
  if (from instanceof Uint8Array) return new MemorySource(from);
  return from as Source;
}

function chapterOf(chapter: Json): Chapter[] {
  if (typeof chapter !== 'object' || chapter === null || Array.isArray(chapter)) return [];
  const match = /^(\d{1,10})\/([1-9]\d{0,9})$/.exec(typeof chapter.time_base === 'string' ? chapter.time_base : '');
  const { start, end } = chapter;
  if (!match || typeof start !== 'number') return [];
  const unit = Number(match[1]) / Number(match[2]);
  if (typeof end === 'number' && end < start) return [];
  return [{ start: start * unit, end: typeof end === 'number' ? end * unit : null, title: tagsOf(chapter.tags).title ?? '' }];
}
