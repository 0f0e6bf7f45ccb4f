// SPDX-License-Identifier: MIT
// core.md, "Cluster": from the index of a CORE chunk to blocks with their times and places.
import { require } from '../errors.js';
import { Budget, Cursor, NO_TIME } from './cursor.js';

/** Bits of `Block.flags` (core.md, "Block flags"). The two lowest bits are the type of the block: 0 I, 1 P, 2 B, 3 read as P. */
export const FLAG = {
  /** A decoder can start here. */
  KEY: 4,
  /** To be decoded and not to be shown. */
  DISCARD: 8,
  /** Known to be damaged when it was written. */
  CORRUPT: 16,
  /** Nothing depends on it. */
  DISPOSABLE: 32,
  /** Its pts is not known. */
  NO_PTS: 64,
  /** Its dts is not known. */
  NO_DTS: 128,
  /** It has side data. */
  SIDE_DATA: 256,
  /** It is stored encrypted (protection.md). */
  ENCRYPTED: 512,
  /** It is stored as a zstd frame. */
  COMPRESSED: 1024,
  /** Its data is in the file beside (core.md, "External data"). */
  EXTERNAL: 2048,
  /** Bits 12 to 15: where one is set the block cannot be read, since none is defined yet. */
  MUST_BE_UNDERSTOOD: 0xf000,
} as const;
export const MOST_INDEX = 128 * 2 ** 20;
const MOST_SIZE = 2 ** 30;
const MOST_PIECES = 65536;
const MOST_SIDE_DATA = 32 * 2 ** 20;
const MOST_EXTERNAL = 64 * 2 ** 20;
const MOST_ORDINAL = 2n ** 63n - 1n;

/** What a block carries beside its data (ffmpeg.md, "Names of side data"). */
export interface SideData {
  /** 1 to 255 bytes of UTF-8. */
  readonly name: string;
  /** Its bytes. Do not write into them: blocks may share them. */
  readonly data: Uint8Array;
}

/** A block as the index of its cluster describes it. Times are in ticks of its track. */
export interface Block {
  /** The track_id, which TRAK need not have: `H4mkFile.track` throws then. */
  readonly track: number;
  /** Its number within the track, in the order of writing, from 0. Gaps show that blocks were lost. */
  readonly ordinal: bigint;
  /** 32 bits: see `FLAG`. */
  readonly flags: number;
  /** Bytes of the data as it is stored: encrypted, compressed. At most 1 GiB. */
  readonly size: number;
  /** Ticks; 0: not known. */
  readonly duration: bigint;
  /** When it is decoded; null: not known. */
  readonly dts: bigint | null;
  /** When it is shown; null: not known. */
  readonly pts: bigint | null;
  /** Where its data begins: the byte in this file, or with `FLAG.EXTERNAL` in the file beside. */
  readonly offset: number;
  /** Side data as it is stored. In an encrypted file that is one sealed piece: `Content.sideData` has the pieces. */
  readonly sideData: readonly SideData[];
  /** The cluster that has it. */
  readonly cluster: Cluster;
}

/** The time of a block in ticks: its pts, or its dts if it has no pts; null if it has neither. */
export const timeOf = (block: Block): bigint | null => block.pts ?? block.dts;
/** Whether a block is shown: it has a time and is not marked discard. */
export const isFrame = (block: Block): boolean => timeOf(block) !== null && !(block.flags & FLAG.DISCARD);
/** Whether a seek may end at a block: it has a time and the flag `KEY`. */
export const isSeekPoint = (block: Block): boolean => timeOf(block) !== null && (block.flags & FLAG.KEY) !== 0;

type Writable<T> = { -readonly [K in keyof T]: T[K] };

/** What a cluster has of one track. */
export interface ListedTrack {
  /** The track_id. */
  readonly track: number;
  /** How many blocks of the track the cluster has: 1 or more. */
  readonly count: number;
  /** The ordinal of the first of them. */
  readonly ordinal: bigint;
  /** These blocks, in their order. */
  readonly blocks: Block[];
  /** SHA-256 of the data of its external blocks, back to back; absent if it has none. */
  hash?: Uint8Array;
}

/** Where the bytes of a cluster lie in the file. Of a file of version 1 it is a run of chunks, one for each block. */
export interface ClusterPlace {
  /** The first byte of its chunk. */
  readonly offset: number;
  /** The first byte of its data. */
  readonly dataBegin: number;
  /** Behind the last byte of its chunk, the CRC included. */
  readonly end: number;
}

/** The index of a cluster (core.md, "Cluster"). */
export interface Cluster extends ClusterPlace {
  /** The tracks that have blocks here, in the order in which their data lies. TRAK need not have all of them. */
  readonly tracks: ListedTrack[];
  /** All blocks in the order in which they were written and are handed out. 1 to 65535. */
  readonly blocks: Block[];
  /** Behind the last byte of its data. */
  readonly dataEnd: number;
  /** Stripes of the data have 2^stripeShift bytes, the last one may have fewer; 0: there are none, and the CRC of the chunk counts. */
  readonly stripeShift: number;
  /** The CRC of each stripe. */
  readonly stripes: number[];
  /** Version 1: each block has a chunk of its own, whose CRC decides. */
  readonly ownChunks?: boolean;
}

/** Parses an index. Throws Broken where it breaks a rule; only an index that does is taken from the budget. */
export function parseCluster(index: Uint8Array, place: ClusterPlace, budget: Budget): Cluster {
  const before = budget.left;
  const cursor = new Cursor(index);
  // The log of version 1 has indexes without data: there the end is NaN.
  const payloadLength = Number.isNaN(place.end) ? 16 * index.length : place.end - 4 - (place.offset + 12);
  const blockCount = cursor.varint();
  require(blockCount >= 1 && blockCount <= Math.min(65535, payloadLength), 'block_count is not 1 … 65535, or more than the bytes');
  budget.take(blockCount);
  const trackCount = cursor.varint();
  require(trackCount >= 1 && trackCount <= Math.min(blockCount, 4096), 'track_count is not 1 … block_count');
  const form = cursor.u8();
  const stripeShift = form & 31;
  require(form < 64 && (stripeShift === 0 || (stripeShift >= 12 && stripeShift <= 30)), 'form has a reserved bit or stripe_shift');
  const listed = listOfTracks(cursor, blockCount, trackCount);
  const order = orderOf(cursor, listed, blockCount);
  const tracks = listed.map(({ track, count, ordinal }) => ({ track, count, ordinal, blocks: [] as Block[] }));
  const cluster: Writable<Cluster> = {
    offset: place.offset, dataBegin: place.dataBegin, end: place.end, dataEnd: place.end - 4, stripeShift, stripes: [], blocks: [], tracks,
  };
  const stored = columnsOf(cursor, listed, cluster);
  require(Number.isNaN(place.end) || place.dataBegin + stored === cluster.dataEnd, 'the sizes of the blocks do not add up to the length of the data');
  const taken = tracks.map(() => 0);
  cluster.blocks = order.map((position) => tracks[position]!.blocks[taken[position]!++]!);
  const stripeCount = stripeShift ? Math.ceil(stored / 2 ** stripeShift) : 0;
  for (let i = 0; i < stripeCount; i++) cluster.stripes.push(cursor.u32());
  external(cursor, cluster, (form & 32) !== 0);
  if (cluster.blocks.some((block) => block.flags & FLAG.SIDE_DATA)) sideData(cursor, cluster.blocks, payloadLength);
  budget.left = before;
  return cluster;
}

interface Head {
  track: number;
  count: number;
  ordinal: bigint;
  dtsBase: bigint;
}

function listOfTracks(cursor: Cursor, blockCount: number, trackCount: number): Head[] {
  const found: Head[] = [];
  const seen = new Set<bigint>();
  let together = 0;
  for (let i = 0; i < trackCount; i++) {
    const trackId = cursor.big();
    const track = Number(trackId); // what is rounded is no track of any file
    const count = trackCount > 1 ? cursor.varint() : blockCount;
    require(!seen.has(trackId), 'a track is listed twice');
    require(count >= 1 && count <= blockCount, 'a track has no blocks, or too many');
    const ordinal = cursor.big();
    require(ordinal <= MOST_ORDINAL - BigInt(count), 'an ordinal is too large');
    found.push({ track, count, ordinal, dtsBase: cursor.signed() });
    seen.add(trackId);
    together += count;
  }
  require(together === blockCount, 'the tracks do not have block_count blocks together');
  return found;
}

function orderOf(cursor: Cursor, tracks: Head[], blockCount: number): number[] {
  if (tracks.length === 1) return new Array<number>(blockCount).fill(0);
  const order = cursor.numbers(blockCount, tracks.length - 1, 'order names a track that is not listed');
  const counts = tracks.map(() => 0);
  for (const position of order) counts[position]!++;
  require(tracks.every((track, i) => track.count === counts[i]), 'order does not have the blocks of each track');
  return order;
}

/** The five columns of each track, "Times", and the places of the data. Returns the size of all that is not external. */
function columnsOf(cursor: Cursor, heads: Head[], cluster: Cluster): number {
  let offset = cluster.dataBegin;
  heads.forEach((head, position) => {
    const { track, count, ordinal } = head;
    const flags = cursor.numbers(count, 2 ** 32 - 1, 'flags have more than 32 bits');
    const sizes = cursor.numbers(count, MOST_SIZE, 'a block is larger than 1 GiB');
    const durations = cursor.column(count);
    const steps = cursor.column(count - 1);
    const differences = cursor.column(count);
    let time = head.dtsBase;
    const blocks = cluster.tracks[position]!.blocks;
    for (let i = 0; i < count; i++) {
      const bits = flags[i]!;
      const isExternal = (bits & FLAG.EXTERNAL) !== 0;
      blocks.push({
        track, ordinal: ordinal + BigInt(i), flags: bits, size: sizes[i]!, duration: durations[i]!,
        dts: known(time, bits & FLAG.NO_DTS), pts: known(BigInt.asIntN(64, time + differences[i]!), bits & FLAG.NO_PTS),
        offset: isExternal ? 0 : offset, sideData: [], cluster,
      });
      if (!isExternal) offset += sizes[i]!;
      if (i + 1 < count) time = BigInt.asIntN(64, time + durations[i]! + steps[i]!);
    }
  });
  return offset - cluster.dataBegin;
}

function known(time: bigint, unknown: number): bigint | null {
  return unknown || time === NO_TIME ? null : time;
}

/** "External data": places in the other file. */
function external(cursor: Cursor, cluster: Cluster, present: boolean): void {
  const jumps = new Map<number, { values: bigint[]; next: number; ofAny: boolean; end?: bigint }>();
  for (const listed of cluster.tracks) {
    const blocks = listed.blocks.filter((block) => block.flags & FLAG.EXTERNAL);
    if (!blocks.length) continue;
    require(present, 'a block is external, and form says that none is');
    require(!blocks.some((b) => b.flags & (FLAG.ENCRYPTED | FLAG.COMPRESSED)), 'an external block is encrypted or compressed');
    const together = blocks.reduce((sum, block) => sum + block.size, 0);
    require(together <= MOST_EXTERNAL || blocks.length === 1, 'the external blocks of a track are too large');
    listed.hash = cursor.take(32).slice();
    const mode = cursor.u8();
    require(mode <= 1, 'a reserved way to count jumps');
    jumps.set(listed.track, { values: [cursor.big(), ...cursor.column(blocks.length - 1)], next: 0, ofAny: mode === 1 });
  }
  let last = 0n;
  for (const block of cluster.blocks as Writable<Block>[]) {
    if (!(block.flags & FLAG.EXTERNAL)) continue;
    const of = jumps.get(block.track)!;
    const from = of.end === undefined ? 0n : of.ofAny ? last : of.end;
    const offset = from + of.values[of.next++]!;
    require(offset >= 0n && offset <= MOST_ORDINAL - BigInt(block.size), 'an external block is beyond 2^63 - 1');
    block.offset = Number(offset);
    of.end = last = offset + BigInt(block.size);
  }
}

function sideData(cursor: Cursor, blocks: Block[], payloadLength: number): void {
  const nameCount = cursor.varint();
  require(nameCount <= MOST_PIECES, 'too many names of side data');
  const names: string[] = [];
  for (let i = 0; i < nameCount; i++) {
    const length = cursor.varint();
    require(length >= 1 && length <= 255, 'a name of side data has not 1 … 255 bytes');
    names.push(new TextDecoder().decode(cursor.take(length)));
  }
  const before = new Map<number, SideData[]>();
  let pieces = 0;
  let repeated = 0;
  for (const block of blocks as Writable<Block>[]) {
    if (!(block.flags & FLAG.SIDE_DATA)) continue;
    const count = cursor.varint();
    pieces += count;
    require(pieces <= MOST_PIECES, 'too many pieces of side data');
    if (count) {
      before.set(block.track, piecesOf(cursor, names, count));
    } else {
      const same = before.get(block.track);
      require(same !== undefined, 'side data is repeated that was not there');
      repeated += same.reduce((sum, piece) => sum + Math.max(1, piece.data.length), 0);
      require(repeated <= 32 * payloadLength, 'too much side data is repeated');
    }
    block.sideData = before.get(block.track)!;
  }
}

function piecesOf(cursor: Cursor, names: string[], count: number): SideData[] {
  const found: SideData[] = [];
  let together = 0;
  for (let i = 0; i < count; i++) {
    const name = cursor.varint();
    require(name < names.length, 'side data has a name that is not listed');
    const data = cursor.take(cursor.varint());
    together += data.length;
    found.push({ name: names[name]!, data });
  }
  require(together <= MOST_SIDE_DATA, 'the side data of a block is too large');
  return found;
}
