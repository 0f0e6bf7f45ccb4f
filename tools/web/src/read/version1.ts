// SPDX-License-Identifier: MIT
// legacy.md, "Version 1": a chunk for each block, in milliseconds. The blocks are listed once, then read as those of version 2 are.
import { addTo } from '../base/lists.js';
import { Broken, H4mkError, require, unlessBroken } from '../errors.js';
import { CHECKSUM_SIZE, Chunk, HEADER_SIZE, KNOWN_TAGS, ascii, parseHead, u32At } from '../format/chunk.js';
import { Block, Cluster, FLAG, parseCluster, timeOf } from '../format/cluster.js';
import { crc32 } from '../format/crc.js';
import { Budget, Cursor } from '../format/cursor.js';
import { Exact, isObject, parseJson } from '../format/json.js';
import { Meta, Track, Tracks, fromBase64 } from '../format/tracks.js';
import type { Bytes } from '../source/bytes.js';
import { CrcOf } from './crc_of.js';
import { WalkedIndex } from './walked_index.js';
import type { Opened } from './open.js';
import { Walk } from './walk.js';

/** Bytes of a CORE chunk before the data: head, H4TB, track_id, unused. */
const BEFORE_DATA = 20;
const BLOCKS_A_CLUSTER = 256;
const MOST_LOG = 64 * 2 ** 20;
const TIME = 2 ** 28 - 1;
const DEFAULTS = { sample_rate: 48000n, channels: 1n, note: '' };

/** A block as its chunk tells it. */
interface Core {
  chunk: Chunk;
  track: number;
  time: bigint;
}

export async function openVersion1(bytes: Bytes): Promise<Opened> {
  const crc = new CrcOf(bytes, 0);
  const found = await chunksOf(crc);
  const trakChunk = found.chunks.find((chunk) => chunk.tag === 'TRAK' && chunk.whole);
  const metaChunk = found.chunks.find((chunk) => chunk.tag === 'META' && chunk.whole);
  const payload = (chunk: Chunk): Promise<Uint8Array> => bytes.read(chunk.payload, chunk.end - 4);
  let tracks: Tracks = trakChunk ? parseTrak(await payload(trakChunk)) : new Map();
  const metaBytes = metaChunk && metaChunk.length <= MOST_LOG ? await payload(metaChunk) : null;
  const meta = metaBytes && unlessBroken(() => parseJson(metaBytes));
  const cores = await coresOf(bytes, found.chunks);
  const log = isObject(meta ?? undefined) ? blockLog((meta as Meta).h4mk, cores, tracks) : null;
  if (log) tracks = log.tracks;
  else for (const { track } of cores) if (!tracks.has(track)) tracks.set(track, madeUp(track, tracks.size));
  const clusters = cut(log ? log.blocks : plainBlocks(cores));
  const index = new WalkedIndex('walk');
  for (const cluster of clusters) index.add(cluster);
  const byOffset = new Map(clusters.map((cluster) => [cluster.offset, cluster]));
  const attachments = new Map<number, Chunk[]>();
  for (const chunk of found.chunks) if (chunk.tag === 'ATTA') await addAttachment(bytes, chunk, attachments);
  return {
    crc, limit: bytes.size, closed: found.closed, saltDamaged: false, tracks, meta: isObject(meta ?? undefined) ? withoutLog(meta as Meta) : null,
    trakOffset: trakChunk?.offset ?? HEADER_SIZE, metaOffset: metaChunk?.offset ?? null, attachments, index, walkedTo: bytes.size,
    clusterAt: async (offset) => byOffset.get(offset)!,
    chunks: async function* (from = 0) {
      for (const cluster of clusters) if (cluster.offset >= from) yield asChunk(cluster);
    },
  };
}

/** All chunks. Payloads of CORE are not read as long as one head follows the other; where that ends, the rules of damage are used. */
async function chunksOf(crc: CrcOf): Promise<{ chunks: Chunk[]; closed: boolean }> {
  const { bytes } = crc;
  const chunks: Chunk[] = [];
  const strict = new Walk(crc, bytes.size);
  let position = HEADER_SIZE;
  while (position + 12 <= bytes.size) {
    const chunk = parseHead(await bytes.read(position, position + 12), position);
    const fits = chunk && KNOWN_TAGS.has(chunk.tag) && chunk.end <= bytes.size && (await followed(bytes, chunk.end));
    if (!fits) break;
    if (chunk.tag !== 'CORE' && chunk.tag !== 'ATTA') await strict.computeWhole(chunk);
    chunks.push(chunk);
    position = chunk.end;
  }
  if (bytes.size - position === CHECKSUM_SIZE) return { chunks, closed: true };
  for await (const chunk of strict.chunks(position)) {
    if (!chunk.lost && !chunk.unfinished) chunks.push(chunk);
    position = chunk.end;
  }
  return { chunks, closed: false };
}

async function followed(bytes: Bytes, end: number): Promise<boolean> {
  if (bytes.size - end === CHECKSUM_SIZE || bytes.size === end) return true;
  return end + 12 <= bytes.size && parseHead(await bytes.read(end, end + 12), end) !== null;
}

function parseTrak(payload: Uint8Array): Tracks {
  const described = unlessBroken(() => {
    const root = parseJson(payload);
    require(isObject(root) && Array.isArray(root.tracks), 'TRAK has no array tracks');
    return root.tracks.map((track, i) => {
      require(isObject(track), 'a track is no object');
      return new Track({ ...DEFAULTS, ...track, time_base: '1/1000' }, i);
    });
  });
  if (!described) throw new H4mkError('corrupt', 'The description of the tracks cannot be used.', HEADER_SIZE);
  return new Map(described.map((track) => [track.id, track]));
}

function madeUp(id: number, index: number): Track {
  return new Track({ track_id: BigInt(id), name: '', kind: 'data', codec: 'none', time_base: '1/1000' }, index);
}

async function coresOf(bytes: Bytes, chunks: Chunk[]): Promise<Core[]> {
  const cores: Core[] = [];
  for (const chunk of chunks) {
    if (chunk.tag !== 'CORE' || chunk.length < 8) continue;
    const head = await bytes.read(chunk.payload, chunk.payload + 8);
    if (ascii(head.subarray(0, 4)) === 'H4TB') cores.push({ chunk, track: head[4]! | (head[5]! << 8), time: BigInt(chunk.flags & TIME) });
  }
  return cores;
}

type Draft = { -readonly [K in keyof Block]: Block[K] };

function plainBlocks(cores: Core[]): Draft[] {
  const next = new Map<number, bigint>();
  return cores.map(({ chunk, track, time }) => {
    const ordinal = next.get(track) ?? 0n;
    next.set(track, ordinal + 1n);
    const type = (chunk.flags >>> 28) & 3;
    return placed({ track, ordinal, flags: type === 0 ? FLAG.KEY : Math.min(type, 2), duration: 0n, dts: null, pts: time, sideData: [] }, chunk);
  });
}

function placed(block: Omit<Draft, 'size' | 'offset' | 'cluster'>, chunk: Chunk): Draft {
  return { ...block, size: chunk.length - 8, offset: chunk.offset + BEFORE_DATA, cluster: undefined as unknown as Cluster };
}

function cut(blocks: Draft[]): Cluster[] {
  const clusters: Cluster[] = [];
  for (let i = 0; i < blocks.length; i += BLOCKS_A_CLUSTER) {
    const some = blocks.slice(i, i + BLOCKS_A_CLUSTER);
    const of = new Map<number, Draft[]>();
    for (const block of some) addTo(of, block.track, block);
    // A log may have another order than the file: a number that rises stands for the offset.
    const cluster: Cluster = {
      offset: i + 1, dataBegin: 0, dataEnd: 0, end: 0, stripeShift: 0, stripes: [], ownChunks: true, blocks: some,
      tracks: [...of].map(([track, own]) => ({ track, count: own.length, ordinal: own[0]!.ordinal, blocks: own })),
    };
    for (const block of some) block.cluster = cluster;
    clusters.push(cluster);
  }
  return clusters;
}

function asChunk(cluster: Cluster): Chunk {
  const chunk = new Chunk(cluster.offset, 'CORE', 2 ** 30, 0);
  chunk.whole = true;
  chunk.cluster = cluster;
  return chunk;
}

async function addAttachment(bytes: Bytes, chunk: Chunk, attachments: Map<number, Chunk[]>): Promise<void> {
  const head = new Cursor(await bytes.read(chunk.payload, Math.min(chunk.end - 4, chunk.payload + 10)));
  const id = unlessBroken(() => head.varint());
  if (id !== null) addTo(attachments, id, chunk);
}

function withoutLog(meta: Meta): Meta {
  const copy = Object.assign(Object.create(null), meta) as Meta;
  delete copy.h4mk;
  return copy;
}

// "Block log": what version 1 has no place for. It is used as a whole or not at all.

function blockLog(log: Exact | undefined, cores: Core[], trak: Tracks): { tracks: Tracks; blocks: Draft[] } | null {
  return unlessBroken(() => {
    require(isObject(log) && Array.isArray(log.tracks) && Array.isArray(log.blocks), 'no block log');
    const tracks = new Map(log.tracks.map((described, i) => newer(described, trak, i)).map((track) => [track.id, track]));
    require(tracks.size === trak.size && [...trak.keys()].every((id) => tracks.has(id)), 'the log has other tracks');
    const budget = new Budget(8 * cores.length + 65536);
    const blocks = log.blocks.flatMap((text) => logged(text, budget));
    return { tracks, blocks: matched(blocks, cores, tracks) };
  });
}

/** The description of the log; where TRAK says something else for one of its seven keys, TRAK is newer. */
function newer(described: Exact, trak: Tracks, index: number): Track {
  require(isObject(described), 'a track is no object');
  const exact = trak.get(Number(described.track_id))?.exact as { [key: string]: Exact } | undefined;
  require(exact !== undefined, 'the log has other tracks');
  const merged = { ...exact, ...described };
  for (const key of ['name', 'kind', 'codec', 'sample_rate', 'channels', 'note']) if (exact[key] !== undefined) merged[key] = exact[key]!;
  return new Track(merged, index);
}

function logged(text: Exact, budget: Budget): Block[] {
  const bytes = typeof text === 'string' ? fromBase64(text) : null;
  require(bytes !== null, 'an index of the log is no base64');
  const cursor = new Cursor(bytes);
  const size = cursor.varint();
  const begin = cursor.position;
  const index = cursor.take(size);
  require(u32At(cursor.take(4), 0) === crc32(bytes.subarray(0, begin + size), 0), 'an index of the log is damaged');
  return parseCluster(index, { offset: 0, dataBegin: 0, end: NaN }, budget).blocks;
}

/** Finds the chunk of each block: sorted by (ms, track_id) the blocks are the CORE chunks in file order. */
function matched(blocks: Block[], cores: Core[], tracks: Tracks): Draft[] {
  const before = new Map<number, bigint>();
  const keyed = blocks.map((block, i) => {
    const time = timeOf(block) ?? before.get(block.track) ?? 0n;
    before.set(block.track, time);
    const [num, den] = tracks.get(block.track)?.timeBase ?? [1, 1000];
    const scaled = time * BigInt(num) * 1000n;
    const ms = scaled >= 0n ? scaled / BigInt(den) : -((-scaled + BigInt(den) - 1n) / BigInt(den));
    return { block, i, ms };
  });
  keyed.sort((a, b) => (a.ms !== b.ms ? (a.ms < b.ms ? -1 : 1) : a.block.track - b.block.track || a.i - b.i));
  const found: (Draft | undefined)[] = [];
  let core = 0;
  for (const { block, i } of keyed) {
    const chunk = cores[core]?.chunk;
    if (!chunk || cores[core]!.track !== block.track || chunk.length - 8 !== block.size) continue; // this block is missing, or its chunk damaged
    found[i] = placed(block, chunk);
    core++;
  }
  if (core !== cores.length) throw new Broken('the log does not fit the blocks');
  return found.filter((block) => block !== undefined);
}
