// SPDX-License-Identifier: MIT
// What files cost the reader that want to cost more than they weigh (bench/hostile): each question to each file, in a process of its own for the file.
//   H4MK_HOSTILE_KIB=1000 H4MK_HOSTILE_CASE=pages node run.mjs hostile      larger files (300), and those whose name has this text
//   node hostile_test.mjs FILE [PUBLIC KEY IN HEX | - [KEY IN HEX]]         what each question costs, as JSON
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { TestContext, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { builtIn, decode } from '../../tools/web/src/adapters.js';
import { blocksOf, lanesOf } from '../../tools/web/src/look/model.js';
import { H4mkError, H4mkFile, PlaceWithContent, SeekResult } from '../../tools/web/src/reader.js';
import { useKey } from '../../tools/web/src/protect/decrypt.js';
import { Verifier } from '../../tools/web/src/protect/verify.js';

const MOST_SECONDS = 2;
/** Each block is opened by a call of WebCrypto, and most have a key of their own here: half a millisecond, which no file can make more. */
const MOST_SECONDS_ENCRYPTED = 6;
/** Bytes of blocks that one more second is allowed for: their memory has to be filled. In 300 KiB of zstd frames are 1.7 GB. */
const GIVEN_A_SECOND = 1e9;
/** More than what Node takes for itself. It would let the heap grow by what is not needed any more: so it is told a limit, behind which it ends. */
const MOST_MIB = 256;
const HEAP_MIB = 240;
const KIB = process.env.H4MK_HOSTILE_KIB ?? '300';
const CASE = process.env.H4MK_HOSTILE_CASE ?? '';
const FAR = 2n ** 40n;

/** All questions to an open file. A question about tracks is asked about a few of them. An answer may be how many bytes of blocks were given. */
function questions(file: H4mkFile): { [question: string]: () => unknown } {
  const ids = [...file.tracks.keys()];
  let sought: SeekResult | null = null;
  const some = [...new Set([ids[0]!, ids[ids.length >> 1]!, ids.at(-1)!])];
  const all = async (sequence: AsyncIterable<object>): Promise<number> => {
    let given = 0;
    for await (const each of sequence) if ('content' in each) given += (each as PlaceWithContent).content?.data.length ?? 0;
    return given;
  };
  const eachOf: { [question: string]: (track: number) => unknown } = {
    'seek to the front': (track) => file.seek(track, -FAR),
    'seek to 1': async (track) => (sought = await file.seek(track, 1n)),
    'behind it': () => sought && all(file.behind(sought)),
    'seek to the end': (track) => file.seek(track, FAR),
    'seek forward': (track) => file.seek(track, 1n, true),
    'seek point': (track) => file.seekPoint(track, 1n),
    'first block': (track) => file.block(track, 0n),
    'block by number': (track) => file.block(track, 1000n),
    'first frame': (track) => file.frame(track, 0),
    'last frame': (track) => file.frame(track, file.frameCount(track) - 1),
    'frame at a time': (track) => file.frameAt(track, 1n),
    'frame at the end': (track) => file.frameAt(track, FAR),
    chain: (track) => file.chain(track, file.frameCount(track) - 1),
    decode: async (track) => {
      const adapter = builtIn().of(file.track(track));
      if (adapter) await all(decode(file, track, { adapter }));
    },
  };
  return {
    descriptions: () => [file.meta, file.tags, file.chapters, file.duration, ...ids.map((id) => [file.track(id).extradata, file.track(id).tags, file.totals(id), file.frameCount(id)])],
    attachments: async () => {
      for (const id of ids) await file.attachment(id);
    },
    ...Object.fromEntries(some.flatMap((track) => Object.entries(eachOf).map(([question, ask]) => [`${question}, track ${track}`, () => ask(track)]))),
    'all blocks': () => all(file.blocks()),
    'all clusters': () => all(file.clusters()),
    lanes: () => lanesOf(file),
    'a stretch of lanes': () => blocksOf(file, 0, 1),
    'all lanes': () => blocksOf(file, -1e12, 1e12),
    refresh: () => file.refresh(),
  };
}

interface Costs {
  /** Processor seconds of each question, without those that its bytes are allowed. */
  seconds: { [question: string]: number };
  /** What questions threw. */
  thrown: { [question: string]: string };
  /** The most memory at any time. */
  mib: number;
}

/** Asks a file everything; without one, nothing. */
async function costsOf(path?: string, publicKey = '-', key?: string): Promise<Costs> {
  const costs: Costs = { seconds: {}, thrown: {}, mib: 0 };
  const bytes = (hex: string): Uint8Array => new Uint8Array(Buffer.from(hex, 'hex'));
  const ask = async (question: string, answer: () => unknown): Promise<void> => {
    const before = process.cpuUsage();
    let given: unknown;
    try {
      given = await answer();
    } catch (error) {
      if (!(error instanceof H4mkError)) throw error;
      costs.thrown[question] = error.code;
    }
    const { user, system } = process.cpuUsage(before);
    costs.seconds[question] = (user + system) / 1e6 - (typeof given === 'number' ? given / GIVEN_A_SECOND : 0);
  };
  let file: H4mkFile | undefined;
  const data = path && new Uint8Array(readFileSync(path));
  if (data) await ask('open', async () => void (file = await H4mkFile.open(data, publicKey === '-' ? {} : { verifier: new Verifier(bytes(publicKey)) })));
  if (file && key) await ask('key', () => useKey(file!, bytes(key)));
  if (file) for (const [question, answer] of Object.entries(questions(file))) await ask(question, answer);
  costs.mib = process.resourceUsage().maxRSS / 1024;
  return costs;
}

/** Makes the files, and prints for each its name, its path, and the arguments that open it. */
const MAKE = `
import json, pathlib, sys
folder, bench, kib, part = sys.argv[1:]
sys.path.insert(0, bench)
import corpus, protected

def attachments(version):
    salt = corpus.SALT if version == 2 else 0
    described = {"track_id": 1, "name": "", "kind": "attachment", "codec": "ttf", "time_base": "1/1000"}
    trak = corpus.chunk(b"TRAK", json.dumps({"tracks": [described]}).encode(), salt=salt)
    return lambda size: corpus.fill(lambda i: corpus.chunk(b"ATTA", bytes([1]), salt=salt), size, corpus.header(version) + trak)

PLAIN = corpus.CASES | {"many attachments": attachments(2), "many attachments of version 1": attachments(1)}
for kind, cases, keys in (("plain", PLAIN, []), ("signed", protected.SIGNED, [protected.PUBLIC.hex()]), ("encrypted", protected.ENCRYPTED, ["-", protected.KEY])):
    for name, make in cases.items():
        if part in name:
            path = pathlib.Path(folder, name.replace(" ", "-") + ".h4mk")
            path.write_bytes(make(int(kib) << 10))
            print(json.dumps([name, kind, str(path), *keys]))
`;

function run(command: string, ...args: string[]): string {
  const { status, stdout, stderr } = spawnSync(command, args, { encoding: 'utf8', maxBuffer: 2 ** 26 });
  assert.equal(status, 0, stderr);
  return stdout;
}

async function testAll(all: TestContext): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'h4mk-hostile-'));
  all.after(() => rmSync(folder, { recursive: true }));
  const costs = (...args: string[]): Costs => JSON.parse(run(process.execPath, `--max-old-space-size=${HEAP_MIB}`, fileURLToPath(import.meta.url), ...args)) as Costs;
  const base = costs('').mib;
  const made = run('python3', '-c', MAKE, folder, join(process.env.H4MK_SOURCE_DIR!, 'bench/hostile'), KIB, CASE);
  for (const line of made.trim().split('\n')) {
    const [name, kind, ...args] = JSON.parse(line) as string[];
    await all.test(name!, (context) => {
      const { seconds, mib } = costs(...args);
      const [question, most] = Object.entries(seconds).reduce((a, b) => (b[1] > a[1] ? b : a));
      context.diagnostic(`${most.toFixed(2)} s: ${question}; ${Math.round(mib - base)} MiB`);
      assert.ok(most <= (kind === 'encrypted' ? MOST_SECONDS_ENCRYPTED : MOST_SECONDS), `${question}: ${most} s`);
      assert.ok(mib - base <= MOST_MIB, `${mib - base} MiB`);
    });
  }
}

const args = process.argv.slice(2);
if (args.length) console.log(JSON.stringify(await costsOf(...(args as [string]))));
else void test('no question costs more than the file is worth', testAll);
