// SPDX-License-Identifier: MIT
// protection.md, "Signed files": what a checkpoint says, and whether its signature and its root hold.
import { require, unlessBroken } from '../errors.js';
import { Cursor } from '../format/cursor.js';
import { concat } from '../base/concat.js';
import { equal, hex, sha256, subtle } from './digest.js';

const MOST_LEAVES = 4096;
const MOST_GAP = 256 * 2 ** 20;

export interface Leaf {
  position: number;
  size: number;
  hash: Uint8Array;
}

export interface Checkpoint {
  algorithm: 1 | 2;
  final: boolean;
  keyId: Uint8Array;
  tree: Uint8Array;
  header: Uint8Array;
  position: number;
  /** Bytes back to the checkpoint before; 0: there is none. */
  back: number;
  leavesBefore: bigint;
  peaks: Uint8Array[];
  leaves: Leaf[];
  root: Uint8Array;
  /** The end of each track so far. */
  tracks: { track: number; end: bigint | null }[];
  /** Positions of all checkpoints before; only of the final one. */
  checkpoints: number[];
  /** Digests (in hex) of pages of the index that were written since the checkpoint before. */
  pages: Set<string>;
  /** Only of the final one: digests of all pages as copies, with their places; and that of the top. */
  copies: { digest: string; place: number }[];
  copyDigests: Set<string>;
  /** The digest of the copy, by its place. */
  copyAt: Map<number, string>;
  top: Uint8Array;
  /** Places (positions plus 1, 0: none) of the TRAK and META that count; only of the final one. */
  trak: number;
  meta: number;
  signed: Uint8Array;
  signature: Uint8Array;
}

export function parseCheckpoint(payload: Uint8Array): Checkpoint {
  const cursor = new Cursor(payload);
  cursor.take(4);
  const algorithm = cursor.u8();
  const flags = cursor.u8();
  require((algorithm === 1 || algorithm === 2) && flags <= 1, 'a checkpoint of a kind that is not known');
  const final = flags === 1;
  const [keyId, tree, header] = [cursor.take(32), cursor.take(16), cursor.take(16)];
  const position = safe(cursor);
  const back = safe(cursor);
  const leavesBefore = cursor.big();
  const peaks = [...leavesBefore.toString(2)].filter((bit) => bit === '1').map(() => cursor.take(32));
  const leaves = leavesOf(cursor);
  const root = cursor.take(32);
  const trackCount = cursor.varint();
  require(trackCount <= 4096, 'a checkpoint has too many tracks');
  const tracks: Checkpoint['tracks'] = [];
  for (let i = 0; i < trackCount; i++) {
    const track = cursor.varint();
    cursor.varint();
    cursor.varint();
    tracks.push({ track, end: cursor.u8() === 1 ? cursor.signed() : null });
  }
  const count = cursor.varint();
  require(count <= cursor.left && (final || count === 0), 'a checkpoint lists more than it has');
  const checkpoints: number[] = [];
  for (let i = 0; i < count; i++) checkpoints.push((checkpoints.at(-1) ?? 0) + cursor.varint());
  const pages = new Set(list(cursor, 32, () => hex(cursor.take(32))));
  const copies = final ? list(cursor, 40, () => ({ digest: hex(cursor.take(32)), place: safe(cursor) })) : [];
  const copyDigests = new Set(copies.map(({ digest }) => digest));
  const copyAt = new Map([...copies].reverse().map(({ digest, place }) => [place, digest]));
  const top = cursor.take(final ? 32 : 0);
  const [trak, meta] = final ? [safe(cursor), safe(cursor)] : [0, 0];
  const size = payload[payload.length - 2]! | (payload[payload.length - 1]! << 8);
  require(cursor.left === size + 2, 'the signature of a checkpoint has another size');
  const signed = payload.subarray(0, cursor.position);
  return { algorithm, final, keyId, tree, header, position, back, leavesBefore, peaks, leaves, root, tracks, checkpoints, pages, copies, copyDigests, copyAt, top, trak, meta, signed, signature: cursor.take(size) };
}

function list<T>(cursor: Cursor, size: number, read: () => T): T[] {
  const count = cursor.varint();
  require(count * size <= cursor.left, 'a checkpoint lists more than it has');
  return Array.from({ length: count }, read);
}

function safe(cursor: Cursor): number {
  const value = Number(cursor.u64());
  require(Number.isSafeInteger(value), 'a position is not possible');
  return value;
}

function leavesOf(cursor: Cursor): Leaf[] {
  const count = cursor.varint();
  require(count <= MOST_LEAVES, 'a checkpoint has more than 4096 leaves');
  let at = safe(cursor);
  const leaves: Leaf[] = [];
  for (let i = 0; i < count; i++) {
    const gap = cursor.varint();
    require(gap <= MOST_GAP, 'a gap between leaves is larger than 256 MiB');
    at += gap;
    const size = cursor.varint();
    leaves.push({ position: at, size, hash: cursor.take(32) });
    at += size;
  }
  return leaves;
}

/** The root of RFC 9162 over complete subtrees (the largest first) and leaves behind them. */
export async function rootOf({ leavesBefore, peaks, leaves }: Checkpoint): Promise<Uint8Array> {
  // A stack of complete subtrees: each new leaf joins those of its size.
  const stack: { hash: Uint8Array; level: number }[] = [];
  const bits = leavesBefore.toString(2);
  let next = 0;
  [...bits].forEach((bit, i) => bit === '1' && stack.push({ hash: peaks[next++]!, level: bits.length - 1 - i }));
  const node = (left: Uint8Array, right: Uint8Array): Promise<Uint8Array> => sha256(new Uint8Array([1]), left, right);
  for (const leaf of leaves) {
    let joined = { hash: leaf.hash, level: 0 };
    while (stack.at(-1)?.level === joined.level) joined = { hash: await node(stack.pop()!.hash, joined.hash), level: joined.level + 1 };
    stack.push(joined);
  }
  if (!stack.length) return sha256();
  let root = stack.pop()!.hash;
  while (stack.length) root = await node(stack.pop()!.hash, root);
  return root;
}

/** A public key (DER, SubjectPublicKeyInfo) as checkpoints name it. */
export class PublicKey {
  #imported?: Promise<CryptoKey>;
  private constructor(private readonly der: Uint8Array, readonly id: Uint8Array) {}

  static async of(der: Uint8Array): Promise<PublicKey> {
    return new PublicKey(der, await sha256(der));
  }

  /** Whether this key signed the checkpoint, and its root fits its leaves. */
  async verifies(checkpoint: Checkpoint): Promise<boolean> {
    const ed25519 = this.der.length === 44; // RFC 8410; a key of P-256 is longer
    if (!equal(checkpoint.keyId, this.id) || checkpoint.algorithm !== (ed25519 ? 1 : 2)) return false;
    const signature = ed25519 ? checkpoint.signature : unlessBroken(() => rawOfDer(checkpoint.signature));
    if (!signature) return false;
    this.#imported ??= subtle().importKey('spki', concat(this.der), ed25519 ? { name: 'Ed25519' } : { name: 'ECDSA', namedCurve: 'P-256' }, false, ['verify']);
    const how = ed25519 ? { name: 'Ed25519' } : { name: 'ECDSA', hash: 'SHA-256' };
    const holds = await subtle().verify(how, await this.#imported, concat(signature), concat('H4MK/2 checkpoint\0', checkpoint.signed));
    return holds && equal(await rootOf(checkpoint), checkpoint.root);
  }
}

/** WebCrypto wants r and s with 32 bytes each where DER has two integers. */
function rawOfDer(der: Uint8Array): Uint8Array {
  const cursor = new Cursor(der);
  require(cursor.u8() === 0x30 && cursor.u8() === cursor.left, 'a signature is no DER');
  const raw = new Uint8Array(64);
  for (const end of [32, 64]) {
    require(cursor.u8() === 2, 'a signature is no DER');
    const integer = cursor.take(cursor.u8());
    const digits = integer.subarray(integer.findIndex((byte) => byte !== 0));
    require(digits.length <= 32, 'a signature is no DER');
    raw.set(digits, end - digits.length);
  }
  return raw;
}
