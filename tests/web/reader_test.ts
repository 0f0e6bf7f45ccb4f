// SPDX-License-Identifier: MIT
// The reader of tools/web on files that the other programs of the project made, and on servers that behave badly.
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { H4mkError, H4mkFile, HttpSource, Place, timeOf } from '../../tools/web/src/reader.js';
import { useKey } from '../../tools/web/src/protect/decrypt.js';
import { Verifier } from '../../tools/web/src/protect/verify.js';
import { crc32 } from '../../tools/web/src/format/crc.js';
import { at, bytesOf, ffmpeg, film, h4mk, put } from './clips.js';
import { FileSource, readAll } from './node_source.js';
import { TestServer } from './server.js';

let server: TestServer;
before(async () => {
  server = await TestServer.start();
  film('film.h4mk', 20);
});
after(() => server.stop());

const error = (code: string) => (thrown: unknown) => thrown instanceof H4mkError && thrown.code === code;

async function contents(file: H4mkFile): Promise<string[]> {
  const found: string[] = [];
  for await (const { block, content } of file.blocks((problem) => found.push('problem ' + problem.kind)))
    found.push([block.track, block.ordinal, block.pts, block.dts, block.duration, block.flags & 4, crc32(content!.data, 0)].join(' '));
  return found;
}

async function opened(name: string): Promise<H4mkFile> {
  return H4mkFile.open(bytesOf(name));
}

test('lists what h4mk lists', async () => {
  const file = await opened('film.h4mk');
  const listed = JSON.parse(h4mk('list', '--json', at('film.h4mk'))).blocks as { track_id: number; ordinal: number; pts: number; dts: number; size: number }[];
  const found: unknown[] = [];
  for await (const { block } of file.blocks()) found.push([block.track, Number(block.ordinal), Number(block.pts), Number(block.dts), block.size]);
  assert.deepEqual(found, listed.map((b) => [b.track_id, b.ordinal, b.pts, b.dts, b.size]));
  assert.equal(Math.round(file.duration), 20);
});

test('a seek to the middle takes few requests and few bytes', async () => {
  film('long.h4mk', 120);
  h4mk('index', '--front', at('long.h4mk'), '-o', at('front.h4mk'));
  for (const name of ['long.h4mk', 'front.h4mk']) {
    const source = new HttpSource(server.put('/' + name, bytesOf(name)));
    const file = await H4mkFile.open(source);
    const { requests } = source.counted;
    assert.ok(requests <= 3, `${name}: ${requests} requests to open`);
    const result = await file.seek(1, file.track(1).ticks(60));
    await file.read(result!.found.block);
    assert.ok(source.counted.requests - requests <= 2, `${name}: ${source.counted.requests - requests} requests to seek`);
    assert.ok(source.counted.bytes < 2 ** 20, `${name}: ${source.counted.bytes} bytes`);
  }
});

test('frames, times and ordinals lead to each other', async () => {
  const file = await opened('film.h4mk');
  for (const number of [0, 1, 49, 50, 51, 333, 499]) {
    const place = await file.frame(1, number);
    const time = timeOf(place!.block)!;
    assert.equal(await file.frameAt(1, time), number);
    assert.deepEqual((await file.block(1, place!.block.ordinal))!.block, place!.block);
    const chain = await file.chain(1, number);
    assert.equal(chain!.at(-1)!.block.ordinal, place!.block.ordinal);
    assert.ok(chain![0]!.block.flags & 4);
  }
  assert.equal(await file.frame(1, 500), null);
});

test('a top that names another first cluster than the file has is told', async () => {
  const file = await H4mkFile.open(await readAll(join(process.env.H4MK_SOURCE_DIR!, 'tests/conformance/invalid/front-top-with-other-first-cluster.h4mk')));
  const problems: unknown[] = [];
  for await (const _ of file.blocks((problem) => problems.push(problem))) void _;
  assert.deepEqual(problems, [{ kind: 'index_contradiction', offset: 98 }]);
});

test('a Blob reads as its bytes do', async () => {
  const file = await H4mkFile.open(new Blob([bytesOf('film.h4mk')]));
  assert.deepEqual(await contents(file), await contents(await opened('film.h4mk')));
});

test('memory is bounded: a small cache reads the same', async () => {
  const source = await FileSource.open(at('film.h4mk'));
  const file = await H4mkFile.open(source, { cachePages: 2 });
  assert.deepEqual(await contents(file), await contents(await opened('film.h4mk')));
  file.close();
});

test('version 1, with and without a block log, has the blocks of the file that it was made of', async () => {
  ffmpeg('-itsoffset', '1', '-i', 'film.h4mk', '-map', '0', '-c', 'copy', 'later.h4mk'); // version 1 has no times below 0
  h4mk('convert', '--to', '1', at('later.h4mk'), at('one.h4mk'));
  assert.equal(bytesOf('one.h4mk')[4], 1);
  assert.deepEqual(await contents(await opened('one.h4mk')), await contents(await opened('later.h4mk')));
  h4mk('build', '-o', at('small.h4mk'));
  const small = await opened('small.h4mk');
  assert.ok(small.closed && small.tracks.size > 0);
  const listed = JSON.parse(h4mk('list', '--json', at('small.h4mk'))).blocks as unknown[];
  assert.equal((await contents(small)).length, listed.length);
});

// Protection.

const KEY = '000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f';
const keyBytes = Uint8Array.from(Buffer.from(KEY, 'hex'));

for (const scheme of ['aes-256-gcm', 'living'])
  test(`decrypts ${scheme}`, async () => {
    ffmpeg('-i', 'film.h4mk', '-map', '0', '-c', 'copy', '-encryption_scheme', scheme, '-encryption_key', KEY, 'secret.h4mk');
    ffmpeg('-i', 'film.h4mk', '-map', '0', '-c', 'copy', 'plain.h4mk');
    const file = await opened('secret.h4mk');
    assert.ok(file.encrypted);
    const { block } = (await file.frame(1, 0))!;
    await assert.rejects(file.read(block), error('no_key'));
    await assert.rejects(useKey(file, keyBytes.map((byte) => byte ^ 1)), error('wrong_key'));
    await useKey(file, keyBytes);
    assert.deepEqual(await contents(file), await contents(await opened('plain.h4mk')));
    await assert.rejects(useKey(await opened('plain.h4mk'), keyBytes), error('wrong_key'));
  });

const PRIVATE = '-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEIJ1hsZ3v/VpguoRK9JLsLMREScVpezJpGXA7rAMcrn9g\n-----END PRIVATE KEY-----\n';
const PUBLIC = Uint8Array.from(Buffer.from('MCowBQYDK2VwAyEA11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=', 'base64'));

/** Changes a byte of a cluster's data and makes all its CRCs right again. */
async function forge(bytes: Uint8Array, { cluster, block }: Place): Promise<Uint8Array> {
  const copy = bytes.slice();
  copy[block.offset] = copy[block.offset]! ^ 1;
  const view = new DataView(copy.buffer);
  const salt = view.getUint32(8, true);
  if (cluster.stripeShift) {
    const size = 2 ** cluster.stripeShift;
    const number = Math.floor((block.offset - cluster.dataBegin) / size);
    const begin = cluster.dataBegin + number * size;
    const crc = crc32(copy.subarray(begin, Math.min(begin + size, cluster.dataEnd)), salt);
    const old = cluster.stripes[number]!;
    for (let i = cluster.offset; i < cluster.dataBegin; i++) if (view.getUint32(i, true) === old) view.setUint32(i, crc, true);
    view.setUint32(cluster.dataBegin - 4, crc32(copy.subarray(cluster.offset + 12, cluster.dataBegin - 4), salt), true);
  }
  view.setUint32(cluster.end - 4, crc32(copy.subarray(cluster.offset, cluster.end - 4), salt), true);
  return copy;
}

test('signatures: what was changed is not handed out, with all checksums right', async () => {
  put('sign.pem', PRIVATE);
  h4mk('sign', at('film.h4mk'), '--key-file', at('sign.pem'), '-o', at('signed.h4mk'));
  const verifier = new Verifier(PUBLIC);
  const good = await H4mkFile.open(bytesOf('signed.h4mk'), { verifier });
  const blocks = await contents(good);
  assert.deepEqual(blocks, await contents(await opened('film.h4mk')));
  const { final, edits, failed, verified } = verifier.verdict;
  assert.deepEqual([final, edits, failed], [true, [], []]);
  assert.ok(verified >= 10);

  const place = (await good.frame(1, 300))!;
  const bytes = await forge(bytesOf('signed.h4mk'), place);
  const unnoticed = await H4mkFile.open(bytes);
  await unnoticed.read((await unnoticed.frame(1, 300))!.block); // control: without the key nothing is noticed
  const second = new Verifier(PUBLIC);
  const forged = await H4mkFile.open(bytes, { verifier: second });
  const names = new Set<bigint>();
  for await (const { block } of forged.blocks()) if (block.track === 1) names.add(block.ordinal);
  assert.ok(!names.has(place.block.ordinal) && names.has(0n));
  assert.deepEqual(second.verdict.failed, [{ kind: 'not_as_signed', offset: place.cluster.offset }]);
  await assert.rejects(H4mkFile.open(bytesOf('film.h4mk'), { verifier: new Verifier(PUBLIC) }), error('not_signed'));
});

test('signatures: the index is what was signed too', async () => {
  const bytes = bytesOf('signed.h4mk');
  const { crc, limit } = (await H4mkFile.open(bytes)).internals.state;
  // The top says another end of a track, with a CRC that fits.
  const found: number[] = [];
  for (let i = 16; i + 4 < bytes.length; i++) if (Buffer.from(bytes.subarray(i, i + 4)).toString() === 'H4TT') found.push(i);
  const begin = found.at(-1)! - 12;
  const view = new DataView(bytes.buffer);
  const end = begin + 12 + view.getUint32(begin + 8, true);
  bytes[end - 3]! ^= 1;
  view.setUint32(end, crc32(bytes.subarray(begin, end), crc.salt), true);
  const verifier = new Verifier(PUBLIC);
  const file = await H4mkFile.open(bytes, { verifier });
  assert.ok(verifier.verdict.failed.some(({ kind, offset }) => kind === 'not_signed' && offset === begin), 'the top is not used');
  assert.equal(file.internals.state.index.from === 'top', false);
  assert.ok(limit > begin);
  assert.ok((await contents(file)).length > 100);
});

test('signatures: an end that was signed and is gone is told', async () => {
  const bytes = bytesOf('signed.h4mk');
  const begin = Buffer.from(bytes).lastIndexOf('VERI');
  const end = begin + 16 + new DataView(bytes.buffer, bytes.byteOffset).getUint32(begin + 8, true);
  // Nothing, or free space and four bytes that stand where the container checksum should be.
  const free = Buffer.concat([Buffer.from('FREE'), Buffer.alloc(8)]);
  const crc = Buffer.alloc(4);
  crc.writeUInt32LE(crc32(free, (await H4mkFile.open(bytes)).internals.state.crc.salt));
  for (const rest of [Buffer.alloc(0), Buffer.alloc(4), Buffer.concat([free, crc, Buffer.alloc(4)])]) {
    const verifier = new Verifier(PUBLIC);
    const file = await H4mkFile.open(new Uint8Array(Buffer.concat([bytes.subarray(0, end), rest])), { verifier });
    assert.equal(file.closed, false);
    assert.ok((await contents(file)).length > 100);
    assert.deepEqual(verifier.verdict.failed, [{ kind: 'not_as_signed', offset: end }], `${rest.length} bytes`);
  }
});

test('signatures: what was verified is not asked for again, since a server could send something else then', async () => {
  const good = bytesOf('signed.h4mk');
  const forged = await forge(good, (await (await H4mkFile.open(good)).frame(1, 300))!);
  let lies = false;
  const source = { size: async () => good.length, read: async (begin: number, end: number) => (lies ? forged : good).subarray(begin, end) };
  const file = await H4mkFile.open(source, { verifier: new Verifier(PUBLIC), cachePages: 1 });
  const { block } = (await file.frame(1, 300))!;
  lies = true;
  assert.deepEqual((await file.read(block)).data, good.subarray(block.offset, block.offset + block.size));
});

test('signatures: an edit of words is told', async () => {
  h4mk('edit', '--tag', 'title=Another', at('signed.h4mk'));
  const verifier = new Verifier(PUBLIC);
  const file = await H4mkFile.open(bytesOf('signed.h4mk'), { verifier });
  assert.equal(file.tags.title, 'Another');
  assert.ok(verifier.verdict.edits.length === 1 && verifier.verdict.final && !verifier.verdict.failed.length);
});

// Servers.

test('a server without ranges: a small file is loaded whole', async () => {
  const file = await H4mkFile.open(server.put('/whole.h4mk', bytesOf('film.h4mk'), { ranges: false }));
  assert.equal(file.frameCount(1), 500);
});

test('a server without ranges and a large file is an error that says so', async () => {
  const url = server.put('/large.h4mk', new Uint8Array(33 * 2 ** 20), { ranges: false });
  await assert.rejects(H4mkFile.open(url), (thrown: H4mkError) => thrown.code === 'no_ranges' && /Accept-Ranges/.test(thrown.message));
});

test('a CDN that compresses is named', async () => {
  const encoded = (await import('node:zlib')).gzipSync(bytesOf('film.h4mk'));
  await assert.rejects(H4mkFile.open(server.put('/gzip.h4mk', encoded, { encoding: 'gzip', ranges: false })), error('compressed_transfer'));
  await assert.rejects(H4mkFile.open(server.put('/gzip2.h4mk', encoded)), error('compressed_transfer'));
});

test('a file that was replaced meanwhile is an error', async () => {
  const bytes = bytesOf('long.h4mk');
  const file = await H4mkFile.open(server.put('/changes.h4mk', bytes), { cachePages: 2 });
  server.put('/changes.h4mk', bytes);
  await assert.rejects(contents(file), error('changed'));
});

test('a file that was replaced where the server has no ranges any more is an error', async () => {
  const bytes = bytesOf('film.h4mk');
  for (const after of [bytes, bytes.subarray(1000)]) {
    const source = new HttpSource(server.put('/changes.h4mk', bytes));
    await source.size();
    server.put('/changes.h4mk', after, { ranges: false, headers: after === bytes ? {} : { ETag: '' } });
    await assert.rejects(source.read(0, 10), error('changed'));
  }
});

test('an answer that breaks off is asked for again', async () => {
  const bytes = bytesOf('film.h4mk');
  const file = await H4mkFile.open(server.put('/breaks.h4mk', bytes, { breaks: 2 }));
  assert.equal(file.frameCount(1), 500);
  await assert.rejects(H4mkFile.open(server.put('/breaks.h4mk', bytes, { breaks: 3 })), (thrown: H4mkError) => thrown.code === 'network' && /broke off/.test(thrown.message));
});

test('a server that sends another range is told', async () => {
  const source = new HttpSource(server.put('/shifts.h4mk', bytesOf('film.h4mk')));
  await source.size();
  server.files.get('/shifts.h4mk')!.behaviour.shift = 7;
  await assert.rejects(source.read(100, 110), (thrown: H4mkError) => thrown.code === 'network' && /10 bytes from byte 107/.test(thrown.message));
});

test('a file that is not there, and one that is no H4MK file', async () => {
  await assert.rejects(H4mkFile.open(server.origin + '/nothing.h4mk'), error('not_found'));
  await assert.rejects(H4mkFile.open(server.put('/text.h4mk', 'this is a text')), error('not_h4mk'));
});

test('what a growing file got is all that is read of it', async () => {
  const bytes = bytesOf('long.h4mk');
  const cuts: number[] = [];
  for await (const cluster of (await opened('long.h4mk')).clusters()) cuts.push(cluster.end);
  const source = new HttpSource(server.put('/live.h4mk', bytes.subarray(0, cuts[40])));
  const file = await H4mkFile.open(source, { cachePages: 8 });
  for (let i = 41; i < 50; i++) {
    server.put('/live.h4mk', bytes.subarray(0, cuts[i]));
    const before = source.counted.requests;
    assert.ok(await file.refresh());
    assert.ok(source.counted.requests - before <= 4, `${source.counted.requests - before} requests`);
  }
  const whole = await H4mkFile.open(bytes.slice(0, cuts[49]));
  assert.equal(file.frameCount(1), whole.frameCount(1));
  assert.deepEqual(file.totals(2), whole.totals(2));
  assert.deepEqual(await contents(file), await contents(whole));
});

test('a growing file is followed', async () => {
  const bytes = bytesOf('film.h4mk');
  const url = server.put('/grows.h4mk', bytes.subarray(0, Math.floor(bytes.length / 2)));
  const file = await H4mkFile.open(url);
  assert.ok(!file.closed);
  const early = file.frameCount(1);
  assert.ok(early > 100 && early < 400, String(early));
  assert.equal(await file.refresh(), false);
  server.put('/grows.h4mk', bytes.subarray(0, Math.floor(bytes.length * 0.75)));
  assert.equal(await file.refresh(), true);
  assert.ok(file.frameCount(1) > early);
  server.put('/grows.h4mk', bytes);
  assert.equal(await file.refresh(), true);
  assert.ok(file.closed);
  assert.deepEqual(await contents(file), await contents(await opened('film.h4mk')));
});
