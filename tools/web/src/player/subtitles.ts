// SPDX-License-Identifier: MIT
// Subtitles as plain cues: what a file says is text, never markup.
import { Block, timeOf } from '../format/cluster.js';
import type { Track } from '../format/tracks.js';
import type { H4mkFile } from '../read/file.js';

const AROUND = 30;
/** Bytes of a block that are looked at. A cue is a few lines, and a compressed block may have 64 MiB. */
const MOST_TEXT = 65536;

/** The text of a block as a cue shows it. */
export function textOf(codec: string, data: Uint8Array): string {
  if (codec === 'mov_text') return new TextDecoder().decode(data.subarray(2, 2 + ((data[0]! << 8) | data[1]!)));
  let text = new TextDecoder().decode(data.subarray(0, MOST_TEXT));
  if (codec === 'ass' || codec === 'ssa') text = without('{', '}', text.split(',').slice(8).join(',')).replace(/\\[Nn]/g, '\n').replace(/\\h/g, ' ');
  return without('<', '>', text).trim();
}

/** Takes these signs and all between them out of a text. A sign that is not closed stays, and the search ends there: a regular expression
 *  would look to the end of the text again for each such sign. */
function without(open: string, close: string, text: string): string {
  const kept: string[] = [];
  let from = 0;
  for (;;) {
    const begin = text.indexOf(open, from);
    const end = begin < 0 ? -1 : text.indexOf(close, begin);
    if (end < 0) return kept.join('') + text.slice(from);
    kept.push(text.slice(from, begin));
    from = end + 1;
  }
}

/** Seconds, and plain text. */
export interface CueText {
  start: number;
  end: number;
  text: string;
}

/** Reads the cues around the playing position, each once. */
export class Subtitles {
  readonly #known = new Set<string>();
  #loadedTo = -Infinity;
  #loading = false;

  constructor(private readonly file: H4mkFile, private readonly track: Track, private readonly onCue: (cue: CueText) => void) {}

  async tick(time: number): Promise<void> {
    if (this.#loading || (time < this.#loadedTo - 5 && time > this.#loadedTo - AROUND * 2)) return;
    this.#loading = true;
    try {
      await this.#load(time);
    } finally {
      this.#loading = false;
    }
  }

  async #load(time: number): Promise<void> {
    const { file, track } = this;
    const first = await file.seekPoint(track.id, track.ticks(time - AROUND / 2));
    if (!first) return;
    // The clusters that have blocks of this track are known from the index: no others are read.
    for await (const { span } of file.internals.state.index.all(track.id)) {
      if (span.cluster < first.cluster.offset) continue;
      if (track.seconds(span.firstTime) > time + AROUND) break;
      for await (const cluster of file.clusters(span.cluster)) {
        for (const block of cluster.blocks) if (block.track === track.id) await this.#add(block);
        break;
      }
    }
    this.#loadedTo = time + AROUND;
  }

  async #add(block: Block): Promise<void> {
    const time = timeOf(block);
    const name = `${block.cluster.offset} ${block.ordinal}`;
    if (time === null || this.#known.has(name)) return;
    this.#known.add(name);
    const text = textOf(this.track.codec, (await this.file.read(block)).data);
    if (!text) return;
    const start = this.track.seconds(time);
    this.onCue({ start, end: start + Math.max(0.1, this.track.seconds(block.duration) || 4), text });
  }
}
