// SPDX-License-Identifier: MIT
// The blocks of one track as fragments of MP4: one for each cluster.
import { H4mkError } from '../errors.js';
import { Block, Cluster, FLAG } from '../format/cluster.js';
import type { Track } from '../format/tracks.js';
import type { H4mkFile } from '../read/file.js';
import { join } from '../base/concat.js';
import { Sample, fragment, initSegment } from './boxes.js';
import { Playable, playable } from './codecs.js';
import { Unpacked } from './unpacked.js';

/** Decoding times of MP4 are not negative: everything is this many seconds later, and the SourceBuffer takes them off again. */
export const SHIFT = 3600;

/** What a SourceBuffer gets, and the time in seconds at which its decoding begins. */
export interface Fragment {
  bytes: Uint8Array;
  start: number;
}

export class TrackFeed {
  #sequence = 0;

  private constructor(readonly file: H4mkFile, readonly track: Track, readonly format: Playable) {}

  /** Null if browsers have no way to play this track. */
  static async of(file: H4mkFile, track: Track): Promise<TrackFeed | null> {
    const place = await file.seekPoint(track.id, -(2n ** 62n));
    if (!place) return null;
    const format = playable(track, (await file.read(place.block)).data);
    return format && new TrackFeed(file, track, format);
  }

  get init(): Uint8Array {
    return initSegment(this.format);
  }

  /** The blocks of the track in a cluster from a position on as one fragment, or null if there are none. Those that are damaged are left out.
   *  Throws `limit` where they are too many bytes. */
  async fragment(cluster: Cluster, from = 0, onLost: (error: H4mkError) => void = () => {}): Promise<Fragment | null> {
    const blocks = cluster.blocks.filter((block, position) => block.track === this.track.id && position >= from);
    if (!blocks.length) return null;
    const unit = BigInt(this.track.timeBase[0]);
    const shift = BigInt(SHIFT) * BigInt(this.format.timescale);
    const times = decodingTimes(blocks).map((time) => time * unit);
    const samples: Sample[] = [];
    const unpacked = new Unpacked();
    let first: bigint | undefined;
    for (const [i, block] of blocks.entries()) {
      const data = await this.#dataOf(block, onLost);
      if (!data) continue;
      unpacked.add(data, `Track ${this.track.id} in the cluster at byte ${cluster.offset}`);
      first ??= times[i]!;
      const next = i + 1 < blocks.length ? times[i + 1]! - times[i]! : block.duration * unit;
      const shown = (block.pts === null ? times[i]! : block.pts * unit) - times[i]!;
      samples.push({ data, duration: inU32(next), offset: Math.max(-(2 ** 31), Math.min(2 ** 31 - 1, Number(shown))), key: (block.flags & FLAG.KEY) !== 0 });
    }
    if (first === undefined || first + shift < 0n) return null;
    const start = Number(first) / this.format.timescale;
    const bytes = this.format.bare ? join(samples.map(({ data }) => data)) : fragment(++this.#sequence, Number(first + shift), samples);
    return { bytes, start };
  }

  async #dataOf(block: Block, onLost: (error: H4mkError) => void): Promise<Uint8Array | null> {
    try {
      const { data } = await this.file.read(block);
      return data.length ? this.format.sample(data) : null;
    } catch (error) {
      if (!(error instanceof H4mkError) || error.code === 'network' || error.code === 'cors' || error.code === 'changed') throw error;
      onLost(error);
      return null;
    }
  }
}

function inU32(ticks: bigint): number {
  return Number(ticks < 0n ? 0n : ticks > 0xffffffffn ? 0xffffffffn : ticks);
}

/** dts; where blocks have none, the times of presentation in rising order. */
function decodingTimes(blocks: Block[]): bigint[] {
  if (blocks.every((block) => block.dts !== null)) return blocks.map((block) => block.dts!);
  const shown = blocks.map((block) => block.pts ?? block.dts ?? 0n);
  return [...shown].sort((a, b) => (a < b ? -1 : a > b ? 1 : 0));
}
