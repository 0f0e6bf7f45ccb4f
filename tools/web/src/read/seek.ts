// SPDX-License-Identifier: MIT
// core.md, "Seeking".
import { Block, Cluster, isSeekPoint, timeOf } from '../format/cluster.js';
import type { FileIndex } from './file_index.js';
import type { Track, Tracks } from '../format/tracks.js';

/** A block and where it stands. */
export interface Place {
  /** The block, without its data: `H4mkFile.read` gives that. */
  block: Block;
  /** The cluster that has the block. */
  cluster: Cluster;
  /** The place of the block in `cluster.blocks`, from 0. */
  position: number;
}

export type LoadCluster = (offset: number) => Promise<Cluster>;

/** What a search looks at: ranges of times that are known before what has them is loaded. */
interface Candidate<T> {
  first: bigint;
  last: bigint;
  what: T;
}

/** Those that may hold the answer, the likeliest first; of equal ones the one whose blocks win by their place in the file. */
function candidates<T>(all: Candidate<T>[], time: bigint, forward: boolean): { best: bigint; what: T }[] {
  const possible = all.map((candidate, order) => ({ ...candidate, order })).filter(({ first, last }) => (forward ? last >= time : first <= time));
  const found = possible.map(({ first, last, what, order }) => ({ best: forward ? (first > time ? first : time) : last < time ? last : time, what, order }));
  return found.sort((a, b) => (a.best === b.best ? a.order - b.order : a.best < b.best ? -1 : 1) * (forward ? 1 : -1));
}

export class Seeker {
  constructor(private readonly index: FileIndex, private readonly load: LoadCluster) {}

  /** The seek point: backward the last one not later, forward the first one not earlier. */
  async seekPoint(track: number, time: bigint, forward: boolean): Promise<Place | null> {
    const entries = this.index.entries.flatMap((entry) => {
      const of = entry.tracks.get(track);
      return of && of.firstKey !== null ? [{ first: of.firstKey, last: of.lastKey!, what: entry }] : [];
    });
    let found: Place | null = null;
    for (const { best, what } of candidates(entries, time, forward)) {
      if (found && this.#isBehind(timeOf(found.block)!, best, forward)) break;
      const spans = await this.index.spans(what, track);
      const keyed = spans.filter((span) => span.firstKey !== null).map((span) => ({ first: span.firstKey!, last: span.lastKey!, what: span.cluster }));
      for (const span of candidates(keyed, time, forward)) {
        if (found && this.#isBehind(timeOf(found.block)!, span.best, forward)) break;
        found = this.#better(found, await this.#inCluster(span.what, track, time, forward), forward);
      }
    }
    return found;
  }

  /** Backward, and the first one of all if all are later. */
  async backward(track: number, time: bigint): Promise<Place | null> {
    return (await this.seekPoint(track, time, false)) ?? this.seekPoint(track, -(2n ** 63n), true);
  }

  #isBehind(found: bigint, best: bigint, forward: boolean): boolean {
    return forward ? best > found : best < found;
  }

  #better(a: Place | null, b: Place | null, forward: boolean): Place | null {
    if (!a || !b) return a ?? b;
    const [of, other] = [timeOf(a.block)!, timeOf(b.block)!];
    if (of !== other) return of < other === forward ? a : b;
    return a.cluster.offset < b.cluster.offset === forward ? a : b;
  }

  async #inCluster(offset: number, track: number, time: bigint, forward: boolean): Promise<Place | null> {
    const cluster = await this.load(offset);
    let found: Place | null = null;
    cluster.blocks.forEach((block, position) => {
      if (block.track !== track || !isSeekPoint(block)) return;
      const at = timeOf(block)!;
      if (forward ? at < time : at > time) return;
      const before = found && timeOf(found.block)!;
      if (before === null || (forward ? at < before : at >= before)) found = { block, cluster, position };
    });
    return found;
  }

  /** Where each track begins behind a seek; null: nowhere. */
  async beginnings(tracks: Tracks, target: Place): Promise<Map<number, Place | null>> {
    const begins = new Map<number, Place | null>();
    for (const track of tracks.values()) {
      if (track.unknownRequirements.length) continue;
      begins.set(track.id, track.id === target.block.track ? target : await this.#beginning(track, target, tracks.get(target.block.track)!));
    }
    return begins;
  }

  async #beginning(track: Track, target: Place, targetTrack: Track): Promise<Place | null> {
    const unit = BigInt(track.timeBase[0]) * BigInt(targetTrack.timeBase[1]);
    const limit = timeOf(target.block)! * BigInt(targetTrack.timeBase[0]) * BigInt(track.timeBase[1]);
    const time = limit >= 0n ? limit / unit : -((-limit + unit - 1n) / unit);
    const point = await this.seekPoint(track.id, time, false);
    if (point) return point;
    const hasKeys = this.index.entries.some((entry) => entry.tracks.get(track.id)?.firstKey != null);
    return this.#firstBlock(track.id, hasKeys ? null : target);
  }

  /** The first block of a track, or the first one behind a place. */
  async #firstBlock(track: number, behind: Place | null): Promise<Place | null> {
    for await (const { span } of this.index.all(track)) {
      if (behind && span.cluster < behind.cluster.offset) continue;
      const cluster = await this.load(span.cluster);
      const position = cluster.blocks.findIndex((block, i) => block.track === track && (!behind || cluster.offset > behind.cluster.offset || i > behind.position));
      if (position >= 0) return { block: cluster.blocks[position]!, cluster, position };
    }
    return null;
  }
}
