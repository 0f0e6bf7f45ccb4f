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
import { equal, expand, expansion, metadataDigest, subtle, tracksDigest, u32, u64 } from './digest.js';
import { hmac } from './hashes.js';

const BLOCKS_A_KEY = 20n;
const KEYS_HELD = 64;
/** Of scheme living, each with the nodes down to its last block. */
const WAYS_HELD = 256;
const [LEFT, RIGHT] = [expansion('living left'), expansion('living right')];

interface Session {
  index: number;
  id: Uint8Array;
  /** By track_id; 0 for those that are not there. */
  first: Map<number, bigint>;
}

/** A session holds for the blocks of a track from this number on. */
interface Since {
  ordinal: bigint;
  session: Session;
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
  const root = hmac(fileId, key);
  if (!equal(expand(root, 'key check', concat(scheme)), bytesOf(protection.key_check, 32))) throw new H4mkError('wrong_key', 'The key is not the one of this file.');
  const digests = concat(await tracksDigest(file.tracks.values()), await metadataDigest(file.exactMeta));
  const descriptions = expand(expand(root, 'descriptions key'), 'descriptions', digests);
  if (!equal(descriptions, bytesOf(protection.descriptions, 32))) throw new H4mkError('forged', 'The descriptions of the tracks are not those that were written with the blocks.');
  const counts = file.closed ? checkEnd(file, root, descriptions, protection.end) : undefined;
  return new Opener(root, fileId, sessionsOf(protection.sessions), scheme === 'living', counts);
}

function checkEnd(file: H4mkFile, root: Uint8Array, descriptions: Uint8Array, end: Exact | undefined): Map<number, bigint> {
  const wrong = new H4mkError('forged', 'The end of the file is not the one that was written with the key: it was cut or put together.');
  if (!isObject(end) || !Array.isArray(end.blocks)) throw wrong;
  const counts = end.blocks.map(pairOf);
  const ids = [...file.tracks.keys()];
  if (counts.length !== ids.length || counts.some((pair, i) => !pair || pair[0] !== BigInt(ids[i]!))) throw wrong;
  const data = concat(descriptions, u32(counts.length), ...counts.flatMap((pair) => [u32(Number(pair![0])), u64(pair![1])]));
  if (!equal(expand(expand(root, 'end key'), 'end', data), bytesOf(end.mac, 32))) throw wrong;
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
  const sessions: Session[] = [{ index: 0, id: new Uint8Array(16), first: new Map() }];
  if (value === undefined) return sessions;
  if (!Array.isArray(value)) throw wrong;
  for (const session of value) {
    if (!isObject(session) || !Array.isArray(session.first)) throw wrong;
    const first = session.first.map(pairOf);
    if (first.includes(null)) throw wrong;
    sessions.push({ index: sessions.length, id: bytesOf(session.id, 16), first: new Map(first.map((pair) => [Number(pair![0]), pair![1]])) });
  }
  return sessions;
}

class Opener implements Decryptor {
  readonly #keys = new Map<string, Promise<CryptoKey>>();
  readonly #ways = new Map<string, { ordinal: bigint; nodes: Uint8Array[] }>();
  /** By track_id. */
  readonly #since = new Map<number, Since[]>();

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

  /** The last one that begins at the block or before it. */
  #sessionOf({ track, ordinal }: Block): Session {
    let since = this.#since.get(track);
    if (!since) this.#since.set(track, (since = this.#sessionsOf(track)));
    let [low, high] = [0, since.length];
    while (high - low > 1) {
      const middle = (low + high) >> 1;
      if (since[middle]!.ordinal <= ordinal) low = middle;
      else high = middle;
    }
    return since[low]!.session;
  }

  /** Rising, the first one from number 0 on. One that begins no earlier than a later one is never used. */
  #sessionsOf(track: number): Since[] {
    const found: Since[] = [];
    for (let i = this.sessions.length - 1; !found.length || found.at(-1)!.ordinal > 0n; i--) {
      const session = this.sessions[i]!;
      const ordinal = i === 0 ? 0n : (session.first.get(track) ?? 0n);
      if (!found.length || ordinal < found.at(-1)!.ordinal) found.push({ ordinal, session });
    }
    return found.reverse();
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
    const name = `${session.index} ${track} ${group}`;
    let key = this.#keys.get(name);
    if (!key) {
      key = this.#derive(session, track, group);
      this.#keys.set(name, key);
      if (this.#keys.size > KEYS_HELD) this.#keys.delete(this.#keys.keys().next().value!);
    }
    return key;
  }

  #derive(session: Session, track: number, group: bigint): Promise<CryptoKey> {
    const bytes = this.living ? this.#leaf(session, track, group) : expand(this.root, 'block key', concat(session.id, u32(track), u64(group)));
    return subtle().importKey('raw', concat(bytes), 'AES-GCM', false, ['decrypt']);
  }

  /** "Scheme living": 64 steps down a tree, for any ordinal. Nodes on the way to the last one are kept, so that the next one is near. */
  #leaf(session: Session, track: number, ordinal: bigint): Uint8Array {
    const name = `${session.index} ${track}`;
    const last = this.#ways.get(name);
    const bits = ordinal.toString(2).padStart(64, '0');
    const before = last?.ordinal.toString(2).padStart(64, '0');
    let same = 0;
    while (before && same < 64 && before[same] === bits[same]) same++;
    const nodes = last?.nodes.slice(0, same + 1) ?? [expand(this.root, 'living track', concat(session.id, u32(track)))];
    for (let depth = nodes.length - 1; depth < 64; depth++) nodes.push(hmac(nodes[depth]!, bits[depth] === '1' ? RIGHT : LEFT));
    this.#ways.delete(name);
    this.#ways.set(name, { ordinal, nodes });
    if (this.#ways.size > WAYS_HELD) this.#ways.delete(this.#ways.keys().next().value!);
    return expand(nodes[64]!, 'living key');
  }
}
