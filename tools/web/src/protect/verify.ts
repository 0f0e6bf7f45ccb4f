// SPDX-License-Identifier: MIT
// protection.md, "What a verifying reader uses": clusters are compared with what was signed before their blocks are used.
import { Broken, H4mkError, unlessBroken } from '../errors.js';
import { Chunk, HEADER_SIZE, ascii, parseHead } from '../format/chunk.js';
import type { Cluster } from '../format/cluster.js';
import { parseMeta, parseTracks } from '../format/tracks.js';
import type { ClusterGuard } from '../read/content.js';
import type { H4mkFile } from '../read/file.js';
import { Walk } from '../read/walk.js';
import { Checkpoint, Leaf, PublicKey, parseCheckpoint } from './checkpoint.js';
import { concat, equal, metadataDigest, sha256, tracksDigest } from './digest.js';

const PIECE = 16384;
const SEARCH = 2 ** 18;

/** What can be said of a signed file so far. */
export interface Verdict {
  /** The file was signed up to its end. */
  final: boolean;
  /** Offsets of descriptions whose words (names, notes, tags) were edited since: these are not signed. */
  edits: number[];
  /** SHA-256 of the public key, in hex. */
  signer: string;
  /** Clusters whose hash was compared. */
  verified: number;
  /** What was not as it was signed. */
  failed: string[];
}

export class Verifier implements ClusterGuard {
  readonly verdict: Verdict;
  private readonly leaves = new Map<number, Leaf>();
  private readonly loaded = new Set<number>();
  /** Without an end: the first checkpoint that was reached, going back. */
  private first: Checkpoint;
  private seenSize: number;
  private readonly checkedClusters = new Map<number, Promise<void>>();

  private constructor(private readonly file: H4mkFile, private readonly key: PublicKey, private last: Checkpoint, private readonly base: number) {
    const signer = [...key.id].map((byte) => byte.toString(16).padStart(2, '0')).join('');
    this.verdict = { final: last.final, edits: [], signer, verified: 0, failed: [] };
    this.first = last;
    this.seenSize = file.internals.bytes.size;
    this.take(last);
  }

  /** From now on only blocks are handed out that were signed with this key (DER, SubjectPublicKeyInfo). Throws if the file was not. */
  static async use(file: H4mkFile, publicKey: Uint8Array): Promise<Verifier> {
    const key = await PublicKey.of(publicKey);
    const { checkpoint, offset } = await lastCheckpoint(file, key);
    const verifier = new Verifier(file, key, checkpoint, offset - checkpoint.position);
    const header = await file.internals.bytes.read(0, HEADER_SIZE);
    if (!equal(header, checkpoint.header)) throw new H4mkError('forged', 'The header of the file is not the one that was signed.', 0);
    if (file.closed && !checkpoint.final) throw new H4mkError('forged', 'The file is closed, and its end was not signed.');
    await verifier.checkDescriptions();
    file.internals.content.guard = verifier;
    return verifier;
  }

  /** Throws unless the cluster is what was signed. Each one is hashed once. */
  async check(cluster: Cluster): Promise<void> {
    let done = this.checkedClusters.get(cluster.offset);
    if (!done) {
      done = this.compare(cluster);
      this.checkedClusters.set(cluster.offset, done);
      if (this.checkedClusters.size > 256) this.checkedClusters.delete(this.checkedClusters.keys().next().value!);
    }
    return done;
  }

  private async compare(cluster: Cluster): Promise<void> {
    const leaf = (await this.leafAt(cluster.offset)) ?? (await this.leafOfLater(cluster.offset));
    if (!leaf && cluster.offset > this.base + this.last.position) {
      this.checkedClusters.delete(cluster.offset);
      throw new H4mkError('not_signed', `The cluster at byte ${cluster.offset} stands behind what was signed.`, cluster.offset);
    }
    const fits = leaf?.size === cluster.end - cluster.offset && equal(await this.hashOfCluster(cluster), leaf.hash);
    if (fits) {
      this.verdict.verified++;
      return;
    }
    const what = `The cluster at byte ${cluster.offset} is not what was signed.`;
    this.verdict.failed.push(what);
    throw new H4mkError('forged', what, cluster.offset);
  }

  private async hashOfCluster(cluster: Cluster): Promise<Uint8Array> {
    const { bytes } = this.file.internals;
    const digests: Promise<Uint8Array>[] = [];
    for (let at = cluster.dataBegin; at < cluster.dataEnd; at += PIECE) digests.push(bytes.read(at, Math.min(at + PIECE, cluster.dataEnd)).then((piece) => sha256(piece)));
    const head = await bytes.read(cluster.offset, cluster.dataBegin);
    return sha256(new Uint8Array([2]), head, concat(...(await Promise.all(digests))));
  }

  private take({ leaves }: Checkpoint): void {
    for (const leaf of leaves) this.leaves.set(leaf.position, leaf);
  }

  /** The leaf that begins at an offset of the file. Its checkpoint is the first one behind it. */
  private async leafAt(offset: number): Promise<Leaf | undefined> {
    const position = offset - this.base;
    if (!this.leaves.has(position)) {
      const behind = this.last.checkpoints.find((at) => at > position);
      if (behind !== undefined) await this.load(behind);
      // Only a final checkpoint lists the others; from any other one goes back.
      while (!this.last.final && this.first.back && !this.leaves.has(position) && position < this.first.position) {
        const before = await this.load(this.first.position - this.first.back);
        if (!before) break;
        this.first = before;
      }
    }
    return this.leaves.get(position);
  }

  /** A file that grows has later checkpoints. */
  private async leafOfLater(offset: number): Promise<Leaf | undefined> {
    const { size } = this.file.internals.bytes;
    if (this.last.final || size === this.seenSize || offset < this.base + this.last.position) return undefined;
    this.seenSize = size;
    const { checkpoint } = await lastCheckpoint(this.file, this.key);
    if (!equal(checkpoint.tree, this.last.tree) || checkpoint.position <= this.last.position) return undefined;
    this.last = this.first = checkpoint;
    this.verdict.final = checkpoint.final;
    this.take(checkpoint);
    return this.leafAt(offset);
  }

  /** Takes the leaves of the checkpoint at a position, if it is one of this tree. */
  private async load(position: number): Promise<Checkpoint | null> {
    if (this.loaded.has(position)) return null;
    this.loaded.add(position);
    const checkpoint = await checkpointAt(this.file, this.base + position);
    const same = checkpoint && equal(checkpoint.tree, this.last.tree) && checkpoint.position === position && equal(checkpoint.header, this.last.header);
    if (!same || !(await this.key.verifies(checkpoint))) return null;
    this.take(checkpoint);
    return checkpoint;
  }

  /** TRAK and META are leaves, or edits that change words only. */
  private async checkDescriptions(): Promise<void> {
    const { trakOffset, metaOffset } = this.file.internals.state;
    const trak = await this.holds(trakOffset);
    const meta = metaOffset === null ? this.last.meta === 0 : await this.holds(metaOffset);
    if (trak && meta) return;
    if (!trak) this.verdict.edits.push(trakOffset);
    if (!meta && metaOffset !== null) this.verdict.edits.push(metaOffset);
    const signedTrak = this.last.trak ? await this.signedPayload(this.last.trak - 1) : null;
    const signedMeta = this.last.meta ? await this.signedPayload(this.last.meta - 1) : null;
    const tracks = signedTrak && unlessBroken(() => parseTracks(signedTrak));
    const sameTracks = tracks && equal(await tracksDigest(tracks.values()), await tracksDigest(this.file.tracks.values()));
    const was = signedMeta && unlessBroken(() => parseMeta(signedMeta));
    const sameMeta = equal(await metadataDigest(was), await metadataDigest(this.file.exactMeta)) && (this.last.meta === 0 || was !== null);
    if (!sameTracks || !sameMeta) throw new H4mkError('forged', 'The descriptions are not those that were signed.', trakOffset);
  }

  async holds(offset: number): Promise<boolean> {
    const leaf = await this.leafAt(offset);
    if (!leaf) return false;
    const { bytes } = this.file.internals;
    const stored = offset + leaf.size <= bytes.size ? await bytes.read(offset, offset + leaf.size - 4) : new Uint8Array(0);
    return equal(await sha256(new Uint8Array([0]), stored), leaf.hash);
  }

  private async signedPayload(position: number): Promise<Uint8Array | null> {
    const offset = this.base + position;
    if (!(await this.holds(offset))) return null;
    const leaf = this.leaves.get(position)!;
    return this.file.internals.bytes.read(offset + 12, offset + leaf.size - 4);
  }
}

async function checkpointAt(file: H4mkFile, offset: number): Promise<Checkpoint | null> {
  const { bytes, state } = file.internals;
  if (!(offset >= HEADER_SIZE && offset + 12 <= state.limit)) return null;
  const chunk: Chunk | null = parseHead(await bytes.read(offset, offset + 12), offset);
  if (chunk?.tag !== 'VERI' || !(await new Walk(state.crc, state.limit).computeWhole(chunk))) return null;
  const payload = await bytes.read(chunk.payload, chunk.end - 4);
  if (ascii(payload.subarray(0, 4)) !== 'H4VC') return null;
  try {
    return parseCheckpoint(payload);
  } catch (error) {
    if (error instanceof Broken) return null;
    throw error;
  }
}

/** The last checkpoint that the key signed. It stands before the index at the end; in a growing file further back. */
async function lastCheckpoint(file: H4mkFile, key: PublicKey): Promise<{ checkpoint: Checkpoint; offset: number }> {
  const { bytes, state } = file.internals;
  let others = 0;
  for (let end = state.limit; end > HEADER_SIZE; end -= SEARCH) {
    const begin = Math.max(HEADER_SIZE, end - SEARCH);
    const found = await bytes.read(begin, Math.min(state.limit, end + 15));
    for (let i = Math.min(end - begin, found.length - 16); i >= 0; i--) {
      if (found[i] !== 0x56 || ascii(found.subarray(i, i + 4)) !== 'VERI' || ascii(found.subarray(i + 12, i + 16)) !== 'H4VC') continue;
      const checkpoint = await checkpointAt(file, begin + i);
      if (checkpoint && (await key.verifies(checkpoint))) return { checkpoint, offset: begin + i };
      if (checkpoint) others++;
    }
    if (state.limit - end > 64 * SEARCH * 16) break;
  }
  throw new H4mkError('not_signed', others ? 'The file was signed, but not with this key.' : 'The file is not signed.');
}
