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
import { Ignored, Opened, openFile } from './open.js';
import type { Problem } from './problems.js';
import { Place, Seeker } from './seek.js';
import { Walk } from './walk.js';

/** Lets only signed bytes through. `Verifier` of h4mk/protect is one; nobody needs to write another. */
export interface Verifying {
  /** @internal */
  over(bytes: Bytes): Promise<Bytes>;
  /** @internal */
  checkEnds(totals: ReadonlyMap<number, Totals>): void;
}

/** How a file is opened. Those of `HttpOptions` are for URLs only. */
export interface OpenOptions extends HttpOptions {
  /** No byte is used that was not signed: see `Verifier` of h4mk/protect. One for each file. */
  verifier?: Verifying;
  /** Opens the other file of a track with `beside`. Without it reading such blocks throws `external_missing`, which names the file. */
  openBeside?: OpenBeside;
  /** Pages of 64 KiB that are kept in memory (128, which is 8 MiB). Verified bytes of a signed file take about 16 MiB more. */
  cachePages?: number;
}

/** A chapter of META (ffmpeg.md, "Keys of META"). */
export interface Chapter {
  /** Seconds. */
  start: number;
  /** Seconds; null where it is not known. Never before `start`. */
  end: number | null;
  /** Its tag `title`; empty if it has none. */
  title: string;
}

/** A block, where it stands, and what it holds. */
export interface PlaceWithContent extends Place {
  /** As `H4mkFile.read` gives it; null for an encrypted block without a key. */
  content: Content | null;
}

/** Where reading goes on behind a seek. */
export interface SeekResult {
  /** The block that was asked for: it comes first. */
  found: Place;
  /** Where each track begins, by track_id; null: it has no block behind. A track that requires what is not known here is left out. */
  begins: Map<number, Place | null>;
}

const CLUSTERS_HELD = 32;
/** And of how many blocks, but for the last one. */
const BLOCKS_HELD = 2 ** 17;
/** Clusters that the index lists and that cannot be read are taken out of it, each for a new search: with more of them than this, by how many clusters
 *  there are, it is better made anew. */
const SEARCHED_AGAIN = 2 ** 18;
const MOST_WRONG = 16;
const MOST_AHEAD = 2 ** 19;

/** An open file. Methods may be called at the same time; a call that fails changes nothing. Times are in ticks of the track (bigint): `Track.seconds` and
 *  `Track.ticks` convert.
 *
 *  Whatever reads bytes may throw what its source throws (see `HttpSource.read`), and `truncated`; this is not repeated below. Questions to the index
 *  throw `corrupt` where it contradicts the clusters even after it was built anew. */
export class H4mkFile {
  readonly #held = new Map<number, Promise<Cluster>>();
  readonly #frameLists = new Map<number, Frames>();
  readonly #content: ContentReader;
  readonly #blocksOf = new Map<number, number>();
  #blocksHeld = 0;
  #ignored: Ignored = 'nothing';
  /** Of the index as it is now. */
  #wrong = 0;

  private constructor(private readonly bytes: Bytes, private readonly salt: number, private state: Opened, openBeside?: OpenBeside) {
    this.#content = new ContentReader(state.crc, openBeside);
  }

  /** Opens a URL, a Blob or File, bytes in memory, or any other source; a URL may be relative to the page. Versions 1 and 2 are read.
   *
   *  Throws `not_h4mk`, `truncated`, `version`, `legacy`, `required_feature` or `corrupt` for what the file is; with a verifier `not_signed`,
   *  `forged` or `unsupported`; and what the source throws. An encrypted file is opened without a key: `useKey` of h4mk/protect comes afterwards. */
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

  /** Forgets what is kept in memory, and closes the source. The file is not to be used afterwards. */
  close(): void {
    this.bytes.close();
    this.#held.clear();
  }

  /** The file has its end. One without is still being written, or was cut. */
  get closed(): boolean {
    return this.state.closed;
  }

  /** Bytes of the file, as far as it is known: `refresh` asks again. Of a signed file without a final checkpoint those up to its last one. */
  get size(): number {
    return this.bytes.size;
  }

  /** All tracks by track_id, in the order of the file: those of the TRAK that counts (core.md, "Which description counts"). */
  get tracks(): Tracks {
    return this.state.tracks;
  }

  /** META as it stands in the file, with exact integers; null if there is none. */
  get exactMeta(): Meta | null {
    return this.state.meta;
  }

  /** META for programs: integers are numbers where these are exact, else bigint. Empty if there is no META. */
  get meta(): { [key: string]: Json } {
    return (this.state.meta ? plain(this.state.meta) : {}) as { [key: string]: Json };
  }

  /** Tags of the file, one text each: members of META that are texts, and those of its `tags`, which win. Of a tag with several texts the first one. */
  get tags(): Record<string, string> {
    const { meta } = this;
    return Object.assign(tagsOf(meta), tagsOf(meta.tags));
  }

  /** Chapters in the order of the file. One without a time base or a start, or that ends before it starts, is left out. */
  get chapters(): Chapter[] {
    const { chapters } = this.meta;
    return Array.isArray(chapters) ? chapters.flatMap(chapterOf) : [];
  }

  /** META has the member `protection`: blocks need a key. */
  get encrypted(): boolean {
    return this.state.meta?.protection !== undefined;
  }

  /** What the index says of all blocks of a track, by track_id. Of a track that is not there, or has no block yet: nothing but zeros and null. */
  totals(track: number): Totals {
    return this.state.index.totals.get(track) ?? { blocks: 0, hidden: 0, bytes: 0, startPts: null, firstDts: null, end: null, overlap: false };
  }

  /** Seconds from time 0 to the end of the longest track; 0 if none ends behind time 0. */
  get duration(): number {
    return Math.max(0, ...[...this.tracks.values()].map((track) => track.seconds(this.totals(track.id).end ?? 0n)));
  }

  /** The attachment of a track, by track_id: the last whole one; null if there is none. Its bytes are not to be written into. */
  async attachment(track: number): Promise<Uint8Array | null> {
    for (const chunk of [...(this.state.attachments.get(track) ?? [])].reverse()) {
      if (!(await new Walk(this.state.crc, this.state.limit).computeWhole(chunk))) continue;
      const cursor = new Cursor(await this.bytes.read(chunk.payload, chunk.end - 4));
      cursor.varint();
      return cursor.take(cursor.left);
    }
    return null;
  }

  /** Opens encrypted blocks from now on. `useKey` of h4mk/protect calls it. From then on blocks that are not encrypted are errors. */
  useDecryptor(decryptor: Decryptor): void {
    this.#content.decryptor = decryptor;
  }

  /** For the parts of this package.
   *  @internal */
  get internals(): { bytes: Bytes; content: ContentReader; state: Opened } {
    return { bytes: this.bytes, content: this.#content, state: this.state };
  }

  // Blocks.

  /** A track by its track_id. Throws `unknown_track` where there is none. */
  track(id: number): Track {
    const track = this.tracks.get(id);
    if (!track) throw new H4mkError('unknown_track', `The file has no track ${id}.`);
    return track;
  }

  /** The data of a block, checked, opened and unpacked. Do not write into it.
   *
   *  Throws `damaged_data` where a CRC does not hold; `no_key`, `bad_tag` or `not_encrypted` for encryption; `bad_compression` or
   *  `unknown_compression` for zstd; `external_name`, `external_missing` or `external_changed` for the file beside; `unknown_block_flag`,
   *  `unknown_requirement` or `unknown_track` for what is not known. */
  async read(block: Block): Promise<Content> {
    return this.#content.read(block, this.track(block.track));
  }

  /** The data as it is stored: ciphertext, a zstd frame. Its CRC held. Throws as `read` does, but not for encryption and zstd. */
  async readStored(block: Block): Promise<Uint8Array> {
    return this.#content.stored(block, this.track(block.track));
  }

  /** All blocks with their data, in the order of the file. What is damaged is left out and told to `onProblem`, as it is come upon; so is what
   *  cannot be handed out for another reason. Blocks of tracks with `unknownRequirements` are left out without a word.
   *
   *  `content` is null for encrypted blocks without a key. `from` is the offset of a cluster (absent: the start of the file). Without it the file
   *  is checked as a whole as well: its descriptions, that its tops name its first cluster and no more than it can hold, that each track begins with
   *  ordinal 0, and with a key how many blocks it has. */
  async *blocks(onProblem: (problem: Problem) => void = () => {}, from?: number): AsyncGenerator<PlaceWithContent> {
    const { allBlocks } = await import('./all_blocks.js');
    yield* allBlocks(this, this.internals, this.#chunks(from), onProblem, from === undefined);
  }

  #chunks(from?: number): AsyncGenerator<Chunk> {
    if (this.state.chunks) return this.state.chunks(from);
    return new Walk(this.state.crc, this.state.limit).chunks(from);
  }

  /** The indexes of clusters, in the order of the file; damaged ones are left out. `from` is the offset of a cluster, or the `end` of one
   *  (absent: the start of the file). No data of blocks is read. */
  async *clusters(from?: number): AsyncGenerator<Cluster> {
    for await (const chunk of this.#chunks(from)) if (chunk.isReadable) yield chunk.cluster!;
  }

  // Questions to the index.

  /** Finds the seek point of a track for a time, and where all other tracks begin (core.md, "Seeking"). Backward: the last one not later than `time`,
   *  or the first one of all. Forward: the first one not earlier. Null where there is none, and for a track with `unknownRequirements`.
   *  Throws `unknown_track`. */
  async seek(track: number, time: bigint, forward = false): Promise<SeekResult | null> {
    if (this.track(track).unknownRequirements.length) return null;
    return this.#ask(async (index) => {
      const seeker = new Seeker(index, (offset) => this.#cluster(offset, true));
      const found = forward ? await seeker.seekPoint(track, time, true) : await seeker.backward(track, time);
      return found && { found, begins: await seeker.beginnings(this.tracks, found) };
    });
  }

  /** The seek point alone, backward. Null where the track has none, or is not there. */
  async seekPoint(track: number, time: bigint): Promise<Place | null> {
    return this.#ask((index) => new Seeker(index, (offset) => this.#cluster(offset, true)).backward(track, time));
  }

  /** Blocks behind a seek: the one that was found first, all others in the order of the file. Blocks before the beginning of their track are
   *  left out, and so are damaged clusters. */
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

  /** How many frames a track has: blocks with a time that are not marked discard (core.md, "Frames"). 0 for a track that is not there. */
  frameCount(track: number): number {
    return this.state.index.frameCount(track);
  }

  /** Frame `number` of a track in the order in which they are shown, from 0; null if there is none. */
  async frame(track: number, number: number): Promise<Place | null> {
    return this.#ask(async () => (await this.#framesOf(track)).frame(number));
  }

  /** The number of the frame that is shown at a time: the last one that is not later; -1 if all are later, or there is none. */
  async frameAt(track: number, time: bigint): Promise<number> {
    return this.#ask(async () => (await this.#framesOf(track)).at(time));
  }

  /** What a decoder needs to show a frame: blocks of the track in the order of the file, from a key block up to the frame (core.md, "Decode chain").
   *  Null if there is no such frame, or no key block for it. */
  async chain(track: number, number: number): Promise<Place[] | null> {
    return this.#ask(async () => (await this.#framesOf(track)).chain(number));
  }

  /** The block with an ordinal, its number within its track; null if it is not there. */
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
        const many = ++this.#wrong > MOST_WRONG + SEARCHED_AGAIN / Math.max(1, this.state.index.clusterCount);
        if (error instanceof SpanWrong && !many && (await import('./walked_index.js')).dropSpans(this.state.index, error)) continue;
        if (this.#ignored === 'index' || (this.#ignored === 'top' && !many)) throw new H4mkError('corrupt', `The index cannot be used: ${error.message}.`);
        await this.#ignore(many ? 'index' : 'top');
      }
    }
  }

  async #ignore(what: Ignored): Promise<void> {
    this.#ignored = what;
    this.#wrong = 0;
    this.#frameLists.clear();
    const { closed } = this.state;
    this.state = { ...(await openFile(this.bytes, this.salt, what)), closed };
  }

  /** `whole`: its data will be needed as well, so it is asked for at once. Its size is not known yet: about that of the others. */
  #cluster(offset: number, whole = false): Promise<Cluster> {
    let cluster = this.#held.get(offset);
    this.#held.delete(offset);
    if (whole && !cluster) this.bytes.prefetch(offset, offset + Math.min(this.#usualCluster, MOST_AHEAD));
    cluster ??= this.#loadCluster(offset);
    this.#held.set(offset, cluster);
    if (this.#held.size > CLUSTERS_HELD) this.#drop(this.#held.keys().next().value!);
    return cluster;
  }

  #makeRoom(offset: number, blocks: number): void {
    this.#blocksHeld += blocks - (this.#blocksOf.get(offset) ?? 0);
    this.#blocksOf.set(offset, blocks);
    for (const first of this.#blocksOf.keys()) {
      if (this.#blocksHeld <= BLOCKS_HELD || this.#blocksOf.size === 1) return;
      this.#drop(first);
    }
  }

  #drop(offset: number): void {
    this.#held.delete(offset);
    this.#blocksHeld -= this.#blocksOf.get(offset) ?? 0;
    this.#blocksOf.delete(offset);
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
    this.#makeRoom(offset, chunk.cluster!.blocks.length);
    return chunk.cluster!;
  }

  /** A file that is still being written: takes over what came since. Returns whether there is more; false for a closed file, without asking. Places
   *  that were handed out before stay valid; `tracks`, `meta` and `duration` may be others. */
  async refresh(): Promise<boolean> {
    if (this.closed) return false;
    const before = this.bytes.size;
    if ((await this.bytes.measure()) === before) return false;
    const { walkFurther } = await import('./without_top.js');
    const further = await walkFurther(this.state);
    if (!further) this.#frameLists.clear();
    this.state = further ?? (await openFile(this.bytes, this.salt, this.#ignored));
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
