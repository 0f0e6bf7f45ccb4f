// SPDX-License-Identifier: MIT
// protection.md, "Encrypted blocks": AES-256-GCM by WebCrypto, schemes `aes-256-gcm` and `living`.
import { H4mkError, require, unlessBroken } from '../errors.js';
import { Block, FLAG, SideData } from '../format/cluster.js';
import { Cursor, NO_TIME } from '../format/cursor.js';
import { Exact, isObject } from '../format/json.js';
import { Track, fromBase64 } from '../format/tracks.js';
import type { Content, Decryptor } from '../read/content.js';
import type { H4mkFile } from '../read/file.js';
import { concat } from '../base/concat.js';
import { equal, expand, hmac, metadataDigest, subtle, tracksDigest, u32, u64 } from './digest.js';

const BLOCKS_A_KEY = 20n;
const KEYS_HELD = 64;

interface Session {
  id: Uint8Array;
  first: Map<number, bigint>;
}

/** Opens a file's blocks with a master key of 16 bytes or more, from now on. Throws `wrong_key` where the key is another one, and where the file is not
 *  encrypted: else protection could be taken off. Throws `forged` where the descriptions or the end are not those that were written with it, and
 *  `unsupported` where the scheme is not known or there is no WebCrypto. Blocks that were changed throw `bad_tag` when they are read. */
export async function useKey(file: H4mkFile, key: Uint8Array): Promise<void> {
  file.useDecryptor(await decryptorFor(file, key));
}

async function decryptorFor(file: H4mkFile, key: Uint8Array): Promise<Decryptor> {
  const protection = file.exactMeta?.protection;
  if (!isObject(protection)) throw new H4mkError('wrong_key', 'A key was given, and the file is not encrypted: its protection may have been taken off.');
  const { scheme } = protection;
  if (scheme !== 'aes-256-gcm' && scheme !== 'living') throw new H4mkError('unsupported', 'The scheme of the encryption is not known here.');
  const fileId = bytesOf(protection.file_id, 16);
  if (key.length < 16) throw new H4mkError('wrong_key', 'A key has 16 bytes or more.');
  const root = await hmac(fileId, key);
  if (!equal(await expand(root, 'key check', concat(scheme)), bytesOf(protection.key_check, 32))) throw new H4mkError('wrong_key', 'The key is not the one of this file.');
  const digests = concat(await tracksDigest(file.tracks.values()), await metadataDigest(file.exactMeta));
  const descriptions = await expand(await expand(root, 'descriptions key'), 'descriptions', digests);
  if (!equal(descriptions, bytesOf(protection.descriptions, 32))) throw new H4mkError('forged', 'The descriptions of the tracks are not those that were written with the blocks.');
  const counts = file.closed ? await checkEnd(file, root, descriptions, protection.end) : undefined;
  return new Opener(root, fileId, sessionsOf(protection.sessions), scheme === 'living', counts);
}

async function checkEnd(file: H4mkFile, root: Uint8Array, descriptions: Uint8Array, end: Exact | undefined): Promise<Map<number, bigint>> {
  const wrong = new H4mkError('forged', 'The end of the file is not the one that was written with the key: it was cut or put together.');
  if (!isObject(end) || !Array.isArray(end.blocks)) throw wrong;
  const counts = end.blocks.map(pairOf);
  const ids = [...file.tracks.keys()];
  if (counts.length !== ids.length || counts.some((pair, i) => !pair || pair[0] !== BigInt(ids[i]!))) throw wrong;
  const data = concat(descriptions, u32(counts.length), ...counts.flatMap((pair) => [u32(Number(pair![0])), u64(pair![1])]));
  if (!equal(await expand(await expand(root, 'end key'), 'end', data), bytesOf(end.mac, 32))) throw wrong;
  return new Map(counts.map((pair) => [Number(pair![0]), pair![1]]));
}

/** A track and a number of blocks; null where the value is something else. */
function pairOf(value: Exact): [bigint, bigint] | null {
  return Array.isArray(value) && value.length === 2 && value.every((n) => typeof n === 'bigint' && n >= 0n) ? (value as [bigint, bigint]) : null;
}

function bytesOf(value: Exact | undefined, size: number): Uint8Array {
  const bytes = typeof value === 'string' ? fromBase64(value) : null;
  if (bytes?.length !== size) throw new H4mkError('forged', 'META does not say how the blocks are protected.');
  return bytes;
}

function sessionsOf(value: Exact | undefined): Session[] {
  const wrong = new H4mkError('forged', 'META does not say which sessions the blocks are of.');
  const sessions: Session[] = [{ id: new Uint8Array(16), first: new Map() }];
  if (value === undefined) return sessions;
  if (!Array.isArray(value)) throw wrong;
  for (const session of value) {
    if (!isObject(session) || !Array.isArray(session.first)) throw wrong;
    const first = session.first.map(pairOf);
    if (first.includes(null)) throw wrong;
    sessions.push({ id: bytesOf(session.id, 16), first: new Map(first.map((pair) => [Number(pair![0]), pair![1]])) });
  }
  return sessions;
}

class Opener implements Decryptor {
  readonly #keys = new Map<string, Promise<CryptoKey>>();
  readonly #ways = new Map<string, { ordinal: bigint; nodes: Promise<Uint8Array>[] }>();

  constructor(
    private readonly root: Uint8Array, private readonly fileId: Uint8Array, private readonly sessions: Session[], private readonly living: boolean, readonly counts?: Map<number, bigint>,
  ) {}

  async open(block: Block, stored: Uint8Array, track: Track): Promise<Content> {
    if (!(block.flags & FLAG.ENCRYPTED)) throw new H4mkError('not_encrypted', `Block ${block.ordinal} of track ${track.id} is not encrypted, in a file that is.`, block.cluster.offset);
    const session = this.#sessionOf(block);
    const key = await this.#keyOf(session, block);
    const data = await this.#openPart(0, stored, block, track, session, key);
    if (!(block.flags & FLAG.SIDE_DATA)) return { data, sideData: [] };
    const [sealed] = block.sideData;
    if (block.sideData.length !== 1 || sealed!.name !== 'encrypted') throw this.#forged(block);
    return { data, sideData: this.#sideDataOf(await this.#openPart(1, sealed!.data, block, track, session, key), block) };
  }

  #forged(block: Block): H4mkError {
    return new H4mkError('bad_tag', `Block ${block.ordinal} of track ${block.track} is not what was encrypted: it was changed or moved.`, block.cluster.offset);
  }

  #sessionOf({ track, ordinal }: Block): Session {
    return this.sessions.findLast((session, i) => i === 0 || ordinal >= (session.first.get(track) ?? 0n))!;
  }

  async #openPart(part: number, sealed: Uint8Array, block: Block, track: Track, session: Session, key: CryptoKey): Promise<Uint8Array> {
    const iv = concat(u32(part), u64(block.ordinal));
    const [num, den] = track.timeBase;
    const additionalData = concat(
      'H4MK/2 block\0', u32(part), this.fileId, session.id, u32(track.id), u32(num), u32(den), u64(block.ordinal),
      u64(block.pts ?? NO_TIME), u64(block.dts ?? NO_TIME), u64(block.duration), u32(block.flags));
    try {
      return new Uint8Array(await subtle().decrypt({ name: 'AES-GCM', iv, additionalData }, key, concat(sealed)));
    } catch {
      throw this.#forged(block);
    }
  }

  #sideDataOf(plain: Uint8Array, block: Block): SideData[] {
    const cursor = new Cursor(plain);
    const found = unlessBroken(() => {
      const pieces: SideData[] = [];
      while (cursor.left) {
        const name = new TextDecoder().decode(cursor.take(cursor.u32()));
        pieces.push({ name, data: cursor.take(cursor.u32()) });
        require(pieces.length <= 65536, 'too many pieces of side data');
      }
      return pieces;
    });
    if (!found) throw this.#forged(block);
    return found;
  }

  #keyOf(session: Session, { track, ordinal }: Block): Promise<CryptoKey> {
    const group = this.living ? ordinal : ordinal >> BLOCKS_A_KEY;
    const name = `${this.sessions.indexOf(session)} ${track} ${group}`;
    let key = this.#keys.get(name);
    if (!key) {
      key = this.#derive(session, track, group);
      this.#keys.set(name, key);
      if (this.#keys.size > KEYS_HELD) this.#keys.delete(this.#keys.keys().next().value!);
    }
    return key;
  }

  async #derive(session: Session, track: number, group: bigint): Promise<CryptoKey> {
    const bytes = this.living ? await this.#leaf(session, track, group) : await expand(this.root, 'block key', concat(session.id, u32(track), u64(group)));
    return subtle().importKey('raw', concat(bytes), 'AES-GCM', false, ['decrypt']);
  }

  /** "Scheme living": 64 steps down a tree, for any ordinal. Nodes on the way to the last one are kept, so that the next one is near. */
  async #leaf(session: Session, track: number, ordinal: bigint): Promise<Uint8Array> {
    const name = `${this.sessions.indexOf(session)} ${track}`;
    const last = this.#ways.get(name);
    const way = { ordinal, nodes: [] as Promise<Uint8Array>[] };
    let same = 0;
    while (last && same < 64 && last.ordinal >> BigInt(63 - same) === ordinal >> BigInt(63 - same)) same++;
    way.nodes = last ? last.nodes.slice(0, same + 1) : [expand(this.root, 'living track', concat(session.id, u32(track)))];
    for (let depth = way.nodes.length - 1; depth < 64; depth++) {
      const label = (ordinal >> BigInt(63 - depth)) & 1n ? 'living right' : 'living left';
      way.nodes.push(way.nodes[depth]!.then((node) => expand(node, label)));
    }
    this.#ways.set(name, way);
    return expand(await way.nodes[64]!, 'living key');
  }
}
