// SPDX-License-Identifier: MIT
// What the reader of tools/web says about a file, as tests/conformance/README.md, "What a reader must say", has it.
//   node conformance.js [--key HEX] [--verify-key BASE64] [--seek TRACK TIME [--forward]] [--frames TRACK] [--chain TRACK FRAME] [--block TRACK ORDINAL] FILE
//   node conformance.js --lines        for many files: each line of the input is a JSON array of these arguments
import { createHash } from 'node:crypto';
import { createInterface } from 'node:readline';
import { FLAG, H4mkError, H4mkFile, Place, Problem, SideData, Totals, timeOf } from '../../tools/web/src/reader.js';
import { useKey } from '../../tools/web/src/protect/decrypt.js';
import { Verifier } from '../../tools/web/src/protect/verify.js';
import { openBesideIn, readAll } from './node_source.js';

type Said = { [member: string]: unknown };
const TYPES = ['I', 'P', 'B', 'P'];
const SHOWN: [number, string][] = [[FLAG.KEY, 'key'], [FLAG.DISCARD, 'discard'], [FLAG.CORRUPT, 'corrupt'], [FLAG.DISPOSABLE, 'disposable']];
const STORED: [number, string][] = [[FLAG.ENCRYPTED, 'encrypted'], [FLAG.COMPRESSED, 'compressed'], [FLAG.EXTERNAL, 'external']];

/** Words of the suite for what a verify key brings about. */
const WITH_VERIFY_KEY: { [code: string]: string } = { not_signed: 'key', forged: 'corrupt' };

const flagNames = (flags: number, names: [number, string][]): string[] => names.filter(([bit]) => flags & bit).map(([, name]) => name);
const hashed = (data: Uint8Array): Said => ({ size: data.length, sha256: createHash('sha256').update(data).digest('hex').slice(0, 16) });
const nameOf = ({ block }: Place): unknown[] => [block.track, block.ordinal];

/** JSON with exact integers. */
function json(value: unknown): string {
  if (typeof value === 'bigint') return String(value);
  if (typeof value === 'number' && !Number.isSafeInteger(value)) return value.toExponential(); // not an integer of other digits
  if (Array.isArray(value)) return '[' + value.map(json).join(', ') + ']';
  if (typeof value !== 'object' || value === null) return JSON.stringify(value) ?? 'null';
  const members = Object.entries(value).filter(([, of]) => of !== undefined);
  return '{' + members.map(([key, of]) => JSON.stringify(key) + ': ' + json(of)).join(', ') + '}';
}

async function describe(file: H4mkFile, { block }: Place, data: Uint8Array | null, sideData: readonly SideData[]): Promise<Said> {
  const how = flagNames(block.flags, STORED);
  return {
    track: block.track, ordinal: block.ordinal, type: TYPES[block.flags & 3], flags: flagNames(block.flags, SHOWN), pts: block.pts, dts: block.dts,
    duration: block.duration, ...(data ? hashed(data) : { size: null, sha256: null }),
    ...(sideData.length && { side_data: sideData.map((piece) => ({ name: piece.name, ...hashed(piece.data) })) }),
    ...(how.length && { stored: { as: how, ...hashed(await file.readStored(block)) } }),
  };
}

function totals(of: Totals): Said {
  return { blocks: of.blocks, hidden: of.hidden, bytes: of.bytes, start_pts: of.startPts, first_dts: of.firstDts, end: of.end };
}

async function attachments(file: H4mkFile): Promise<Said[]> {
  const found: Said[] = [];
  for (const id of file.tracks.keys()) {
    const data = await file.attachment(id);
    if (data) found.push({ track_id: id, ...hashed(data) });
  }
  return found;
}

function problemsOfDescriptions(file: H4mkFile): Problem[] {
  const { attachments: held, trakOffset } = file.internals.state;
  const unknown = [...held].filter(([id]) => !file.tracks.has(id)).map(([track, chunks]) => ({ kind: 'unknown_track', offset: chunks.at(-1)!.offset, track }));
  const required = [...file.tracks.values()].flatMap((track) =>
    track.unknownRequirements.map((feature) => ({ kind: 'unknown_requirement', offset: trakOffset, track: track.id, feature })));
  return [...unknown, ...required];
}

async function read(file: H4mkFile, arguments_: string[], verifier?: Verifier): Promise<Said> {
  const problems = problemsOfDescriptions(file);
  const blocks: Said[] = [];
  for await (const place of file.blocks((problem) => problems.push(problem)))
    blocks.push(await describe(file, place, place.content?.data ?? null, place.content?.sideData ?? place.block.sideData));
  if (verifier) problems.push(...verifier.verdict.failed, ...verifier.verdict.edits.map((offset) => ({ kind: 'unsigned_edit', offset })));
  const verdict = verifier && (verifier.verdict.final && !problems.length ? 'good' : 'not good');
  problems.sort((a, b) => a.offset - b.offset || (a.kind < b.kind ? -1 : 1));
  const ids = [...file.tracks.keys()];
  return {
    outcome: 'read', closed: file.closed, tracks: [...file.tracks.values()].map((track) => track.exact), meta: file.exactMeta,
    attachments: await attachments(file), blocks, problems,
    totals: Object.fromEntries(ids.map((id) => [id, totals(file.totals(id))])),
    frames: Object.fromEntries(ids.map((id) => [id, file.totals(id).blocks - file.totals(id).hidden])),
    ...(verdict && { verdict }), ...(await answers(file, arguments_)),
  };
}

async function answers(file: H4mkFile, arguments_: string[]): Promise<Said> {
  const said: Said = {};
  const numbers = (option: string): string[] | null => (arguments_.includes(option) ? arguments_.slice(arguments_.indexOf(option) + 1) : null);
  const seek = numbers('--seek');
  if (seek) said.seek = await answerSeek(file, Number(seek[0]), BigInt(seek[1]!), arguments_.includes('--forward'));
  const frames = numbers('--frames');
  if (frames) said.frame_list = await answerFrames(file, Number(frames[0]));
  const chain = numbers('--chain');
  if (chain) said.chain = (await file.chain(Number(chain[0]), Number(chain[1])))?.map(({ block }) => block.ordinal) ?? null;
  const block = numbers('--block');
  if (block) said.block = await answerBlock(file, Number(block[0]), BigInt(block[1]!));
  return said;
}

async function answerSeek(file: H4mkFile, track: number, time: bigint, forward: boolean): Promise<Said | null> {
  if (!file.tracks.has(track)) return null;
  const result = await file.seek(track, time, forward);
  if (!result) return null;
  const order: unknown[] = [];
  for await (const place of file.behind(result)) if (order.push(nameOf(place)) === 64) break;
  return { found: nameOf(result.found), begins: Object.fromEntries([...result.begins].map(([id, place]) => [id, place && place.block.ordinal])), order };
}

async function answerFrames(file: H4mkFile, track: number): Promise<unknown[]> {
  const found: unknown[] = [];
  for (let i = 0; ; i++) {
    const place = await file.frame(track, i);
    if (!place) return found;
    found.push([timeOf(place.block), place.block.ordinal]);
  }
}

async function answerBlock(file: H4mkFile, track: number, ordinal: bigint): Promise<Said | null> {
  const place = file.tracks.has(track) ? await file.block(track, ordinal) : null;
  if (!place) return null;
  try {
    const { data, sideData } = await file.read(place.block);
    return await describe(file, place, data, sideData);
  } catch (error) {
    if (error instanceof H4mkError && error.code === 'no_key') return describe(file, place, null, place.block.sideData);
    if (error instanceof H4mkError) return null;
    throw error;
  }
}

/** Decrypts from now on. What is wrong then is a word of the suite, at the META that counts. */
async function takeKey(file: H4mkFile, hex: string): Promise<void> {
  try {
    await useKey(file, new Uint8Array(Buffer.from(hex, 'hex')));
  } catch (error) {
    const kinds: { [code: string]: string } = { wrong_key: 'key', forged: 'corrupt', unsupported: 'required_feature' };
    if (error instanceof H4mkError) throw new Refused(kinds[error.code]!, file.internals.state.metaOffset ?? 0);
    throw error;
  }
}

class Refused extends Error {
  constructor(readonly code: string, readonly offset: number) {
    super(code);
  }
}

async function say(arguments_: string[]): Promise<void> {
  const path = arguments_.at(-1)!;
  const option = (name: string): string | null => (arguments_.includes(name) ? arguments_[arguments_.indexOf(name) + 1]! : null);
  let said: Said;
  try {
    const [verifyKey, key] = [option('--verify-key'), option('--key')];
    const verifier = verifyKey === null ? undefined : new Verifier(new Uint8Array(Buffer.from(verifyKey, 'base64')));
    const file = await H4mkFile.open(await readAll(path), { openBeside: openBesideIn(path), ...(verifier && { verifier }) });
    if (key !== null) await takeKey(file, key);
    said = await read(file, arguments_.slice(0, -1), verifier);
  } catch (error) {
    if (!(error instanceof H4mkError || error instanceof Refused)) throw error;
    const kind = WITH_VERIFY_KEY[error.code] ?? error.code;
    said = { outcome: 'refused', error: { kind, offset: error.offset ?? 0 } };
  }
  process.stdout.write(json(said) + '\n');
}

async function main(): Promise<void> {
  if (process.argv[2] !== '--lines') return say(process.argv.slice(2));
  for await (const line of createInterface({ input: process.stdin }))
    await say(JSON.parse(line) as string[]).catch((error: Error) => process.stdout.write(json({ outcome: 'crash', error: String(error.stack) }) + '\n'));
}

void main();
