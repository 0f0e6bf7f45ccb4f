// SPDX-License-Identifier: MIT
// core.md, "Index": pages, the top, the locator, and totals. What they say; which of them counts stands in read/.
import { require } from '../errors.js';
import { Budget, Cursor } from './cursor.js';

const MOST_CLUSTERS = 65536;
const MOST_SPANS = 2 ** 17;
export const MOST_PAGES_TIMES_TRACKS = 2 ** 18;
export const SMALLEST_CLUSTER = 31;

/** All blocks of a track together, up to the end of a page or of the file (core.md, "Page"). Times are in ticks. */
export interface Totals {
  /** How many blocks there are. */
  blocks: number;
  /** How many of them are no frames. */
  hidden: number;
  /** Bytes of their data as it is stored, in the file beside as well. */
  bytes: number;
  /** The pts of the first block that has one and is not marked discard; null if there is none. */
  startPts: bigint | null;
  /** The dts of the first block; null if it has none. */
  firstDts: bigint | null;
  /** The largest time plus duration of a block; null if no block has a time. */
  end: bigint | null;
  /** A block has a time that is not later than that of a block in a cluster before: to number frames, all times have to be read. */
  overlap: boolean;
  /** Its flags as they are stored; absent where the totals were counted.
   *  @internal */
  bits?: number;
}

/** What a page says of one track in one cluster. Seek points have times from `firstKey` to `lastKey`. */
export interface Span {
  /** Offset of the cluster. */
  cluster: number;
  blocks: number;
  hidden: number;
  firstTime: bigint;
  firstKey: bigint | null;
  lastKey: bigint | null;
}

export interface PageTrack {
  spans: Span[];
  /** Times of the frames, rising within each span, where the page stores them. */
  times: BigInt64Array | null;
  totals: Totals;
}

export interface Page {
  offset: number;
  copy: boolean;
  before: number | null;
  trak: number | null;
  meta: number | null;
  clusters: number[];
  tracks: Map<number, PageTrack>;
}

/** What the top says of a track in one page. */
export interface Summary {
  blocks: number;
  hidden: number;
  firstTime: bigint;
  firstKey: bigint | null;
  lastKey: bigint | null;
}

/** The same as the top stores it: one value a page. Signatures are over these. */
export interface TopColumns {
  blocks: number[];
  hidden: number[];
  firstTimes: BigInt64Array;
  keys: BigInt64Array;
  firstKeys: BigInt64Array;
  ranges: BigInt64Array;
  unordered: BigInt64Array;
}

export interface Top {
  offset: number;
  size: number;
  toEnd: number;
  firstCluster: number | null;
  trak: number;
  meta: number | null;
  pages: { offset: number; size: number; clusters: number; tracks: Map<number, Summary> }[];
  columns: Map<number, TopColumns>;
  totals: Map<number, Totals>;
}

export function parseTotals(cursor: Cursor): Totals {
  const bits = cursor.u8();
  const [blocks, hidden, bytes] = [cursor.varint(), cursor.varint(), cursor.varint()];
  require(hidden <= blocks, 'more blocks are hidden than there are');
  const startPts = bits & 1 ? cursor.signed() : null;
  const firstDts = bits & 2 ? cursor.signed() : null;
  const end = bits & 4 ? cursor.signed() : null;
  return { blocks, hidden, bytes, startPts, firstDts, end, overlap: (bits & 32) !== 0, bits };
}

/** Distances lead back from the chunk at `offset`; 0 means none. */
function place(offset: number, distance: bigint): number | null {
  return distance === 0n ? null : Number(BigInt(offset) - distance);
}

export function parsePage(payload: Uint8Array, offset: number, budget: Budget): Page {
  const cursor = new Cursor(payload);
  cursor.take(4);
  const bits = cursor.u8();
  require(bits <= 1, 'a reserved bit of a page is set');
  const copy = bits === 1;
  const [before, trak, meta, first] = [1, 2, 3, 4].map(() => place(offset, cursor.i64())) as (number | null)[];
  require(!copy || (before === null && trak === null && meta === null), 'a copy names what only an original does');
  require(copy || trak !== null, 'a page names no TRAK');
  const clusterCount = cursor.varint();
  require(clusterCount <= MOST_CLUSTERS, 'a page has more than 65536 clusters');
  budget.take(clusterCount);
  require(clusterCount > 0 === (first !== null), 'a page with clusters names the first one, without ones names none');
  const clusters = clusterCount ? clustersOf(cursor, first!, clusterCount) : [];
  require(copy || !clusters.length || clusters.at(-1)! < offset, 'a cluster stands behind its page');
  const tracks = new Map<number, PageTrack>();
  const trackCount = cursor.varint();
  require(trackCount <= 4096, 'a page has more than 4096 tracks');
  const blocks = clusters.map(() => 0);
  let left = MOST_SPANS;
  for (let i = 0; i < trackCount; i++) {
    const id = cursor.varint();
    require(!tracks.has(id), 'a page has a track twice');
    const track = pageTrack(cursor, clusters, blocks, left, budget);
    left -= track.spans.length;
    tracks.set(id, track);
  }
  requireRoom(clusters, blocks, copy && clusters.length > 0 && clusters[0]! > offset ? null : offset);
  return { offset, copy, before: before!, trak: trak!, meta: meta!, clusters, tracks };
}

/** Every block takes a byte of its cluster. `end` of the last one is not known (null) of pages in front, whose file may be cut. */
function requireRoom(clusters: number[], blocks: number[], end: number | null): void {
  clusters.forEach((begin, i) => {
    const next = clusters[i + 1] ?? end ?? begin + 65535;
    require(blocks[i]! <= Math.min(65535, next - begin), 'a cluster has no room for its blocks');
  });
}

function clustersOf(cursor: Cursor, first: number, count: number): number[] {
  const clusters = [first];
  for (const distance of cursor.numbers(count - 1, 2 ** 53 - 1, 'a distance between clusters is not possible')) {
    require(distance >= SMALLEST_CLUSTER, 'a cluster takes 31 bytes or more');
    clusters.push(clusters.at(-1)! + distance);
  }
  return clusters;
}

function positions(cursor: Cursor, count: number, end: number): number[] {
  const found: number[] = [];
  let before = -1;
  for (const value of cursor.deltas(count)) {
    const position = Number(value);
    require(position > before && position < end, 'positions do not rise, or too far');
    found.push((before = position));
  }
  return found;
}

/** Adds to the blocks of each cluster. */
function pageTrack(cursor: Cursor, clusters: number[], blocksOf: number[], mostSpans: number, budget: Budget): PageTrack {
  const count = cursor.varint();
  require(count <= Math.min(clusters.length, mostSpans), 'a track has too many spans');
  budget.take(count);
  const at = positions(cursor, count, clusters.length);
  const blocks = cursor.numbers(count, 65535, 'a span has no blocks, or too many');
  const hidden = cursor.numbers(count, 65535, 'more blocks are hidden than there are');
  const firstTimes = cursor.deltas(count);
  const spans = at.map((position, i): Span => {
    require(blocks[i]! >= 1 && hidden[i]! <= blocks[i]!, 'a span has no blocks, or more hidden ones than blocks');
    blocksOf[position]! += blocks[i]!;
    return { cluster: clusters[position]!, blocks: blocks[i]!, hidden: hidden[i]!, firstTime: firstTimes[i]!, firstKey: null, lastKey: null };
  });
  keysOf(cursor, spans);
  const frames = spans.reduce((sum, span) => sum + span.blocks - span.hidden, 0);
  const size = cursor.varint();
  if (size) budget.take(frames);
  const times = size ? new Cursor(cursor.take(size)).deltas(frames) : null;
  return { spans, times, totals: parseTotals(cursor) };
}

function keysOf(cursor: Cursor, spans: Span[]): void {
  const count = cursor.varint();
  require(count <= spans.length, 'more spans have seek points than there are');
  const at = positions(cursor, count, spans.length);
  const delays = cursor.column(count);
  const ranges = cursor.column(count);
  at.forEach((position, i) => {
    const span = spans[position]!;
    span.firstKey = BigInt.asIntN(64, span.firstTime + delays[i]!);
    span.lastKey = BigInt.asIntN(64, span.firstKey + ranges[i]!);
    require(span.firstTime <= span.firstKey && span.firstKey <= span.lastKey, 'times of seek points are not possible');
  });
}

/** How many pages a top tells of. */
export function pageCountOf(top: Uint8Array): number {
  const cursor = new Cursor(top);
  cursor.take(36);
  return cursor.varint();
}

export function parseTop(payload: Uint8Array, offset: number, budget: Budget): Top {
  const cursor = new Cursor(payload);
  cursor.take(4);
  const toEnd = Number(cursor.u64());
  const [firstCluster, trak, meta] = [1, 2, 3].map(() => place(offset, cursor.i64())) as (number | null)[];
  require(trak !== null, 'a top names no TRAK');
  const count = cursor.varint();
  require(count <= MOST_PAGES_TIMES_TRACKS, 'a top has too many pages');
  budget.take(count);
  const places = Array.from(cursor.deltas(count), (distance) => Number(BigInt(offset) - distance));
  const sizes = cursor.numbers(count, 2 ** 32, 'the size of a page is not possible');
  const clusters = cursor.numbers(count, 2 ** 53, 'a page has too many clusters');
  const trackCount = cursor.varint();
  require(trackCount <= 4096 && trackCount * count <= MOST_PAGES_TIMES_TRACKS, 'pages times tracks are too many');
  const none = new Map<number, Summary>();
  const pages = places.map((at, i) => ({ offset: at, size: sizes[i]!, clusters: clusters[i]!, tracks: trackCount ? new Map<number, Summary>() : none }));
  const columns = new Map<number, TopColumns>();
  const totals = new Map<number, Totals>();
  for (let i = 0; i < trackCount; i++) {
    const id = cursor.varint();
    require(!totals.has(id), 'a top has a track twice');
    budget.take(count);
    const of = topTrack(cursor, count);
    columns.set(id, of);
    pages.forEach((page, n) => page.tracks.set(id, summaryIn(of, n)));
    totals.set(id, parseTotals(cursor));
  }
  const size = payload.length + 16;
  return { offset, size, toEnd, firstCluster: firstCluster!, trak: trak!, meta: meta!, pages, columns, totals };
}

function topTrack(cursor: Cursor, count: number): TopColumns {
  return {
    blocks: cursor.numbers(count, 2 ** 53, 'a page has less than no blocks'),
    hidden: cursor.numbers(count, 2 ** 53, 'a page has less than no hidden blocks'),
    firstTimes: cursor.deltas(count), keys: cursor.column(count), firstKeys: cursor.deltas(count), ranges: cursor.column(count), unordered: cursor.column(count),
  };
}

function summaryIn({ blocks, hidden, firstTimes, keys, firstKeys, ranges }: TopColumns, page: number): Summary {
  const firstKey = keys[page] ? firstKeys[page]! : null;
  return { blocks: blocks[page]!, hidden: hidden[page]!, firstTime: firstTimes[page]!, firstKey, lastKey: firstKey === null ? null : BigInt.asIntN(64, firstKey + ranges[page]!) };
}

/** What a reader MUST refuse in a top. `firstCluster`: the first one that stands behind the header. */
export function checkTop(top: Top, fileSize: number, firstCluster: number | null): void {
  require(new Set(top.pages.map((page) => page.offset)).size === top.pages.length, 'a top names a page twice');
  const clusters = top.pages.reduce((sum, page) => sum + page.clusters, 0);
  require(clusters <= Math.floor(fileSize / SMALLEST_CLUSTER), 'the top has too many clusters');
  let blocks = 0;
  for (const page of top.pages) for (const track of page.tracks.values()) blocks += track.blocks;
  let total = 0;
  for (const totals of top.totals.values()) total += totals.blocks;
  require(blocks <= fileSize && total <= fileSize, 'more blocks than the file has bytes');
  require(top.firstCluster === firstCluster, 'the first cluster of the top is another one');
}

/** The locator: where the top is, and the size of its chunk. */
export function parseLocator(payload: Uint8Array, offset: number): { top: number | null; size: number } {
  const cursor = new Cursor(payload);
  const begin = cursor.take(4);
  require(begin[0] === 0x48 && begin[1] === 0x34 && begin[2] === 0x54 && begin[3] === 0x4c, 'a locator begins with H4TL');
  return { top: place(offset, cursor.i64()), size: cursor.u32() };
}
