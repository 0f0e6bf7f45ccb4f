// SPDX-License-Identifier: MIT
// core.md, "Index": what pages would say of clusters that none lists, and pages of which something is taken out.
import { Block, Cluster, isFrame, isSeekPoint, timeOf } from '../format/cluster.js';
import type { Span, Summary, Totals } from '../format/page.js';
import { FileIndex, PageEntry, SpanWrong } from './file_index.js';

const CLUSTERS_A_PAGE = 512;
const LATEST = 2n ** 63n - 1n;

export class WalkedIndex extends FileIndex {
  #made = 0;
  readonly #latest = new Map<number, bigint>();

  /** Behind those before. */
  addPage(clusters: number, tracks: Map<number, { summary: Summary; totals: Totals }>, load: PageEntry['load']): void {
    this.entries.push({ tracks: new Map([...tracks].map(([id, { summary }]) => [id, summary])), load });
    for (const [id, { totals }] of tracks) this.totals.set(id, totals);
    this.clusterCount += clusters;
  }

  /** Lists a cluster that no page lists. */
  add(cluster: Cluster): void {
    let entry = this.entries.at(-1);
    if (!entry || entry.load || this.#made++ % CLUSTERS_A_PAGE === 0) this.entries.push((entry = { tracks: new Map(), spans: new Map() }));
    for (const listed of cluster.tracks) this.#addSpan(entry, listed.track, listed.blocks, cluster.offset);
    this.clusterCount++;
    this.changes++;
  }

  #addSpan(entry: PageEntry, track: number, blocks: Block[], cluster: number): void {
    const spans = entry.spans!.get(track) ?? [];
    entry.spans!.set(track, spans);
    const totals = this.totals.get(track) ?? { blocks: 0, hidden: 0, bytes: 0, startPts: null, firstDts: null, end: null, overlap: false };
    this.totals.set(track, totals);
    if (totals.blocks === 0) totals.firstDts = blocks[0]!.dts;
    const before = this.#latest.get(track) ?? (totals.end === null ? undefined : totals.end - 1n);
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
    if (latest !== undefined) this.#latest.set(track, latest);
    totals.blocks += span.blocks;
    totals.hidden += span.hidden;
    spans.push(span);
    entry.tracks.set(track, summaryOf(spans));
  }
}

/** Takes out what a page says of a cluster that cannot be read, or of one track in it. False if there is nothing. */
export function dropSpans(index: FileIndex, { cluster, track: only }: SpanWrong): boolean {
  const before = index.changes;
  for (const entry of index.entries)
    for (const [track, spans] of entry.spans ?? []) {
      const left = only === undefined || only === track ? spans.filter((span) => span.cluster !== cluster) : spans;
      if (left.length === spans.length) continue;
      entry.spans!.set(track, left);
      entry.tracks.set(track, summaryOf(left));
      index.loaded = index.loaded.filter((held) => held !== entry); // it is not what the page says any more: keep it
      index.changes++;
    }
  return index.changes !== before;
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
