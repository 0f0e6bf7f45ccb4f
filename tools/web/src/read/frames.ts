// SPDX-License-Identifier: MIT
// core.md, "Frames" and "Decode chain".
import { Cluster, isFrame, isSeekPoint, timeOf } from '../format/cluster.js';
import type { Span } from '../format/page.js';
import type { FileIndex } from './file_index.js';
import type { LoadCluster, Place } from './seek.js';

/** The frames of a cluster in the order in which they are shown. */
function framesIn(cluster: Cluster, track: number): Place[] {
  const found: Place[] = [];
  cluster.blocks.forEach((block, position) => {
    if (block.track === track && isFrame(block)) found.push({ block, cluster, position });
  });
  return found.sort(byTime);
}

function byTime(a: Place, b: Place): number {
  const [of, other] = [timeOf(a.block)!, timeOf(b.block)!];
  if (of !== other) return of < other ? -1 : 1;
  return a.cluster.offset - b.cluster.offset || a.position - b.position;
}

export class Frames {
  /** Where the times of clusters overlap: all frames, since their order is known only then. */
  #all?: { changes: number; places: { time: bigint; cluster: number; position: number }[] };

  constructor(private readonly index: FileIndex, private readonly track: number, private readonly load: LoadCluster) {}

  get #count(): number {
    return this.index.frameCount(this.track);
  }

  get #overlap(): boolean {
    return this.index.totals.get(this.track)?.overlap ?? false;
  }

  /** Frame `number`, from 0; null if there is none. */
  async frame(number: number): Promise<Place | null> {
    if (number < 0 || number >= this.#count) return null;
    if (this.#overlap) return this.#placed((await this.#allFrames())[number]);
    let left = number;
    for (const entry of this.index.entries) {
      const of = entry.tracks.get(this.track);
      const inside = of ? of.blocks - of.hidden : 0;
      if (left >= inside) {
        left -= inside;
        continue;
      }
      for (const span of await this.index.spans(entry, this.track)) {
        if (left < span.blocks - span.hidden) return framesIn(await this.load(span.cluster), this.track)[left] ?? null;
        left -= span.blocks - span.hidden;
      }
    }
    return null;
  }

  /** The number of the frame that is shown at a time: the last one that is not later; -1 if all are later. */
  async at(time: bigint): Promise<number> {
    if (this.#overlap) return (await this.#allFrames()).findLastIndex((frame) => frame.time <= time);
    let before = this.#count;
    for (const entry of [...this.index.entries].reverse()) {
      const of = entry.tracks.get(this.track);
      if (!of) continue;
      before -= of.blocks - of.hidden;
      if (of.firstTime > time || of.blocks === of.hidden) continue;
      const found = await this.#atInSpans(await this.index.spans(entry, this.track), time);
      if (found >= 0) return before + found;
    }
    return -1;
  }

  async #atInSpans(spans: Span[], time: bigint): Promise<number> {
    let before = spans.reduce((sum, span) => sum + span.blocks - span.hidden, 0);
    for (const span of [...spans].reverse()) {
      before -= span.blocks - span.hidden;
      if (span.firstTime > time || span.blocks === span.hidden) continue;
      const found = framesIn(await this.load(span.cluster), this.track).findLastIndex((place) => timeOf(place.block)! <= time);
      if (found >= 0) return before + found;
    }
    return -1;
  }

  /** All blocks of the track that a decoder needs to show a frame, in the order of the file; null if it cannot be decoded. */
  async chain(number: number): Promise<Place[] | null> {
    const frame = await this.frame(number);
    if (!frame) return null;
    const time = timeOf(frame.block)!;
    const chain: Place[] = [];
    for await (const cluster of this.#clustersBackward(frame.cluster.offset)) {
      const from = cluster.offset === frame.cluster.offset ? frame.position : cluster.blocks.length - 1;
      for (let position = from; position >= 0; position--) {
        const block = cluster.blocks[position]!;
        if (block.track !== this.track) continue;
        chain.push({ block, cluster, position });
        if (isSeekPoint(block) && timeOf(block)! <= time) return chain.reverse();
      }
    }
    return null;
  }

  async *#clustersBackward(from: number): AsyncGenerator<Cluster> {
    for (const entry of [...this.index.entries].reverse()) {
      if (!entry.tracks.get(this.track)?.blocks) continue;
      for (const span of [...(await this.index.spans(entry, this.track))].reverse()) if (span.cluster <= from) yield this.load(span.cluster);
    }
  }

  async #placed(frame?: { cluster: number; position: number }): Promise<Place | null> {
    if (!frame) return null;
    const cluster = await this.load(frame.cluster);
    return { cluster, position: frame.position, block: cluster.blocks[frame.position]! };
  }

  async #allFrames(): Promise<{ time: bigint; cluster: number; position: number }[]> {
    if (this.#all?.changes === this.index.changes) return this.#all.places;
    const places: { time: bigint; cluster: number; position: number }[] = [];
    for await (const { span } of this.index.all(this.track))
      for (const { block, position } of framesIn(await this.load(span.cluster), this.track)) places.push({ time: timeOf(block)!, cluster: span.cluster, position });
    places.sort((a, b) => (a.time === b.time ? a.cluster - b.cluster || a.position - b.position : a.time < b.time ? -1 : 1));
    this.#all = { changes: this.index.changes, places };
    return places;
  }
}
