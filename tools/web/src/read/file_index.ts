// SPDX-License-Identifier: MIT
// core.md, "Index": which clusters hold what. Pages are loaded when they are needed.
import { Broken } from '../errors.js';
import type { Span, Summary, Totals } from '../format/page.js';

/** Spans of each track, of some clusters in a row. */
export interface PageEntry {
  tracks: Map<number, Summary>;
  /** Spans by track, if they are here. */
  spans?: Map<number, Span[]>;
  load?: () => Promise<Map<number, Span[]>>;
  /** While they are being loaded. */
  loading?: Promise<Map<number, Span[]>>;
}

/** Pages that are kept in memory, and how many spans they may have together. */
const PAGES_HELD = 16;
const SPANS_HELD = 2 ** 18;

const sizeOf = ({ spans }: PageEntry): number => [...(spans?.values() ?? [])].reduce((sum, of) => sum + of.length, 0);

export class FileIndex {
  readonly entries: PageEntry[] = [];
  readonly totals = new Map<number, Totals>();
  /** Changes when spans are added or taken out. */
  changes = 0;
  clusterCount = 0;
  /** Those that can be loaded again. */
  loaded: PageEntry[] = [];

  constructor(readonly from: 'top' | 'page' | 'walk') {}

  async spans(entry: PageEntry, track: number): Promise<Span[]> {
    if (entry.spans) return entry.spans.get(track) ?? [];
    entry.loading ??= this.#load(entry);
    return (await entry.loading).get(track) ?? [];
  }

  async #load(entry: PageEntry): Promise<Map<number, Span[]>> {
    try {
      entry.spans = await entry.load!();
    } finally {
      delete entry.loading;
    }
    this.loaded.push(entry);
    let held = this.loaded.reduce((sum, of) => sum + sizeOf(of), 0);
    while (this.loaded.length > 1 && (this.loaded.length > PAGES_HELD || held > SPANS_HELD)) {
      const first = this.loaded.shift()!;
      held -= sizeOf(first);
      delete first.spans;
    }
    return entry.spans;
  }

  frameCount(track: number): number {
    let sum = 0;
    for (const { tracks } of this.entries) {
      const of = tracks.get(track);
      if (of) sum += of.blocks - of.hidden;
    }
    return sum;
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

/** A cluster that a page lists and that cannot be read, or that has no block of the track for which it is listed. */
export class SpanWrong extends Broken {
  constructor(readonly cluster: number, readonly track?: number) {
    super(`the cluster at byte ${cluster} is not what the index says`);
  }
}

/** A page that the top names, and that cannot be used: the file is read as one without an end then. */
export class IndexDamaged extends Broken {}
