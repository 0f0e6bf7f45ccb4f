// SPDX-License-Identifier: MIT
// What players and adapters hold, and how often they do something, has bounds that no file and no server can move. Files are made of bench/hostile.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { test } from 'node:test';
import { Adapter, AdapterBlock, decode } from '../../tools/web/src/adapters.js';
import { Budget } from '../../tools/web/src/format/cursor.js';
import { Track } from '../../tools/web/src/format/tracks.js';
import { blocksOf, lanesOf } from '../../tools/web/src/look/model.js';
import { axisOf } from '../../tools/web/src/look/timeline.js';
import { fragment } from '../../tools/web/src/player/boxes.js';
import { playable } from '../../tools/web/src/player/codecs.js';
import { TrackFeed } from '../../tools/web/src/player/feed.js';
import { unitsOf, withLengths } from '../../tools/web/src/player/nal.js';
import { textOf } from '../../tools/web/src/player/subtitles.js';
import { decodeFrame } from '../../tools/web/src/player/thumbnails.js';
import { Block, H4mkError, H4mkFile, HttpSource } from '../../tools/web/src/reader.js';

const MIB = 2 ** 20;
const memory = (): number => process.resourceUsage().maxRSS / 1024;

const error = (code: string) => (thrown: unknown) => thrown instanceof H4mkError && thrown.code === code;
const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text);

/** A file of an expression in Python. `frame` is one of zstd, of 2 MiB and 2 KiB that are stored as 2 KiB. */
async function made(expression: string): Promise<H4mkFile> {
  const script = `
import struct, sys
sys.path.insert(0, sys.argv[1])
from corpus import *
block = lambda kind, length, last: (length << 3 | kind << 1 | last).to_bytes(3, "little")
frame = b"\\x28\\xb5\\x2f\\xfd\\xa0" + struct.pack("<I", 2048 + (2 << 20)) + block(0, 2048, 0) + bytes(2048) + b"".join(block(1, 131072, i == 15) + b"x" for i in range(16))
sys.stdout.buffer.write(${expression})`;
  const bench = join(process.env.H4MK_SOURCE_DIR!, 'bench/hostile');
  return H4mkFile.open(new Uint8Array(execFileSync('python3', ['-c', script, bench], { maxBuffer: 64 * MIB })));
}

/** A cluster of so many blocks that unpack to 2 MiB each. */
const packed = (count: number, more: string): string => `cluster(${count}, size=len(frame), data=frame * ${count}, ${more})`;

test('a budget counts each value, however large the file is', () => {
  for (const size of [0, 2 ** 51, Number.MAX_SAFE_INTEGER]) {
    const budget = Budget.ofFile(size);
    const before = budget.left;
    budget.take(1);
    assert.equal(budget.left, before - 1);
    assert.ok(!budget.allows(before) && budget.allows(before - 1) && budget.left === 0);
  }
});

test('a size that numbers cannot tell is an error', async () => {
  for (const total of ['9007199254740993', '9'.repeat(30)]) {
    const answer = async (): Promise<Response> => new Response(new Uint8Array(100), { status: 206, headers: { 'Content-Range': `bytes 0-99/${total}` } });
    await assert.rejects(new HttpSource('https://example.org/film.h4mk', { fetch: answer }).size(), error('network'));
  }
});

test('units of Annex B are not all held', () => {
  const before = memory();
  const [short, long] = [Uint8Array.of(0, 0, 1, 7, 0, 0, 0, 1, 8, 9), new Uint8Array(8 * MIB).map((_, i) => Number(i % 3 === 2))];
  assert.deepEqual([...unitsOf(short)].map((unit) => [...unit]), [[7], [8, 9]]);
  assert.deepEqual([...withLengths(short)], [0, 0, 0, 1, 7, 0, 0, 0, 2, 8, 9]);
  assert.equal(withLengths(long).length, 4 * Math.floor(long.length / 3));
  assert.ok(memory() - before < 256, `${memory() - before} MiB`);
});

test('a subtitle loses its signs and all between them; a sign that is not closed stays', () => {
  assert.equal(textOf('subrip', bytesOf(' <i>one</i> two <b')), 'one two <b');
  assert.equal(textOf('subrip', bytesOf('a <b <c> d')), 'a  d');
  assert.equal(textOf('ass', bytesOf('0,0,Default,,0,0,0,,{\\i1}one,{\\b} two\\Nthree\\h{x')), 'one, two\nthree {x');
});

for (const [codec, sign] of [['subrip', '<'], ['ass', '{'], ['ass', '<'], ['ass', ',']] as const)
  test(`text of ${codec} that is nothing but ${sign}`, () => {
    const { user } = process.cpuUsage();
    const text = textOf(codec, bytesOf(',,,,,,,,' + sign.repeat(2 ** 17)));
    assert.ok(text.length <= 65536);
    assert.ok(process.cpuUsage().user - user < 1e6);
  });

test('an axis has few marks, whatever its length', () => {
  for (const [begin, end] of [[0, 9.9e27], [-9.9e27, 9.9e27], [9.9e27, 9.9e27 * (1 + 1e-12)], [0, 4.6e15], [2 ** 62, 2 ** 62 + 4096], [5, 5], [0, 0.05]] as const)
    for (const width of [1, 89, 1000, 8192]) {
      const { step, times } = axisOf(begin, end, width);
      assert.ok(Number.isFinite(step) && step > 0 && times.length <= width / 90 + 2, `${times.length} marks`);
      assert.ok(times.every((time) => time >= begin - step && time <= end + step));
    }
  assert.deepEqual(axisOf(0.5, 4, 450), { step: 1, times: [1, 2, 3, 4] });
  assert.deepEqual(axisOf(0, 7200, 300).times, [0, 3600, 7200]);
  assert.deepEqual(axisOf(0, 36000, 300).times, [0, 36000]);
  assert.deepEqual(axisOf(0, 360000, 1000).times.slice(0, 3), [0, 36000, 72000]);
});

test('a timeline has few lanes, however many tracks the file has', async () => {
  const file = await made('header() + trak(4096) + cluster_of(4096, 1, size=1)');
  const tracks = Array.from({ length: 64 }, (_, i) => i + 1);
  for (const lanes of [await lanesOf(file), (await blocksOf(file, 0, 1))!]) {
    assert.deepEqual(lanes.map(({ track }) => track), tracks);
    assert.ok(lanes.every(({ bars }) => bars.length === 1));
  }
  assert.equal((await lanesOf(await made('header() + trak(3) + cluster_of(3, 1)'))).length, 3);
});

test('a fragment of as many blocks as a cluster has', async () => {
  const samples = Array.from({ length: 65535 }, (_, i) => ({ data: new Uint8Array([i]), duration: 1, offset: 0, key: i === 0 }));
  const bytes = fragment(1, 0, samples);
  assert.deepEqual([...bytes.subarray(-2)], [65533 & 255, 65534 & 255]);
  const file = await made('header() + trak(kind="audio", codec="mp3") + cluster(65535, size=1, data=b"x" * 65535)');
  const feed = await TrackFeed.of(file, file.track(1));
  for await (const cluster of file.clusters()) assert.equal((await feed!.fragment(cluster))!.bytes.length, 65535);
});

test('a fragment is not made of more bytes than fit into memory', async () => {
  const file = await made(`header() + trak(kind="audio", codec="mp3", compression="zstd") + ${packed(200, 'flags=4 | 1024')}`);
  const feed = await TrackFeed.of(file, file.track(1));
  for await (const cluster of file.clusters()) await assert.rejects(feed!.fragment(cluster), error('limit'));
});

test('a decode chain is not read into memory beyond a bound', async (context) => {
  let decoded = 0;
  class Decoder {
    state = 'closed';
    configure(): void {}
    decode(): void {
      decoded++;
    }
    async flush(): Promise<void> {}
  }
  Object.assign(globalThis, { VideoDecoder: Decoder, EncodedVideoChunk: class {} });
  context.after(() => Object.assign(globalThis, { VideoDecoder: undefined, EncodedVideoChunk: undefined }));
  const chain = (count: number): Promise<H4mkFile> =>
    made(`header() + trak(codec="vp9", compression="zstd") + ${packed(1, 'flags=4 | 1024')} + ${packed(count, 'flags=1 | 1024, ordinal=1, time=1')}`);
  await assert.rejects(decodeFrame(await chain(200), 1, 200), error('limit'));
  assert.equal(decoded, 0);
  await assert.rejects(decodeFrame(await chain(20), 1, 20), error('corrupt')); // this decoder gives no frame
  assert.equal(decoded, 21);
});

test('codecs by the names of what all objects have are none', () => {
  for (const codec of ['constructor', '__proto__', 'toString', 'valueOf', '__defineGetter__'])
    assert.equal(playable(new Track({ track_id: 1n, name: '', kind: 'video', codec, time_base: '1/1000' }, 0), new Uint8Array(1)), null);
});

test('a server that sends more than was asked for is not listened to', async () => {
  let [sent, cancelled] = [0, false];
  const body = (): ReadableStream => new ReadableStream({
    pull: (control) => {
      sent += MIB;
      control.enqueue(new Uint8Array(MIB));
      if (sent === 64 * MIB) control.close();
    },
    cancel: () => void (cancelled = true),
  });
  for (const [status, headers, most] of [[206, { 'Content-Range': 'bytes 0-99/100' }, 4], [200, { 'Content-Length': '100' }, 40]] as const) {
    [sent, cancelled] = [0, false];
    const source = new HttpSource('https://example.org/film.h4mk', { fetch: async () => new Response(body(), { status, headers }) });
    await assert.rejects(source.read(0, 100), error('network'));
    assert.ok(cancelled && sent <= most * MIB, `${sent} bytes`);
  }
});

/** Decodes track 1. Blocks of the ordinals `bad` cannot be decoded, those of `unshown` cannot be rendered. Tells how many B blocks were decoded, which
 *  blocks were shown, what was thrown, and which blocks were blamed. */
async function decoded(file: H4mkFile, { bad = [], unshown = [] }: { bad?: number[]; unshown?: number[] } = {}) {
  const found = { applied: 0, shown: [] as number[], lost: [] as string[], blamed: [] as number[] };
  const checked = (ordinal: number, refused: number[]): number => {
    if (refused.includes(ordinal)) throw new H4mkError('adapter', 'This block makes no sense.');
    return ordinal;
  };
  const state = ({ ordinal }: AdapterBlock): number => checked(Number(ordinal), bad);
  const adapter: Adapter<number> = {
    name: 'x_none', description: 'nothing', preroll: 0, claims: () => true,
    open: () => ({
      decodeI: state, applyP: (_, block) => state(block), applyB: (_, __, block) => (found.applied++, state(block)),
      render: (ordinal) => ({ type: 'bytes', data: new Uint8Array(checked(ordinal, unshown) && 0) }),
    }),
  };
  const onLost = (thrown: Error, { ordinal }: Block): void => {
    found.lost.push((thrown as H4mkError).code);
    found.blamed.push(Number(ordinal));
  };
  for await (const { ordinal } of decode(file, 1, { adapter, onLost })) found.shown.push(Number(ordinal));
  return found;
}

const WAITING = 'flags=2 | 128, ordinal=1, time=1'; // of type B, without a dts

test('as many blocks of an adapter wait as in libh4mk', async () => {
  const front = 'header() + trak() + cluster(1)';
  const few = await made(`${front} + cluster(60, size=1, data=bytes(60), ${WAITING})`);
  const found = await decoded(few);
  assert.deepEqual([found.applied, found.shown.length, found.lost], [60, 61, []]);
  const many = await made(`${front} + cluster(1000, size=1, data=bytes(1000), ${WAITING}) + cluster(1, ordinal=1001, time=2000)`);
  const { applied, shown, lost } = await decoded(many);
  assert.ok(applied + shown.length <= 64 && lost.includes('limit'), `${applied} ${shown.length} ${lost.join()}`);
});

test('as many bytes wait as in libh4mk', async () => {
  const file = await made(`header() + trak(compression="zstd") + cluster(1) + ${packed(60, WAITING.replace('128', '128 | 1024'))}`);
  assert.deepEqual((await decoded(file)).lost, ['limit']);
});

/** A group of a block I, so many B that wait, and two P; then another I. */
const groupOf = (waiting: number): Promise<H4mkFile> => made(
  `header() + trak() + cluster(1) + cluster(${waiting}, ${WAITING}) + cluster(2, ordinal=${waiting + 1}, flags=1, time=100) + cluster(1, ordinal=${waiting + 3}, time=200)`);

test('a B block that cannot be decoded costs itself only', async () => {
  const { shown, blamed } = await decoded(await groupOf(3), { bad: [2] });
  assert.deepEqual([shown, blamed], [[0, 1, 3, 4, 5, 6], [2]]);
  const atEnd = await decoded(await made(`header() + trak() + cluster(1) + cluster(3, ${WAITING})`), { bad: [2] });
  assert.deepEqual([atEnd.shown, atEnd.blamed], [[0, 1, 3], [2]]);
  const notShown = await decoded(await groupOf(3), { unshown: [2] });
  assert.deepEqual([notShown.shown, notShown.blamed], [[0, 1, 3, 4, 5, 6], [2]]);
});

test('a P block that cannot be decoded costs what is decoded from it, up to the next I', async () => {
  const { applied, shown, blamed } = await decoded(await groupOf(3), { bad: [4] });
  assert.deepEqual([applied, shown, blamed], [0, [0, 6], [4]]);
});

test('nothing is decoded from the block before one that is missing', async () => {
  const file = await made('header() + trak() + cluster(1) + cluster(2, ordinal=2, flags=1, time=10) + cluster(1, ordinal=4, time=20)');
  assert.deepEqual((await decoded(file)).shown, [0, 4]);
});

test('a B block waits for the anchor behind it, also where it has a dts', async () => {
  const file = await made(`header() + trak() + cluster(1) + cluster(1, flags=2, ordinal=1, time=1) + cluster(1, flags=1, ordinal=2, time=2)`);
  const seen: unknown[] = [];
  const adapter: Adapter<number> = {
    name: 'x_order', description: 'the blocks that a B block is decoded from', preroll: 0, claims: () => true,
    open: () => ({
      decodeI: ({ ordinal }) => Number(ordinal), applyP: (_, { ordinal }) => Number(ordinal), applyB: (...of) => (seen.push(of.slice(0, 2)), 1),
      render: () => ({ type: 'bytes', data: new Uint8Array(0) }),
    }),
  };
  const shown: bigint[] = [];
  for await (const { ordinal } of decode(file, 1, { adapter })) shown.push(ordinal);
  assert.deepEqual([seen, shown], [[[0, 2]], [0n, 1n, 2n]]);
});
