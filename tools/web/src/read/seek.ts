// SPDX-License-Identifier: MIT
// core.md, "Seeking".
import { Block, Cluster, isSeekPoint, timeOf } from '../format/cluster.js';
import { FileIndex, PageEntry, SpanWrong } from './file_index.js';
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

/** A search for the seek point of a track. */
interface Search {
  track: number;
  time: bigint;
  found: Place | null;
}

/** A page or a cluster that a search has to look at, with the best time that it may have. */
interface Candidate<T> {
  best: bigint;
  what: T;
}

/** Those of which the range of times may hold the answer, the likeliest first; of equal ones the one whose blocks win by their place in the file. */
function candidates<T>(all: { first: bigint; last: bigint; what: T }[], time: bigint, forward: boolean): Candidate<T>[] {
  const possible = all.map((candidate, order) => ({ ...candidate, order })).filter(({ first, last }) => (forward ? last >= time : first <= time));
  const found = possible.map(({ first, last, what, order }) => ({ best: forward ? (first > time ? first : time) : last < time ? last : time, what, order }));
  return found.sort((a, b) => (a.best === b.best ? a.order - b.order : a.best < b.best ? -1 : 1) * (forward ? 1 : -1));
}

/** What searches look at side by side: each page and cluster is loaded for all of them at once, at most twice. */
class Agenda<T> {
  /** The likeliest of each search come first: mostly the others are not needed then. */
  readonly #rounds = [new Map<T, [Search, bigint][]>(), new Map<T, [Search, bigint][]>()] as const;

  add(search: Search, found: Candidate<T>[]): void {
    found.forEach(({ best, what }, i) => {
      const round = this.#rounds[i === 0 ? 0 : 1];
      const searches = round.get(what);
      if (searches) searches.push([search, best]);
      else round.set(what, [[search, best]]);
    });
  }

  /** `look` is called with the searches that may still find something better there. */
  async run(forward: boolean, look: (what: T, searches: Search[]) => Promise<void>): Promise<void> {
    for (const round of this.#rounds)
      for (const [what, of] of round) {
        const open = of.filter(([{ found }, best]) => !found || !isBehind(timeOf(found.block)!, best, forward)).map(([search]) => search);
        if (open.length) await look(what, open);
      }
  }
}

function isBehind(found: bigint, best: bigint, forward: boolean): boolean {
  return forward ? best > found : best < found;
}

export class Seeker {
  constructor(private readonly index: FileIndex, private readonly load: LoadCluster) {}

  /** The seek point: backward the last one not later, forward the first one not earlier. */
  async seekPoint(track: number, time: bigint, forward: boolean): Promise<Place | null> {
    const search: Search = { track, time, found: null };
    await this.#search([search], forward);
    return search.found;
  }

  /** Backward, and the first one of all if all are later. */
  async backward(track: number, time: bigint): Promise<Place | null> {
    return (await this.seekPoint(track, time, false)) ?? this.seekPoint(track, -(2n ** 63n), true);
  }

  async #search(searches: Search[], forward: boolean): Promise<void> {
    const pages = new Agenda<PageEntry>();
    for (const search of searches) {
      const entries = this.index.entries.flatMap((entry) => {
        const of = entry.tracks.get(search.track);
        return of && of.firstKey !== null ? [{ first: of.firstKey, last: of.lastKey!, what: entry }] : [];
      });
      pages.add(search, candidates(entries, search.time, forward));
    }
    await pages.run(forward, async (entry, open) => {
      const clusters = new Agenda<number>();
      for (const search of open) {
        const spans = await this.index.spans(entry, search.track);
        const keyed = spans.filter((span) => span.firstKey !== null).map((span) => ({ first: span.firstKey!, last: span.lastKey!, what: span.cluster }));
        clusters.add(search, candidates(keyed, search.time, forward));
      }
      await clusters.run(forward, (offset, those) => this.#inCluster(offset, those, forward));
    });
  }

  #better(a: Place | null, b: Place | null, forward: boolean): Place | null {
    if (!a || !b) return a ?? b;
    const [of, other] = [timeOf(a.block)!, timeOf(b.block)!];
    if (of !== other) return of < other === forward ? a : b;
    return a.cluster.offset < b.cluster.offset === forward ? a : b;
  }

  async #inCluster(offset: number, searches: Search[], forward: boolean): Promise<void> {
    const cluster = await this.load(offset);
    const here = new Map(searches.map(({ track, time }) => [track, { time, found: null as Place | null }]));
    cluster.blocks.forEach((block, position) => {
      const search = here.get(block.track);
      if (!search || !isSeekPoint(block)) return;
      const at = timeOf(block)!;
      if (forward ? at < search.time : at > search.time) return;
      const before = search.found && timeOf(search.found.block)!;
      if (before === null || (forward ? at < before : at >= before)) search.found = { block, cluster, position };
    });
    for (const search of searches) search.found = this.#better(search.found, here.get(search.track)!.found, forward);
  }

  /** Where each track begins behind a seek; null: nowhere. */
  async beginnings(tracks: Tracks, target: Place): Promise<Map<number, Place | null>> {
    const known = [...tracks.values()].filter((track) => !track.unknownRequirements.length);
    const targetTrack = tracks.get(target.block.track)!;
    const searches = known.filter((track) => track !== targetTrack).map((track) => ({ track: track.id, time: timeIn(track, target, targetTrack), found: null }) as Search);
    await this.#search(searches, false);
    await this.#firstBlocks(searches.filter(({ found }) => !found), target);
    const found = new Map(searches.map((search) => [search.track, search.found]));
    return new Map(known.map((track) => [track.id, track === targetTrack ? target : found.get(track.id)!]));
  }

  /** The first block of each track; of one without seek points the first one behind the target. */
  async #firstBlocks(searches: Search[], target: Place): Promise<void> {
    const withKeys = new Set<number>();
    for (const { tracks } of this.index.entries) for (const [track, { firstKey }] of tracks) if (firstKey !== null) withKeys.add(track);
    for (const entry of this.index.entries) {
      const wanted = new Map<number, Set<number>>();
      for (const { found, track } of searches) {
        if (found || !entry.tracks.get(track)?.blocks) continue;
        const spans = (await this.index.spans(entry, track)).filter(({ cluster }) => withKeys.has(track) || cluster >= target.cluster.offset);
        // In the cluster of the target there may be none behind it: the next one has it then.
        for (const { cluster } of spans.slice(0, 2)) wanted.set(cluster, (wanted.get(cluster) ?? new Set()).add(track));
      }
      const found = await this.#firstIn(wanted, target, withKeys);
      for (const search of searches) search.found ??= found.get(search.track) ?? null;
    }
  }

  /** `wanted`: tracks that have blocks in clusters, as the index says. Each cluster is loaded once. */
  async #firstIn(wanted: Map<number, Set<number>>, target: Place, withKeys: Set<number>): Promise<Map<number, Place>> {
    const found = new Map<number, Place>();
    for (const [offset, tracks] of [...wanted].sort(([a], [b]) => a - b)) {
      const open = [...tracks].filter((track) => !found.has(track));
      if (!open.length) continue;
      const cluster = await this.load(offset);
      const isTarget = offset === target.cluster.offset;
      cluster.blocks.forEach((block, position) => {
        const counts = !isTarget || withKeys.has(block.track) || position > target.position;
        if (counts && tracks.has(block.track) && !found.has(block.track)) found.set(block.track, { block, cluster, position });
      });
      const missing = isTarget ? undefined : open.find((track) => !found.has(track));
      if (missing !== undefined) throw new SpanWrong(offset, missing);
    }
    return found;
  }
}

/** The time of the target in ticks of another track, rounded down. */
function timeIn(track: Track, target: Place, targetTrack: Track): bigint {
  const unit = BigInt(track.timeBase[0]) * BigInt(targetTrack.timeBase[1]);
  const limit = timeOf(target.block)! * BigInt(targetTrack.timeBase[0]) * BigInt(track.timeBase[1]);
  return limit >= 0n ? limit / unit : -((-limit + unit - 1n) / unit);
}
