// SPDX-License-Identifier: MIT
// The adapters in JavaScript: equal to tests/vectors, and to what h4mk makes of the same files.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { Adapter, AdapterBlock, audioToken, audioTokens, builtIn, decode, dspAdapter, nullAdapter, parseVideoToken, passThroughAdapter, videoToken } from '../../tools/web/src/adapters.js';
import type { DspState } from '../../tools/web/src/adapters/dsp.js';
import { Track } from '../../tools/web/src/format/tracks.js';
import { H4mkError, H4mkFile } from '../../tools/web/src/reader.js';
import { at, bytesOf, ffmpeg, h4mk } from './clips.js';

const vectors = (name: string): string => join(process.env.H4MK_SOURCE_DIR!, 'tests/vectors', name);
const index = (name: string) => JSON.parse(readFileSync(vectors(name + '/index.json'), 'utf8'));
const fromHex = (hex: string): Uint8Array => new Uint8Array(Buffer.from(hex, 'hex'));
const hexOf = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');
const block = (data: Uint8Array, flags = 0): AdapterBlock => ({ flags, pts: 0n, dts: 0n, duration: 0n, ordinal: 0n, data });

function track(codec: string, more = {}): Track {
  return new Track({ track_id: 1n, name: '', kind: 'audio', codec, time_base: '1/1000', ...more }, 0);
}

test('video tokens', () => {
  for (const row of index('tokens').video) {
    for (const hex of row.tokens_hex ?? []) assert.equal(hexOf(videoToken(parseVideoToken(fromHex(hex)))), hex);
    if (row.pts_us === undefined) continue;
    const made = (): string => hexOf(videoToken({ timeUs: BigInt(row.pts_us), block: Number(row.block_index), key: row.key }));
    if ('ok' in row.result) assert.equal(made(), row.result.ok);
    else assert.throws(made, H4mkError);
  }
  assert.throws(() => parseVideoToken(new Uint8Array(12)), H4mkError);
});

test('audio tokens of single values', () => {
  for (const { bin_hz, magnitude, phase, result } of index('tokens').audio_quantise) {
    const made = (): string => hexOf(audioToken({ hz: bin_hz, magnitude, phase }));
    if ('ok' in result) assert.equal(made(), result.ok);
    else assert.throws(made, H4mkError);
  }
});

test('audio tokens of samples', () => {
  let compared = 0;
  for (const row of index('tokens').audio) {
    if (row.result || !row.order_is_defined) continue; // odd bytes are no samples; silence has no loudest bin
    const pcm = readFileSync(vectors('tokens/' + row.file));
    const samples = new Int16Array(pcm.buffer.slice(pcm.byteOffset, pcm.byteOffset + pcm.length));
    assert.deepEqual(audioTokens(samples, row.sample_rate, row.frame_size, row.top_k).map(hexOf), row.tokens_hex, row.id);
    compared += row.tokens_hex.length;
  }
  assert.ok(compared > 400);
});

test('dsp states', () => {
  for (const row of index('adapters').dsp) {
    const instance = dspAdapter.open(track('dsp', { sample_rate: BigInt(row.sample_rate) }));
    let state: DspState | undefined;
    for (const hex of row.blocks_hex ?? []) state = (state ? instance.applyP(state, block(fromHex(hex))) : instance.decodeI(block(fromHex(hex)))) as DspState;
    if (row.prev_next_b_hex) {
      const [before, behind, b] = (row.prev_next_b_hex as string[]).map((hex) => block(fromHex(hex)));
      state = instance.applyB!(instance.decodeI(before!) as DspState, instance.decodeI(behind!) as DspState, b!) as DspState;
    }
    assert.ok(state?.form === 0);
    assert.deepEqual([...state.partials].map(([bin, { magnitude, phase }]) => [bin, magnitude, phase]), row.bins.map((bin: number[]) => [bin[0], bin[3], bin[4]]), row.id);
    if (row.info) assert.deepEqual({ ...instance.describe!(state) }, row.info, row.id);
  }
});

test('null and pass_through', async () => {
  for (const row of index('adapters').other) {
    const adapter: Adapter<Uint8Array> = row.adapter === 'Null' ? nullAdapter : passThroughAdapter;
    const instance = adapter.open(track('null'));
    let state: Uint8Array | undefined;
    for (const [kind, hex] of (row.ops ?? []) as [string, string][]) {
      const given = block(fromHex(hex));
      state = kind === 'I' ? await instance.decodeI(given) : kind === 'P' ? await instance.applyP(state!, given) : await instance.applyB!(state!, null, given);
    }
    if (row.apply_B) state = await instance.applyB!(fromHex(row.apply_B.prev_hex), fromHex(row.apply_B.next_hex), block(fromHex(row.apply_B.block_hex)));
    assert.equal(hexOf(state!), row.output_hex);
  }
});

/** All samples of a track. */
async function samples(file: H4mkFile, id: number, from?: bigint): Promise<Float32Array> {
  const parts: Float32Array[] = [];
  for await (const output of decode(file, id, { adapter: builtIn().of(file.track(id))!, from })) {
    assert.equal(output.type, 'audio');
    parts.push(output.data as Float32Array);
  }
  const joined = new Float32Array(parts.reduce((sum, part) => sum + part.length, 0));
  let position = 0;
  for (const part of parts) {
    joined.set(part, position);
    position += part.length;
  }
  return joined;
}

function assertClose(a: Float32Array, b: Float32Array): void {
  assert.equal(a.length, b.length);
  const worst = a.reduce((most, sample, i) => Math.max(most, Math.abs(sample - b[i]!)), 0);
  assert.ok(worst < 1e-6, `samples differ by ${worst}`);
}

test('audio_fft: the sound that h4mk decodes, from the start and from the middle', async () => {
  ffmpeg('-f', 'lavfi', '-i', 'sine=frequency=440:duration=3:sample_rate=48000', '-c:a', 'pcm_s16le', 'tone.wav');
  h4mk('tokenize', at('tone.wav'), '-o', at('tokens.h4mk'), '--top-k', '64');
  h4mk('decode', at('tokens.h4mk'), '-t', '1', '-o', at('tone.raw'), '-y');
  const raw = bytesOf('tone.raw');
  const wanted = new Float32Array(raw.buffer.slice(raw.byteOffset, raw.byteOffset + raw.length));
  const file = await H4mkFile.open(bytesOf('tokens.h4mk'));
  const all = await samples(file, 1);
  assertClose(all, wanted);
  const middle = await file.frame(1, 77);
  const later = await samples(file, 1, middle!.block.pts!);
  assertClose(later, all.subarray(Number(middle!.block.pts)));
});

test('an adapter of a program is asked before those that are built in', () => {
  const mine: Adapter<null> = {
    name: 'x_mine', description: 'mine', preroll: 0, claims: ({ codec }) => codec === 'dsp',
    open: () => ({ decodeI: () => null, applyP: () => null, render: () => ({ type: 'bytes', data: new Uint8Array(0) }) }),
  };
  const adapters = builtIn().add(mine);
  assert.equal(adapters.of(track('dsp'))!.name, 'x_mine');
  assert.equal(adapters.of(track('dsp', { adapter: 'dsp' }))!.name, 'dsp');
  assert.equal(adapters.of(track('h264')), null);
  assert.throws(() => adapters.add(mine), H4mkError);
});
