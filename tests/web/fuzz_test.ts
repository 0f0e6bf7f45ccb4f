// SPDX-License-Identifier: MIT
// Hostile files and mutations of good ones: an answer or an H4mkError, never a hang, another error, or memory out of proportion.
import assert from 'node:assert/strict';
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { builtIn, decode } from '../../tools/web/src/adapters.js';
import { crc32 } from '../../tools/web/src/format/crc.js';
import { playable } from '../../tools/web/src/player/codecs.js';
import { isAnnexB, unitsOf } from '../../tools/web/src/player/nal.js';
import { H4mkError, H4mkFile } from '../../tools/web/src/reader.js';
import { useKey } from '../../tools/web/src/protect/decrypt.js';
import { Verifier } from '../../tools/web/src/protect/verify.js';

const suite = join(process.env.H4MK_SOURCE_DIR!, 'tests/conformance');
const PUBLIC = new Uint8Array(Buffer.from('MCowBQYDK2VwAyEA11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=', 'base64'));
const SECONDS = Number(process.env.H4MK_FUZZ_SECONDS ?? 20);
const MOST_MS = 5000;

/** The same numbers each time. */
function random(seed: number): (below: number) => number {
  let state = seed >>> 0 || 1;
  return (below) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % below;
  };
}

/** Asks a file everything. */
async function exercise(bytes: Uint8Array, publicKey?: Uint8Array): Promise<void> {
  const file = await H4mkFile.open(bytes, { cachePages: 8, ...(publicKey && { verifier: new Verifier(publicKey) }) });
  let blocks = 0;
  for await (const _ of file.blocks()) if (++blocks > 100000) break;
  for (const track of file.tracks.values()) {
    void [file.chapters, file.tags, track.extradata, track.tags, await playable(track, new Uint8Array(8))];
    await file.attachment(track.id);
    await file.seek(track.id, 5n);
    await file.frameAt(track.id, 3n);
    await file.chain(track.id, Math.max(0, Math.min(file.frameCount(track.id), 1000) - 1));
    await file.block(track.id, 2n);
    const adapter = builtIn().of(track);
    if (adapter) for await (const _ of decode(file, track.id, { adapter })) void _;
  }
  await useKey(file, PUBLIC);
}

async function survives(bytes: Uint8Array, what: string, publicKey?: Uint8Array): Promise<void> {
  const begin = performance.now();
  try {
    await exercise(bytes, publicKey);
  } catch (error) {
    if (!(error instanceof H4mkError)) throw new Error(`${what}: ${error instanceof Error ? error.stack : String(error)}`);
  }
  const took = performance.now() - begin;
  assert.ok(took < MOST_MS, `${what} took ${Math.round(took)} ms`);
}

const files = ['valid', 'invalid', 'vectors'].flatMap((folder) =>
  readdirSync(join(suite, folder)).filter((name) => name.endsWith('.h4mk')).map((name) => join(suite, folder, name)));

/** The key with which a file of the suite was signed. */
function keyOf(path: string): Uint8Array | undefined {
  const { keyed = [] } = JSON.parse(readFileSync(path.replace(/h4mk$/, 'json'), 'utf8')) as { keyed?: { options: string[] }[] };
  const options = keyed.map((of) => of.options).find((of) => of[0] === '--verify-key');
  return options && new Uint8Array(Buffer.from(options[1]!, 'base64'));
}

test('all files of the suite', async () => {
  for (const path of files) await survives(new Uint8Array(readFileSync(path)), path);
});

/** Makes the CRCs of all chunks right again, and of the indexes of clusters: what is changed gets deeper. */
function mend(bytes: Uint8Array): void {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const salt = view.getUint32(8, true);
  for (let at = 16; at + 16 <= bytes.length; ) {
    const length = view.getUint32(at + 8, true);
    if (at + 16 + length > bytes.length) return;
    if (bytes[at] === 0x43 && bytes[at + 7]! & 0x40) mendIndex(bytes, view, at + 12, at + 12 + length, salt);
    view.setUint32(at + 12 + length, crc32(bytes.subarray(at, at + 12 + length), salt), true);
    at += 16 + length;
  }
}

function mendIndex(bytes: Uint8Array, view: DataView, begin: number, end: number, salt: number): void {
  let [size, shift, at] = [0, 0, begin];
  while (at < end && shift < 28) {
    const byte = bytes[at++]!;
    size += (byte & 127) << shift;
    shift += 7;
    if (byte < 128) break;
  }
  if (at + size + 4 <= end) view.setUint32(at + size, crc32(bytes.subarray(begin, at + size), salt), true);
}

function mutated(good: Uint8Array, other: Uint8Array, next: (below: number) => number): Uint8Array {
  const bytes = good.slice(0, next(8) === 0 ? next(good.length + 1) : good.length);
  if (!bytes.length) return bytes;
  for (let changes = 1 + next(6); changes > 0; changes--) {
    const at = next(4) === 0 ? next(bytes.length) : Math.min(bytes.length - 1, 12 + next(Math.min(bytes.length, 400)));
    const kind = next(5);
    if (kind === 0) bytes[at]! ^= 1 << next(8);
    else if (kind === 1) bytes[at] = [0, 0x7f, 0x80, 0xff][next(4)]!;
    else if (kind === 2) bytes.copyWithin(at, next(bytes.length), Math.min(bytes.length, at + next(64)));
    else if (kind === 3) bytes.set(other.subarray(0, Math.min(next(64), other.length, bytes.length - at)), at);
    else bytes[at]! += 1;
  }
  if (bytes.length > 16 && next(4)) mend(bytes);
  return bytes;
}

test('mutations of signed files: what is handed out is what was signed', async () => {
  const next = random(1);
  for (const path of files.filter(keyOf)) {
    const [bytes, key] = [new Uint8Array(readFileSync(path)), keyOf(path)!];
    const good = await handedOut(bytes, key);
    for (let i = 0; i < 40; i++) {
      const found = await handedOut(mutated(bytes, bytes, next), key);
      for (const [name, data] of found) assert.deepEqual(data, good.get(name), `${path}, mutation ${i}: ${name}`);
    }
  }
});

/** Blocks by their names, with their data; none where the file is refused. */
async function handedOut(bytes: Uint8Array, key: Uint8Array): Promise<Map<string, Uint8Array>> {
  const found = new Map<string, Uint8Array>();
  try {
    const file = await H4mkFile.open(bytes, { verifier: new Verifier(key) });
    for await (const { block, content } of file.blocks()) found.set(`${block.track} ${block.ordinal} ${block.pts}`, content!.data);
  } catch (error) {
    if (!(error instanceof H4mkError)) throw error;
  }
  return found;
}

test('mutations', async () => {
  const next = random(20261122);
  const good = files.map((path) => new Uint8Array(readFileSync(path))).filter((bytes) => bytes.length && bytes.length < 65536);
  const until = performance.now() + SECONDS * 1000;
  let tried = 0;
  while (performance.now() < until) {
    await survives(mutated(good[next(good.length)]!, good[next(good.length)]!, next), `mutation ${tried}`);
    tried++;
  }
  console.log(`${tried} mutations, ${Math.round(process.memoryUsage().rss / 2 ** 20)} MiB`);
  assert.ok(tried > 200 && process.memoryUsage().rss < 600 * 2 ** 20);
});

test('units of Annex B from any bytes', () => {
  const next = random(7);
  for (let i = 0; i < 20000; i++) {
    const bytes = Uint8Array.from({ length: next(40) }, () => next(3) && next(4));
    const units = [...unitsOf(bytes)];
    assert.ok(units.reduce((sum, unit) => sum + unit.length, 0) <= bytes.length);
    void isAnnexB(bytes);
  }
});
