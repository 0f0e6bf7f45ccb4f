// SPDX-License-Identifier: MIT
// protection.md, "Notation", "Digest of a JSON value", "What describes the blocks".
import { H4mkError, require, unlessBroken } from '../errors.js';
import { concat, join } from '../base/concat.js';
import { Exact, isObject, parseJson } from '../format/json.js';
import { Meta, Track, parseTracks } from '../format/tracks.js';
import { hmac, sha256 as hash } from './hashes.js';

const utf8 = new TextEncoder();

export function subtle(): SubtleCrypto {
  if (!globalThis.crypto?.subtle) throw new H4mkError('unsupported', 'Keys and signatures need WebCrypto, which browsers have in secure contexts only: serve the page by https or from localhost.');
  return crypto.subtle;
}

export function u32(value: number): Uint8Array {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setUint32(0, value, true);
  return bytes;
}

/** u64 or i64. */
export function u64(value: bigint): Uint8Array {
  const bytes = new Uint8Array(8);
  new DataView(bytes.buffer).setBigInt64(0, BigInt.asIntN(64, value), true);
  return bytes;
}

export function hex(bytes: Uint8Array): string {
  let text = '';
  for (const byte of bytes) text += (byte + 256).toString(16).slice(1);
  return text;
}

/** In a time that does not depend on where they differ. */
export function equal(a: Uint8Array, b: Uint8Array): boolean {
  let difference = a.length ^ b.length;
  for (let i = 0; i < a.length; i++) difference |= a[i]! ^ (b[i] ?? 0);
  return difference === 0;
}

/** Below this a call of WebCrypto takes longer than the work itself. */
const SMALL = 512;

export const sha256 = (...parts: (Uint8Array | string)[]): Promise<Uint8Array> => sha256Of(parts);

/** Of all parts, back to back. */
export async function sha256Of(parts: (Uint8Array | string)[]): Promise<Uint8Array> {
  const message = join(parts);
  return message.length < SMALL ? hash(message) : new Uint8Array(await subtle().digest('SHA-256', message));
}

/** The message of `expand`. */
export function expansion(label: string, data: Uint8Array = new Uint8Array(0)): Uint8Array {
  return concat('H4MK/2 ' + label + '\0', data, new Uint8Array([1]));
}

/** Expand(key, label, data, 32): one block of HKDF-Expand. */
export function expand(key: Uint8Array, label: string, data: Uint8Array = new Uint8Array(0)): Uint8Array {
  return hmac(key, expansion(label, data));
}

function byBytes(a: string, b: string): number {
  const [x, y] = [utf8.encode(a), utf8.encode(b)];
  for (let i = 0; i < Math.min(x.length, y.length); i++) if (x[i] !== y[i]) return x[i]! - y[i]!;
  return x.length - y.length;
}

/** Gathers the text of a value, whose SHA-256 is its digest. */
function textOf(value: Exact, parts: Uint8Array[]): void {
  const add = (...more: (Uint8Array | string)[]): void => void parts.push(concat(...more));
  if (value === null) add('n');
  else if (typeof value === 'boolean') add(value ? 't' : 'f');
  else if (typeof value === 'bigint') add(value < 0n ? '-' : '+', u64(value));
  else if (typeof value === 'number') add('r', new Uint8Array(new Float64Array([value]).buffer));
  else if (typeof value === 'string') add('s', u64(BigInt(utf8.encode(value).length)), value);
  else if (Array.isArray(value)) {
    add('a', u64(BigInt(value.length)));
    for (const each of value) textOf(each, parts);
  } else {
    const keys = Object.keys(value).sort(byBytes);
    add('o', u64(BigInt(keys.length)));
    for (const key of keys) {
      textOf(key, parts);
      textOf(value[key]!, parts);
    }
  }
}

export async function digestOf(value: Exact): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  textOf(value, parts);
  return sha256Of(parts);
}

function without(value: { [key: string]: Exact }, leave: (key: string, member: Exact) => boolean): Exact {
  return Object.fromEntries(Object.entries(value).filter(([key, member]) => !leave(key, member)));
}

const WORDS = new Set(['name', 'note', 'tags']);

export function tracksDigest(tracks: Iterable<Track>): Promise<Uint8Array> {
  return digestOf([...tracks].map(({ exact }) => (isObject(exact) ? without(exact, (key) => WORDS.has(key)) : exact)));
}

export function metadataDigest(meta: Meta | null): Promise<Uint8Array> {
  const words = new Set(['tags', 'chapters', 'protection']);
  return digestOf(without(meta ?? {}, (key, member) => words.has(key) || typeof member === 'string'));
}

/** The digest of a TRAK or META without its words: an edit of words does not change it. Null where it breaks a rule. */
export async function apartFromWords(tag: 'TRAK' | 'META', payload: Uint8Array): Promise<Uint8Array | null> {
  const rest = unlessBroken(() => {
    const root = parseJson(payload);
    require(isObject(root), 'a description is no object');
    if (tag === 'META') return without(root, (key, member) => key === 'tags' || key === 'chapters' || (key !== 'protection' && typeof member === 'string'));
    parseTracks(payload);
    return { ...root, tracks: (root.tracks as Exact[]).map((track) => without(track as { [key: string]: Exact }, (key) => WORDS.has(key))) };
  });
  return rest === null ? null : digestOf(rest);
}
