// SPDX-License-Identifier: MIT
// What a timeline shows of a file: lanes from the index; blocks only of the stretch that is looked at.
import { Block, FLAG, timeOf } from '../format/cluster.js';
import type { Track } from '../format/tracks.js';
import type { H4mkFile } from '../read/file.js';

/** Spans of more clusters than this are drawn page by page of the index. */
const MOST_SPANS = 8192;
/** Clusters that are read for one view, and blocks that it can have. */
const MOST_CLUSTERS = 48;
const MOST_BLOCKS = 2 ** 17;
/** Tracks that have a lane. A canvas has no room for those of all files. */
const MOST_LANES = 64;

/** A bar: times in seconds. */
export interface Bar {
  start: number;
  /** 0 … 1, of the highest one of its lane. */
  height: number;
  /** `I`, `P`, `B`, or `span` for blocks of a cluster that are not read. */
  kind: string;
  block?: Block;
}

export interface Lane {
  track: number;
  label: string;
  bars: Bar[];
}

const TYPES = ['I', 'P', 'B', 'P'];
export const typeOf = (block: Block): string => TYPES[block.flags & 3]!;

export function labelOf(track: Track): string {
  return [`${track.id}`, track.kind, track.codec, track.tags.language, track.name].filter(Boolean).join(' ');
}

/** The tracks that are drawn: the first ones of the file. */
export function drawnTracks(file: H4mkFile): Track[] {
  return [...file.tracks.values()].slice(0, MOST_LANES);
}

/** The whole file, as its index has it: one bar for each cluster of a track, as high as it has blocks. */
export async function lanesOf(file: H4mkFile): Promise<Lane[]> {
  const { index } = file.internals.state;
  const tracks = drawnTracks(file);
  const found = new Map(tracks.map(({ id }) => [id, [] as { firstTime: bigint; blocks: number }[]]));
  for (const entry of index.entries) // each page is loaded once
    for (const [id, summary] of entry.tracks) {
      const of = summary.blocks ? found.get(id) : undefined;
      const spans = of && index.clusterCount <= MOST_SPANS ? await index.spans(entry, id) : [summary];
      for (const span of spans) of?.push(span);
    }
  return tracks.map((track) => {
    const spans = found.get(track.id)!;
    const most = spans.reduce((so, { blocks }) => Math.max(so, blocks), 1);
    return { track: track.id, label: labelOf(track), bars: spans.map(({ firstTime, blocks }) => ({ start: track.seconds(firstTime), height: blocks / most, kind: 'span' })) };
  });
}

/** The blocks of a stretch of seconds, or null where it has too many clusters to read for a view. */
export async function blocksOf(file: H4mkFile, begin: number, end: number): Promise<Lane[] | null> {
  const [first] = [...file.tracks.values()].filter((track) => track.kind === 'video').concat(...file.tracks.values());
  const point = first && (await file.seekPoint(first.id, first.ticks(begin)));
  if (!first || !point) return null;
  const byTrack = new Map<number, Block[]>(drawnTracks(file).map(({ id }) => [id, []]));
  let count = 0;
  let read = 0;
  for await (const cluster of file.clusters(point.cluster.offset)) {
    const own = cluster.blocks.filter((block) => byTrack.has(block.track));
    if (own.length && own.every((block) => (secondsOf(file, block) ?? begin) > end)) break;
    if (++read > MOST_CLUSTERS || (count += own.length) > MOST_BLOCKS) return null;
    for (const block of own) if (timeOf(block) !== null) byTrack.get(block.track)!.push(block);
  }
  return drawnTracks(file).map((track) => {
    const own = byTrack.get(track.id)!;
    const most = own.reduce((so, { size }) => Math.max(so, size), 1);
    const bars = own.map((block) => ({ start: track.seconds(timeOf(block)!), height: Math.sqrt(block.size / most), kind: typeOf(block), block }));
    return { track: track.id, label: labelOf(track), bars: bars.sort((a, b) => a.start - b.start) };
  });
}

export function secondsOf(file: H4mkFile, block: Block): number | null {
  const time = timeOf(block);
  return time === null ? null : file.track(block.track).seconds(time);
}

/** The flags of a block, in words. */
export function flagsOf({ flags }: Block): string {
  const names: [number, string][] = [
    [FLAG.KEY, 'key'], [FLAG.DISCARD, 'discard'], [FLAG.CORRUPT, 'corrupt'], [FLAG.DISPOSABLE, 'disposable'], [FLAG.SIDE_DATA, 'side data'],
    [FLAG.ENCRYPTED, 'encrypted'], [FLAG.COMPRESSED, 'compressed'], [FLAG.EXTERNAL, 'in the file beside'],
  ];
  return names.filter(([bit]) => flags & bit).map(([, name]) => name).join(', ');
}
