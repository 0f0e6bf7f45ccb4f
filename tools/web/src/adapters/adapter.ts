// SPDX-License-Identifier: MIT
// adapters.md, "Tracks with an adapter": what a decoder in JavaScript implements, and which one is for a track. The contract is that of adapter.h.
import { H4mkError } from '../errors.js';
import type { Track } from '../format/tracks.js';

/** A block as an adapter sees it: decrypted and unpacked. Times are in ticks of the track, null where they are not known. */
export interface AdapterBlock {
  /** Bits as those of `Block.flags`: the two lowest ones are the type, 0 I, 1 P, 2 B. */
  readonly flags: number;
  /** When it is shown. */
  readonly pts: bigint | null;
  /** When it is decoded. */
  readonly dts: bigint | null;
  /** Ticks; 0: not known. */
  readonly duration: bigint;
  /** Its number within the track, from 0. */
  readonly ordinal: bigint;
  /** Its bytes. Do not write into them. */
  readonly data: Uint8Array;
}

/** Bytes as output. */
export interface ShownBytes {
  /** Tells what it is. */
  type: 'bytes';
  /** The bytes. */
  data: Uint8Array;
}

/** Sound as output. */
export interface ShownAudio {
  /** Tells what it is. */
  type: 'audio';
  /** Samples from -1 to 1, channels interleaved. */
  data: Float32Array;
  /** Hz. */
  sampleRate: number;
  /** How many channels there are: 1 or more. */
  channels: number;
}

/** A picture as output. */
export interface ShownVideo {
  /** Tells what it is. */
  type: 'video';
  /** Planes one behind the other, without gaps. */
  data: Uint8Array;
  /** Pixels. */
  width: number;
  /** Pixels. */
  height: number;
  /** The format as FFmpeg calls it, such as `yuv420p`. */
  pixelFormat: string;
}

/** What belongs to one block: its output. */
export type Shown = ShownBytes | ShownAudio | ShownVideo;

/** One track's decoder. A state is everything that is known after a block; it is never changed once it was handed out. Throw `H4mkError` with the code
 *  `adapter` for a block that makes no sense: `decode` goes on at the next block of type I. Any other error ends `decode`. */
export interface Instance<State> {
  /** From nothing but the block: it is of type I, or a key block. */
  decodeI(block: AdapterBlock): State | Promise<State>;
  /** From the state of the anchor before it in decoding order. */
  applyP(previous: State, block: AdapterBlock): State | Promise<State>;
  /** From the states of the anchors around it in time; `next` is null where the track ends before there is one. Absent: B blocks are errors. */
  applyB?(previous: State, next: State | null, block: AdapterBlock): State | Promise<State>;
  /** The output of a state. Called in the order of presentation, not for every state. */
  render(state: State): Shown | Promise<Shown>;
  /** What a state holds, as an object for JSON: for people and tests. */
  describe?(state: State): Record<string, unknown>;
  /** The next render does not follow the last one in time. */
  reset?(): void;
  /** Called once, after all others. */
  close?(): void;
}

/** A kind of decoder, for the tracks that it can decode. `State` is its own affair. */
export interface Adapter<State = unknown> {
  /** 1 to 32 of a-z, 0-9 and _; one of your own begins with `x_` (adapters.md, "Names of adapters"). */
  readonly name: string;
  /** One line for people. */
  readonly description: string;
  /** How many outputs before an output take part in it: 0 to 64. */
  readonly preroll: number;
  /** Whether it can decode the track. Asked only where the track names no adapter. */
  claims(track: Track): boolean;
  /** A new decoder. Throws where the track is none that this adapter can decode. */
  open(track: Track): Instance<State>;
}

/** The adapters that a program can use. One that is added later is asked before the others. */
export class Adapters {
  readonly #byName = new Map<string, Adapter<never>>();

  /** Adds one, and returns this list. Throws `adapter` where its name or its preroll is not as it has to be, or the name is there already. */
  add<State>(adapter: Adapter<State>): this {
    const right = /^[a-z0-9_]{1,32}$/.test(adapter.name) && adapter.preroll >= 0 && adapter.preroll <= 64;
    if (!right) throw new H4mkError('adapter', `${adapter.name} is not what an adapter has to be: a name of a-z, 0-9 and _, a preroll up to 64.`);
    if (this.#byName.has(adapter.name)) throw new H4mkError('adapter', `There is an adapter ${adapter.name} already.`);
    this.#byName.set(adapter.name, adapter as Adapter<never>);
    return this;
  }

  /** The adapter for a track: the one that the track names by its key `adapter`, else the one added last that claims it. Null: there is none, also where
   *  the track names one that is not here. */
  of(track: Track): Adapter | null {
    const name = track.described.adapter;
    const found = typeof name === 'string' ? this.#byName.get(name) : [...this.#byName.values()].findLast((adapter) => adapter.claims(track));
    return (found as Adapter | undefined) ?? null;
  }
}
