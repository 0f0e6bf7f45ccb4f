// SPDX-License-Identifier: MIT
/** Decoders for tracks whose blocks only their owner understands: `decode(file, track, { adapter: builtIn().of(track) })`.
 *  @module h4mk/adapters */
import { Adapters } from './adapters/adapter.js';
import { audioFftAdapter } from './adapters/audio_fft.js';
import { nullAdapter, passThroughAdapter } from './adapters/concatenation.js';
import { dspAdapter } from './adapters/dsp.js';

export { Adapters } from './adapters/adapter.js';
export type { Adapter, AdapterBlock, Instance, Shown, ShownAudio, ShownBytes, ShownVideo } from './adapters/adapter.js';
export { decode } from './adapters/decode.js';
export type { DecodeOptions, Output, OutputTime } from './adapters/decode.js';
export { audioFftAdapter } from './adapters/audio_fft.js';
export { nullAdapter, passThroughAdapter } from './adapters/concatenation.js';
export { dspAdapter } from './adapters/dsp.js';
export { audioToken, audioTokens, parseAudioToken, parseVideoToken, videoToken } from './adapters/tokens.js';
export type { AudioToken, StoredAudioToken, VideoToken } from './adapters/tokens.js';

/** A new list with the adapters of this package: `audio_fft`, `dsp`, `null` and `pass_through`. */
export function builtIn(): Adapters {
  return new Adapters().add(nullAdapter).add(passThroughAdapter).add(dspAdapter).add(audioFftAdapter);
}
