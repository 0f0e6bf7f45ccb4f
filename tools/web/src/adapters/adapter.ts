// SPDX-License-Identifier: MIT
// adapters.md, "Tracks with an adapter": what a decoder in JavaScript implements, and which one is for a track. The contract is that of adapter.h.
import { H4mkError } from '../errors.js';
import type { Track } from '../format/tracks.js';

/** A block as an adapter sees it: decrypted and unpacked. Times are null where they are not known. */
export interface AdapterBlock {
  readonly flags: number;
  readonly pts: bigint | null;
  readonly dts: bigint | null;
  readonly duration: bigint;
  readonly ordinal: bigint;
  readonly data: Uint8Array;
}

/** What belongs to one block. Sound: floats from -1 to 1, channels interleaved. Pictures: planes one behind the other, without gaps. */
export type Shown =
  | { type: 'bytes'; data: Uint8Array }
  | { type: 'audio'; data: Float32Array; sampleRate: number; channels: number }
  | { type: 'video'; data: Uint8Array; width: number; height: number; pixelFormat: string };

/** One track's decoder. A state is everything that is known after a block; it is never changed once it was handed out. Throw for a block that
 *  makes no sense: the host goes on at the next block of type I. */
export interface Instance<State> {
  decodeI(block: AdapterBlock): State | Promise<State>;
  /** From the state of the anchor before it in decoding order. */
  applyP(previous: State, block: AdapterBlock): State | Promise<State>;
  /** From the states of the anchors around it in time; `next` is null where the track ends before there is one. Absent: B blocks are errors. */
  applyB?(previous: State, next: State | null, block: AdapterBlock): State | Promise<State>;
  /** In the order of presentation, not for every state. */
  render(state: State): Shown | Promise<Shown>;
  describe?(state: State): Record<string, unknown>;
  /** The next render does not follow the last one in time. */
  reset?(): void;
  close?(): void;
}

export interface Adapter<State = unknown> {
  /** 1 to 32 of a-z, 0-9 and _. */
  readonly name: string;
  readonly description: string;
  /** How many outputs before an output take part in it: 0 to 64. */
  readonly preroll: number;
  /** Asked only where the track names no adapter. */
  claims(track: Track): boolean;
  /** Throws where it is none that this adapter can decode. */
  open(track: Track): Instance<State>;
}

/** Those that a program can use. One that a program adds later is asked before the others. */
export class Adapters {
  readonly #byName = new Map<string, Adapter<never>>();

  add<State>(adapter: Adapter<State>): this {
    const right = /^[a-z0-9_]{1,32}$/.test(adapter.name) && adapter.preroll >= 0 && adapter.preroll <= 64;
    if (!right) throw new H4mkError('adapter', `${adapter.name} is not what an adapter has to be: a name of a-z, 0-9 and _, a preroll up to 64.`);
    if (this.#byName.has(adapter.name)) throw new H4mkError('adapter', `There is an adapter ${adapter.name} already.`);
    this.#byName.set(adapter.name, adapter as Adapter<never>);
    return this;
  }

  /** The one that the track names; else the one added last that claims it; null: none. */
  of(track: Track): Adapter | null {
    const name = track.described.adapter;
    const found = typeof name === 'string' ? this.#byName.get(name) : [...this.#byName.values()].findLast((adapter) => adapter.claims(track));
    return (found as Adapter | undefined) ?? null;
  }
}
