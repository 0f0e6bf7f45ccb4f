// SPDX-License-Identifier: MIT
// core.md, "Index": which clusters hold what. Pages are loaded when they are needed; clusters behind the last page are listed in pages that
// are made here.
import { Broken } from '../errors.js';
import { Block, Cluster, isFrame, isSeekPoint, timeOf } from '../format/cluster.js';
import type { Span, Summary, Totals } from '../format/page.js';

const CLUSTERS_A_PAGE = 512;
const LATEST = 2n ** 63n - 1n;

/** Spans of each track, of some clusters in a row. */
export interface PageEntry {
  tracks: Map<number, Summary>;
  /** Spans by track, if they are here. */
  spans?: Map<number, Span[]>;
  load?: () => Promise<Map<number, Span[]>>;
}

export class FileIndex {
  readonly entries: PageEntry[] = [];
  readonly totals = new Map<number, Totals>();
  /** Changes when spans are added or taken out. */
  changes = 0;
  clusterCount = 0;
  private made = 0;
  private readonly latest = new Map<number, bigint>();
  private loaded: PageEntry[] = [];

  constructor(readonly from: 'top' | 'page' | 'walk') {}

  async spans(entry: PageEntry, track: number): Promise<Span[]> {
    if (!entry.spans) {
      entry.spans = await entry.load!();
      this.loaded.push(entry);
      if (this.loaded.length > 16) delete this.loaded.shift()!.spans;
    }
    return entry.spans.get(track) ?? [];
  }

  /** Lists a cluster that no page lists. */
  add(cluster: Cluster): void {
    let entry = this.entries.at(-1);
    if (!entry || entry.load || this.made++ % CLUSTERS_A_PAGE === 0) this.entries.push((entry = { tracks: new Map(), spans: new Map() }));
    for (const listed of cluster.tracks) this.addSpan(entry, listed.track, listed.blocks, cluster.offset);
    this.clusterCount++;
    this.changes++;
  }

  private addSpan(entry: PageEntry, track: number, blocks: Block[], cluster: number): void {
    const spans = entry.spans!.get(track) ?? [];
    entry.spans!.set(track, spans);
    const totals = this.totals.get(track) ?? { blocks: 0, hidden: 0, bytes: 0, startPts: null, firstDts: null, end: null, overlap: false };
    this.totals.set(track, totals);
    if (totals.blocks === 0) totals.firstDts = blocks[0]!.dts;
    const before = this.latest.get(track) ?? (totals.end === null ? undefined : totals.end - 1n);
    let latest = before;
    const span: Span = { cluster, blocks: blocks.length, hidden: 0, firstTime: LATEST, firstKey: null, lastKey: null };
    for (const block of blocks) {
      const time = timeOf(block);
      if (!isFrame(block)) span.hidden++;
      else if (totals.startPts === null) totals.startPts = block.pts;
      totals.bytes += block.size;
      if (time === null) continue;
      if (time < span.firstTime) span.firstTime = time;
      if (isSeekPoint(block)) {
        if (span.firstKey === null || time < span.firstKey) span.firstKey = time;
        if (span.lastKey === null || time > span.lastKey) span.lastKey = time;
      }
      let end = block.duration > 0n ? time + block.duration : time;
      if (end > LATEST) end = LATEST;
      if (totals.end === null || end > totals.end) totals.end = end;
      if (before !== undefined && time <= before) totals.overlap = true;
      if (latest === undefined || time > latest) latest = time;
    }
    if (span.firstTime === LATEST && !blocks.some((block) => timeOf(block) !== null)) span.firstTime = spans.at(-1)?.firstTime ?? 0n;
    if (latest !== undefined) this.latest.set(track, latest);
    totals.blocks += span.blocks;
    totals.hidden += span.hidden;
    spans.push(span);
    entry.tracks.set(track, summaryOf(spans));
  }

  /** Takes out what a page says of a cluster that cannot be read, or of one track in it. False if there is nothing. */
  drop({ cluster, track: only }: SpanWrong): boolean {
    const before = this.changes;
    for (const entry of this.entries)
      for (const [track, spans] of entry.spans ?? []) {
        const left = only === undefined || only === track ? spans.filter((span) => span.cluster !== cluster) : spans;
        if (left.length === spans.length) continue;
        entry.spans!.set(track, left);
        entry.tracks.set(track, summaryOf(left));
        this.loaded = this.loaded.filter((held) => held !== entry); // it is not what the page says any more: keep it
        this.changes++;
      }
    return this.changes !== before;
  }

  /** All spans of a track, from an entry on. */
  async *all(track: number, from = 0): AsyncGenerator<{ entry: number; position: number; span: Span }> {
    for (let e = from; e < this.entries.length; e++) {
      if (!this.entries[e]!.tracks.get(track)?.blocks) continue;
      const spans = await this.spans(this.entries[e]!, track);
      for (let position = 0; position < spans.length; position++) yield { entry: e, position, span: spans[position]! };
    }
  }
}

export function summaryOf(spans: Span[]): Summary {
  const summary: Summary = { blocks: 0, hidden: 0, firstTime: spans[0]?.firstTime ?? 0n, firstKey: null, lastKey: null };
  for (const span of spans) {
    summary.blocks += span.blocks;
    summary.hidden += span.hidden;
    if (span.firstTime < summary.firstTime) summary.firstTime = span.firstTime;
    if (span.firstKey === null || span.lastKey === null) continue;
    if (summary.firstKey === null || span.firstKey < summary.firstKey) summary.firstKey = span.firstKey;
    if (summary.lastKey === null || span.lastKey > summary.lastKey) summary.lastKey = span.lastKey;
  }
  return summary;
}

/** A cluster that a page lists and that cannot be read, or that has no block of the track for which it is listed. */
export class SpanWrong extends Broken {
  constructor(readonly cluster: number, readonly track?: number) {
    super(`the cluster at byte ${cluster} is not what the index says`);
  }
}

/** A page that the top names, and that cannot be used: the file is read as one without an end then. */
export class IndexDamaged extends Broken {}
