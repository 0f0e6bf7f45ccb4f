// SPDX-License-Identifier: MIT
// adapters.md, "Adapter audio_fft": audio tokens to sound.
import { H4mkError, require } from '../errors.js';
import { Cursor } from '../format/cursor.js';
import type { Track } from '../format/tracks.js';
import type { Adapter, AdapterBlock, Instance } from './adapter.js';
import { Bins, Synthesis, binCount, hasSmallFactorsOnly, makeBins, setPolar } from './spectrum.js';
import { parseAudioToken } from './tokens.js';

const HIGHEST = 200000;

interface State {
  before: Bins;
  own: Bins;
  samples: number;
}

class AudioFft implements Instance<State> {
  readonly #size: number;
  readonly #rate: number;
  readonly #hop: number;
  readonly #countsSamples: boolean;
  readonly #synthesis: Synthesis;
  #last?: Bins;

  constructor(track: Track) {
    const { extradata } = track;
    if (extradata.length !== 8) throw new H4mkError('adapter', 'A track of audio_fft has extradata of 8 bytes.');
    this.#size = new Cursor(extradata).u32();
    this.#rate = track.number('sample_rate');
    const right = this.#size >= 2 && this.#size <= 16384 && hasSmallFactorsOnly(this.#size) && this.#rate * 5 >= this.#size && this.#rate <= 768000;
    if (!right) throw new H4mkError('adapter', `Frames of ${this.#size} samples at ${this.#rate} Hz are not possible in audio_fft.`);
    this.#hop = Math.floor(this.#size / 2);
    this.#countsSamples = track.timeBase[0] === 1 && track.timeBase[1] === this.#rate;
    this.#synthesis = new Synthesis(this.#size, this.#hop, 0, true);
  }

  decodeI(block: AdapterBlock): State {
    return this.#decode(block, null);
  }
  applyP(previous: State, block: AdapterBlock): State {
    return this.#decode(block, previous);
  }
  applyB(previous: State, _next: State | null, block: AdapterBlock): State {
    return this.#decode(block, previous);
  }

  #decode({ data, duration }: AdapterBlock, previous: State | null): State {
    const cursor = new Cursor(data);
    const before = previous ? previous.own : this.#frame(cursor);
    const own = this.#frame(cursor);
    require(cursor.left === 0, 'no block of audio_fft: bytes behind its end');
    const shorter = this.#countsSamples && duration > 0n && duration < BigInt(this.#hop); // the last block
    return { before, own, samples: shorter ? Number(duration) : this.#hop };
  }

  #frame(cursor: Cursor): Bins {
    const head = cursor.take(4);
    const scale = new DataView(head.buffer, head.byteOffset).getFloat32(0, true);
    require(scale >= 0 && scale <= 1e9, 'no block of audio_fft: a scale that is none');
    const count = cursor.u8() | (cursor.u8() << 8);
    require(count <= binCount(this.#size), 'no block of audio_fft: more tokens than bins');
    const tokens = cursor.take(8 * count);
    const bins = makeBins(this.#size);
    for (let i = 0; i < count; i++) {
      const token = parseAudioToken(tokens.subarray(8 * i, 8 * i + 8));
      setPolar(bins, this.#binOf(token.hz10, cursor), token.magnitude * scale, token.phase);
    }
    return bins;
  }

  #hz10Of(bin: number): number {
    return Math.trunc(Math.min((bin * this.#rate) / this.#size, HIGHEST / 10) * 10);
  }

  #binOf(hz10: number, cursor: Cursor): number {
    const told = hz10 === HIGHEST && this.#rate > HIGHEST / 5;
    const bin = told ? cursor.u8() | (cursor.u8() << 8) : Math.round((((hz10 + 0.5) / 10) * this.#size) / this.#rate);
    require(bin < binCount(this.#size) && this.#hz10Of(bin) === hz10, 'no block of audio_fft: no bin has the frequency of a token');
    return bin;
  }

  render({ before, own, samples }: State) {
    if (this.#last !== before) {
      this.#synthesis.reset();
      this.#synthesis.add(before);
    }
    const data = this.#synthesis.add(own).subarray(0, samples);
    this.#last = own;
    return { type: 'audio' as const, data, sampleRate: this.#rate, channels: 1 };
  }
}

/** Audio tokens to mono sound (adapters.md, "Adapter `audio_fft`"). Its `open` throws `adapter` where `extradata` or `sample_rate` is not possible. */
export const audioFftAdapter: Adapter = {
  name: 'audio_fft', description: 'audio tokens to sound', preroll: 0,
  claims: ({ codec }) => codec === 'audio_fft',
  open: (track) => new AudioFft(track),
};
