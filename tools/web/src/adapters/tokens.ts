// SPDX-License-Identifier: MIT
// adapters.md, "Tokens". Tokens are big-endian.
import { H4mkError } from '../errors.js';
import { Fft, binCount, makeWindow } from './spectrum.js';

/** A token for a block of pictures (adapters.md, "Video tokens"). */
export interface VideoToken {
  /** Microseconds, 0 to 2^64 - 1. */
  timeUs: bigint;
  /** The index of the block that it stands for, 0 to 2^32 - 1. */
  block: number;
  /** Decoding can start at that block. */
  key: boolean;
}

/** The 13 bytes of a video token. Throws `adapter` where a member is not in its range. */
export function videoToken({ timeUs, block, key }: VideoToken): Uint8Array {
  const fits = timeUs >= 0n && timeUs < 2n ** 64n && Number.isInteger(block) && block >= 0 && block < 2 ** 32;
  if (!fits) throw new H4mkError('adapter', 'A time or block of a video token is not in its range.');
  const bytes = new Uint8Array(13);
  const view = new DataView(bytes.buffer);
  view.setBigUint64(0, timeUs);
  view.setUint32(8, block);
  view.setUint8(12, key ? 1 : 0);
  return bytes;
}

/** A video token of its bytes. Throws `adapter` unless there are 13. */
export function parseVideoToken(bytes: Uint8Array): VideoToken {
  if (bytes.length !== 13) throw new H4mkError('adapter', `A video token has 13 bytes, not ${bytes.length}.`);
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  return { timeUs: view.getBigUint64(0), block: view.getUint32(8), key: view.getUint8(12) !== 0 };
}

/** A token for one bin of the spectrum of a frame (adapters.md, "Audio tokens"). */
export interface AudioToken {
  /** The frequency, 0 to 20000 Hz, in steps of a tenth. */
  hz: number;
  /** 0 to 1, of the loudest bin of the frame. */
  magnitude: number;
  /** -pi to pi. */
  phase: number;
}

const STEPS = 65535;

/** The 8 bytes of an audio token. A frequency or magnitude beyond its range becomes the end of the range; a phase there throws `adapter`. */
export function audioToken({ hz, magnitude, phase }: AudioToken): Uint8Array {
  const turn = Math.trunc(((phase + Math.PI) / (2 * Math.PI)) * STEPS);
  if (!(turn >= 0 && turn <= STEPS)) throw new H4mkError('adapter', 'The phase of an audio token is not in -pi to pi.');
  const bytes = new Uint8Array(8);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, Math.min(Math.max(hz, 0), 20000) * 10);
  view.setUint16(4, Math.min(Math.max(magnitude, 0), 1) * STEPS);
  view.setUint16(6, turn);
  return bytes;
}

/** An audio token as it is stored: with the frequency as an integer. */
export interface StoredAudioToken extends AudioToken {
  /** Tenths of a Hz. */
  hz10: number;
}

/** An audio token of its first 8 bytes; fewer are a RangeError. Magnitude and phase are the middle of what the token stands for. */
export function parseAudioToken(bytes: Uint8Array): StoredAudioToken {
  const view = new DataView(bytes.buffer, bytes.byteOffset, 8);
  const middle = (step: number): number => (step === STEPS ? 1 : (step + 0.5) / STEPS);
  const hz10 = view.getUint32(0);
  return { hz10, hz: hz10 / 10, magnitude: middle(view.getUint16(4)), phase: (2 * middle(view.getUint16(6)) - 1) * Math.PI };
}

/** The tokens of mono samples, frame after frame, the loudest of each frame first: `topK` a frame, or all bins where these are fewer. Frames have
 *  `frameSize` samples (2 to 16384) and begin every half of that; samples at the end that do not fill one are left out. `sampleRate` is in Hz. */
export function audioTokens(samples: Int16Array, sampleRate: number, frameSize: number, topK: number): Uint8Array[] {
  const tokens: Uint8Array[] = [];
  const hop = Math.floor(frameSize / 2);
  const window = makeWindow(0, frameSize);
  const fft = new Fft(frameSize, false);
  const still = new Float64Array(frameSize);
  for (let at = 0; at + frameSize <= samples.length; at += hop) {
    const frame = Float64Array.from(window, (w, k) => Math.fround((samples[at + k]! / 32768) * w));
    const { re, im } = fft.transform(frame, still);
    im[0] = 0;
    if (frameSize % 2 === 0) im[frameSize / 2] = 0;
    const magnitudes = Array.from({ length: binCount(frameSize) }, (_, k) => Math.hypot(re[k]!, im[k]!));
    const largest = magnitudes.reduce((most, magnitude) => Math.max(most, magnitude), 0);
    const order = magnitudes.map((_, k) => k).sort((a, b) => magnitudes[b]! - magnitudes[a]! || a - b);
    for (const k of order.slice(0, topK))
      tokens.push(audioToken({ hz: (k * sampleRate) / frameSize, magnitude: largest > 0 ? magnitudes[k]! / largest : 0, phase: Math.atan2(im[k]!, re[k]!) }));
  }
  return tokens;
}
