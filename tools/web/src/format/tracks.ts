// SPDX-License-Identifier: MIT
// core.md, "TRAK" and "META".
import { require } from '../errors.js';
import { Exact, Json, isObject, parseJson, plain } from './json.js';

/** Features of `requires` that this reader knows: none is defined yet. */
const KNOWN_REQUIREMENTS = new Set<string>();
const MOST_TRACKS = 4096;

/** A track as TRAK describes it. Its texts come from the file: where they are shown, they are text and never markup. */
export class Track {
  /** The track_id, 0 to 65535: the number by which all methods of `H4mkFile` name the track. */
  readonly id: number;
  /** The title of the track; empty if it has none. */
  readonly name: string;
  /** `video`, `audio`, `subtitle`, `data`, `attachment`, `unknown`; any other text of the file is read as `data`. */
  readonly kind: string;
  /** The codec as FFmpeg calls it: `h264`, `opus`, `pcm_s16le` … */
  readonly codec: string;
  /** Seconds a tick: numerator and denominator, 1 to 2^31 - 1 each. */
  readonly timeBase: readonly [number, number];
  /** Features without which the blocks mean nothing (core.md, "TRAK"). */
  readonly requires: string[];
  /** All keys as they stand in the file (libh4mk/spec/ffmpeg.md lists them). */
  readonly described: { [key: string]: Json };

  /** Made by `H4mkFile.open`.
   *  @param exact The object of TRAK, with exact integers. What is encrypted and signed is compared with it.
   *  @param index The place of the track in TRAK, from 0. */
  constructor(readonly exact: Exact, readonly index: number) {
    require(isObject(exact), 'a track is no object');
    const id = exact.track_id;
    require(typeof id === 'bigint' && id >= 0n && id <= 65535n, 'track_id is not 0 … 65535');
    const { name, kind, codec, requires = [] } = exact;
    require(typeof name === 'string' && typeof kind === 'string' && typeof codec === 'string', 'name, kind or codec is no text');
    require(Array.isArray(requires) && requires.every((r) => typeof r === 'string'), 'requires is no array of texts');
    this.id = Number(id);
    this.name = name;
    this.kind = kind === 'captions' ? 'subtitle' : KINDS.has(kind) ? kind : 'data';
    this.codec = codec;
    this.timeBase = parseTimeBase(exact.time_base);
    this.requires = requires as string[];
    this.described = plain(exact) as { [key: string]: Json };
  }

  /** Those of `requires` that are not known here. None is known yet: where this is not empty, no block of the track can be read. */
  get unknownRequirements(): string[] {
    return this.requires.filter((feature) => !KNOWN_REQUIREMENTS.has(feature));
  }

  /** Ticks of this track in seconds. Times of more than 2^53 ticks are rounded. */
  seconds(ticks: bigint): number {
    return (Number(ticks) * this.timeBase[0]) / this.timeBase[1];
  }

  /** The last time in ticks that is not later than `seconds`; a millionth of a tick more is allowed for rounding. At most 2^62 either way; 0 for NaN
   *  and infinity. */
  ticks(seconds: number): bigint {
    const ticks = Math.floor((seconds * this.timeBase[1]) / this.timeBase[0] + 1e-6);
    return BigInt(Math.max(-(2 ** 62), Math.min(2 ** 62, Number.isFinite(ticks) ? ticks : 0)));
  }

  /** A number of the description, or `absent` where the key is not there or is no number. */
  number(key: string, absent = 0): number {
    const value = this.described[key];
    return typeof value === 'number' ? value : absent;
  }

  /** A text of the description; empty where the key is not there or is no text. */
  text(key: string): string {
    const value = this.described[key];
    return typeof value === 'string' ? value : '';
  }

  /** The decoder's configuration; empty if there is none, or if it is no base64. */
  get extradata(): Uint8Array {
    return fromBase64(this.text('extradata')) ?? new Uint8Array(0);
  }

  /** Tags of the track with one text each, such as `language`: of several texts the first one. */
  get tags(): Record<string, string> {
    return tagsOf(this.described.tags);
  }
}

const KINDS = new Set(['video', 'audio', 'subtitle', 'data', 'attachment', 'unknown']);

function parseTimeBase(value: Exact | undefined): [number, number] {
  const match = typeof value === 'string' && value.length < 64 ? /^([1-9]\d*)\/([1-9]\d*)$/.exec(value) : null;
  require(match !== null, 'time_base is no rational above 0');
  const parts: [number, number] = [Number(match[1]), Number(match[2])];
  require(parts.every((part) => part <= 2 ** 31 - 1), 'a part of time_base is not 1 … 2^31 - 1');
  return parts;
}

/** Tracks by track_id, in the order of TRAK. */
export type Tracks = Map<number, Track>;

export function parseTracks(payload: Uint8Array): Tracks {
  const root = parseJson(payload);
  require(isObject(root) && Array.isArray(root.tracks), 'TRAK has no array tracks');
  require(root.tracks.length <= MOST_TRACKS, 'TRAK has more than 4096 tracks');
  const tracks = new Map(root.tracks.map((described, i) => new Track(described, i)).map((track) => [track.id, track]));
  require(tracks.size === root.tracks.length, 'a track_id is there twice');
  return tracks;
}

/** What a later TRAK must not change. */
function fixed({ described: { compression }, timeBase, requires }: Track): string {
  return JSON.stringify([timeBase, typeof compression === 'string' ? compression : compression === undefined, requires]);
}

/** A later TRAK has the same tracks in the same order, and may have more behind them. */
export function checkContinues(before: Tracks, after: Tracks): void {
  const ids = [...after.keys()];
  [...before].forEach(([id, track], i) => {
    require(ids[i] === id, 'a TRAK has other tracks than the one before');
    require(fixed(track) === fixed(after.get(id)!), 'a TRAK changes what blocks depend on');
  });
}

/** META as it stands in the file (ffmpeg.md, "Keys of META"). */
export type Meta = { [key: string]: Exact };

export function parseMeta(payload: Uint8Array): Meta {
  const meta = parseJson(payload);
  require(isObject(meta), 'META is no object');
  return meta;
}

/** The tags of an object `tags`: of a key with several texts the first one; texts that are no UTF-8 are left out. */
export function tagsOf(tags: Json | undefined): Record<string, string> {
  const found = Object.create(null) as Record<string, string>;
  if (typeof tags !== 'object' || tags === null || Array.isArray(tags)) return found;
  for (const [key, value] of Object.entries(tags)) {
    const one = Array.isArray(value) ? value[0] : value;
    if (typeof one === 'string') found[key] = one;
  }
  return found;
}

/** Bytes of a base64 text, or null if it is none. */
export function fromBase64(text: string): Uint8Array | null {
  try {
    return Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
  } catch {
    return null;
  }
}
