// SPDX-License-Identifier: MIT
// adapters.md, "Adapter dsp": blocks of spectra, DSP0 and DSP1, to sound.
import { require } from '../errors.js';
import { Cursor } from '../format/cursor.js';
import type { Adapter, Instance } from './adapter.js';
import { Bins, Synthesis, binCount, hasSmallFactorsOnly, makeBins, setPolar } from './spectrum.js';

const SIZE0 = 2048;
const TURN0 = 2 * 3.14159265359;
const MOST_OVERLAP = 8;

interface Format {
  window: number;
  channels: number;
  size: number;
  hop: number;
}
interface Channel {
  gain: number;
  magnitude: Uint16Array;
  phase: Uint16Array;
}
/** DSP0: partials in the order in which they came. */
type Partials = Map<number, { magnitude: number; phase: number }>;
export type DspState = { form: 0; partials: Partials } | { form: 1; format: Format; channels: Channel[] };

const u16 = (cursor: Cursor): number => cursor.u8() | (cursor.u8() << 8);
const magicOf = (data: Uint8Array): string => String.fromCharCode(...data.subarray(0, 4));

/** A block that is too short, or begins otherwise, changes nothing. */
function applyDsp0(before: Partials, data: Uint8Array, add: boolean): Partials {
  const partials: Partials = new Map([...before].map(([bin, partial]) => [bin, { ...partial }]));
  if (data.length < 8 || magicOf(data) !== 'DSP0') return partials;
  const cursor = new Cursor(data.subarray(4));
  const count = u16(cursor);
  cursor.take(2);
  if (cursor.left < 6 * count) return partials;
  for (let i = 0; i < count; i++) {
    const bin = u16(cursor);
    const partial = (add && partials.get(bin)) || { magnitude: 0, phase: 0 };
    partial.magnitude += u16(cursor) / 65535;
    partial.phase += (u16(cursor) / 65535) * TURN0;
    partials.set(bin, partial);
  }
  return partials;
}

function applyDsp1(before: DspState | null, data: Uint8Array): DspState {
  const cursor = new Cursor(data);
  cursor.take(4);
  const form = cursor.u8();
  require(form <= 1, 'DSP1: a form that is not known');
  require(form === 0 || (before?.form === 1 && before.channels.length > 0), 'DSP1: a difference without a spectrum before it');
  const whole = form === 0 ? readFormat(cursor) : null;
  const format = whole ?? (before as DspState & { form: 1 }).format;
  const bins = binCount(format.size);
  const from: Channel[] = whole
    ? Array.from({ length: format.channels }, () => ({ gain: 0, magnitude: new Uint16Array(bins), phase: new Uint16Array(bins) }))
    : (before as DspState & { form: 1 }).channels.map(({ gain, magnitude, phase }) => ({ gain, magnitude: magnitude.slice(), phase: phase.slice() }));
  for (const channel of from) readChannel(cursor, channel);
  require(cursor.left === 0, 'DSP1: bytes behind the last channel');
  return { form: 1, format, channels: from };
}

function readFormat(cursor: Cursor): Format {
  const format = { window: cursor.u8(), channels: cursor.u8(), size: cursor.u32(), hop: cursor.u32() };
  const { window, channels, size, hop } = format;
  require(window <= 2 && channels >= 1 && channels <= 8, 'DSP1: a window or number of channels that is none');
  require(size >= 16 && size <= 32768 && size % 2 === 0 && hasSmallFactorsOnly(size), 'DSP1: a size that is none');
  require(hop >= 1 && hop <= size && size <= hop * MOST_OVERLAP, 'DSP1: a hop that is none');
  return format;
}

function readChannel(cursor: Cursor, channel: Channel): void {
  const bytes = cursor.take(4);
  channel.gain = new DataView(bytes.buffer, bytes.byteOffset).getFloat32(0, true);
  require(channel.gain >= 0 && channel.gain <= 1e9, 'DSP1: a gain that is none');
  const count = u16(cursor);
  require(cursor.left >= 6 * count, 'DSP1: the block is too short');
  for (let i = 0; i < count; i++) {
    const bin = u16(cursor);
    require(bin < channel.magnitude.length, 'DSP1: a bin that is none');
    channel.magnitude[bin]! += u16(cursor); // modulo 65536, as the array stores it
    channel.phase[bin]! += u16(cursor);
  }
}

function bins0(partials: Partials): Bins {
  const bins = makeBins(SIZE0);
  const last = SIZE0 / 2;
  for (const [bin, { magnitude, phase }] of partials) if (bin <= last) setPolar(bins, bin, magnitude * (bin === 0 || bin === last ? 1 : 0.5) * SIZE0, phase);
  return bins;
}

function bins1({ gain, magnitude, phase }: Channel, size: number): Bins {
  const bins = makeBins(size);
  magnitude.forEach((m, k) => m && setPolar(bins, k, gain * (m / 65535), (phase[k]! / 65536) * 2 * Math.PI));
  return bins;
}

class Dsp implements Instance<DspState> {
  #synthesis: Synthesis[] = [];
  #made = '';
  constructor(private readonly sampleRate: number) {}

  decodeI({ data }: { data: Uint8Array }): DspState {
    return magicOf(data) === 'DSP1' ? applyDsp1(null, data) : { form: 0, partials: applyDsp0(new Map(), data, false) };
  }

  applyP(previous: DspState, { data }: { data: Uint8Array }): DspState {
    const isDsp1 = magicOf(data) === 'DSP1';
    require(previous.form === 0 || isDsp1, 'no DSP1 block');
    return isDsp1 ? applyDsp1(previous, data) : { form: 0, partials: applyDsp0((previous as DspState & { form: 0 }).partials, data, true) };
  }

  applyB(previous: DspState, _next: DspState | null, block: { data: Uint8Array }): DspState {
    return this.applyP(previous, block);
  }

  render(state: DspState) {
    const { window, channels, size, hop } = state.form === 1 ? state.format : { window: 0, channels: 1, size: SIZE0, hop: SIZE0 / 2 };
    const name = [state.form, window, channels, size, hop].join(' ');
    // Frames of another format do not sound on in those of this one.
    if (name !== this.#made) this.#synthesis = Array.from({ length: channels }, () => new Synthesis(size, hop, window, state.form === 1));
    this.#made = name;
    const data = new Float32Array(hop * channels);
    this.#synthesis.forEach((synthesis, c) => synthesis.add(state.form === 1 ? bins1(state.channels[c]!, size) : bins0(state.partials)).forEach((sample, i) => (data[i * channels + c] = sample)));
    return { type: 'audio' as const, data, sampleRate: this.sampleRate, channels };
  }

  describe(state: DspState): Record<string, unknown> {
    if (state.form === 0) return { type: 'DSPState', sample_rate: this.sampleRate, bin_count: state.partials.size, time_sec: 0 };
    const sounding = state.channels.reduce((sum, { magnitude }) => sum + magnitude.filter((m) => m !== 0).length, 0);
    const { size, hop, channels } = state.format;
    return { type: 'DSPState', sample_rate: this.sampleRate, bin_count: sounding, layout: 'DSP1', size, hop, channels };
  }

  reset(): void {
    for (const synthesis of this.#synthesis) synthesis.reset();
  }
}

/** Spectra, DSP0 and DSP1, to sound of 1 to 8 channels (adapters.md, "Adapter `dsp`"). */
export const dspAdapter: Adapter = {
  name: 'dsp', description: 'spectra (DSP0, DSP1) to sound', preroll: MOST_OVERLAP - 1,
  claims: ({ codec }) => codec === 'dsp',
  open: (track) => new Dsp(track.number('sample_rate') || 48000),
};
