// SPDX-License-Identifier: MIT
// protection.md, "What a verifying reader uses": a signed file as bytes that were verified, and zeros in the place of all others. So no
// layer above can use a byte before it was verified.
import { H4mkError, unlessBroken } from '../errors.js';
import { CHECKSUM_SIZE, Chunk, HEADER_SIZE, TAIL_SIZE, ascii, parseHead } from '../format/chunk.js';
import { Budget, Cursor } from '../format/cursor.js';
import { Top, pageCountOf, parseLocator, parseTop } from '../format/page.js';
import type { Bytes } from '../source/bytes.js';
import type { PublicKey } from './checkpoint.js';
import { join } from '../base/concat.js';
import { apartFromWords, equal, hex, sha256, sha256Of } from './digest.js';
import { LEAST_PAGE, formOf, pageDigest, placeOf, topDigest } from './index_digest.js';
import { Region, Regions } from './regions.js';
import type { Verdict } from './verify.js';

const PIECE = 16384;
const MOST_BETWEEN = 2 ** 26;
/** Verified bytes that are held: they are never read a second time unverified. */
const MOST_HELD = 2 ** 24;
const LEAST_HELD = 3;
const MOST_TOLD = 1000;

interface Verified {
  begin: number;
  bytes: Uint8Array;
  /** Offsets of chunks that may be used. */
  starts: Set<number>;
  /** Of all tops that stand here. */
  budget: Budget;
}

/** A chunk that stands outside of the leaves. */
interface Found {
  chunk: Chunk;
  payload: Uint8Array;
}

export class SignedBytes implements Bytes {
  readonly #held = new Map<number, { size: number; verified: Promise<Verified> }>();
  #heldSize = 0;
  readonly #toldEdits = new Set<number>();
  readonly #told = new Set<string>();
  /** Chunks behind the final checkpoint: descriptions whose words were edited. */
  readonly #edits = new Map<number, string>();
  /** Of the descriptions that were signed: what edits must not change. */
  readonly #asSigned = new Map<string, Uint8Array | null>();

  private constructor(private readonly raw: Bytes, private readonly key: PublicKey, private regions: Regions, private readonly verdict: Verdict) {}

  static async over(raw: Bytes, key: PublicKey, verdict: Verdict): Promise<SignedBytes> {
    const regions = (await Regions.find(raw, key))!;
    if (!equal(await raw.read(0, HEADER_SIZE), regions.last.header)) throw new H4mkError('forged', 'The header of the file is not the one that was signed.', 0);
    const bytes = new SignedBytes(raw, key, regions, verdict);
    await bytes.#begin();
    return bytes;
  }

  get size(): number {
    const { last, lastEnd } = this.regions;
    return last.final ? this.raw.size : lastEnd;
  }

  get last(): Regions['last'] {
    return this.regions.last;
  }

  /** A file that grows ends behind its last checkpoint. */
  async measure(): Promise<number> {
    const before = this.raw.size;
    if ((await this.raw.measure()) !== before && !this.last.final) {
      const later = await Regions.find(this.raw, this.key, this.regions);
      if (later) {
        this.regions = later;
        this.#forget();
        await this.#begin();
      }
    }
    return this.size;
  }

  mayGrow(grows: boolean): void {
    this.raw.mayGrow(grows);
  }

  prefetch(begin: number, end: number): void {
    this.raw.prefetch(begin, Math.min(end, this.size));
  }

  close(): void {
    this.#forget();
    this.raw.close();
  }

  #forget(): void {
    this.#held.clear();
    this.#heldSize = 0;
    this.#asSigned.clear();
  }

  async startsChunk(offset: number): Promise<boolean> {
    return (await this.#around(offset)).starts.has(offset);
  }

  async read(begin: number, end: number): Promise<Uint8Array> {
    if (begin < 0 || end > this.size || begin > end) return this.raw.read(begin, Infinity); // says what is wrong
    const parts: Uint8Array[] = [];
    for (let at = begin; at < end; ) {
      const region = await this.#around(at);
      const part = region.bytes.subarray(at - region.begin, Math.min(end, this.size) - region.begin);
      parts.push(part);
      at += part.length;
    }
    return parts.length === 1 ? parts[0]! : join(parts);
  }

  /** "MUST verify the last leaf before it tells a size, a duration or the result of a seek as verified." */
  async #begin(): Promise<void> {
    const { last, base } = this.regions;
    this.verdict.final = last.final;
    await this.#around(base + last.position);
    if (last.position > 0) await this.#around(base + last.position - 1);
    const leaf = last.leaves.at(-1);
    if (leaf) await this.#around(base + leaf.position);
  }

  #tell(kind: 'not_as_signed' | 'not_signed', offset: number): void {
    if (this.#told.has(kind + offset) || this.#told.size >= MOST_TOLD) return;
    this.#told.add(kind + offset);
    this.verdict.failed.push({ kind, offset });
  }

  /** The region around an offset, verified. */
  async #around(offset: number): Promise<Verified> {
    const region = await this.regions.at(offset);
    const { begin, end } = region;
    const held = this.#held.get(begin);
    this.#drop(begin);
    const verified = held?.verified ?? this.#verify(region);
    this.#held.set(begin, { size: end - begin, verified });
    this.#heldSize += end - begin;
    if (!held) verified.catch(() => this.#drop(begin));
    for (const first of this.#held.keys()) {
      if (this.#heldSize <= MOST_HELD || this.#held.size <= LEAST_HELD) break;
      this.#drop(first);
    }
    return verified;
  }

  #drop(begin: number): void {
    this.#heldSize -= this.#held.get(begin)?.size ?? 0;
    this.#held.delete(begin);
  }

  async #verify(region: Region): Promise<Verified> {
    const { begin, end, leaf } = region;
    const zeros = (): Verified => ({ begin, bytes: new Uint8Array(Math.max(0, end - begin)), starts: new Set(), budget: Budget.ofFile(this.size) });
    if (!region.by || end > this.raw.size) {
      this.#tell(leaf ? 'not_as_signed' : 'not_signed', begin);
      return zeros();
    }
    if (!leaf && end - begin > MOST_BETWEEN) throw new H4mkError('forged', 'More than 64 MiB stand where nothing is signed.', begin);
    const bytes = await this.raw.read(begin, end);
    if (!leaf) return this.#between(region, bytes, zeros());
    if (equal(await leafHash(bytes), leaf.hash)) {
      if (ascii(bytes.subarray(0, 4)) === 'CORE') this.verdict.verified++;
      return { begin, bytes, budget: new Budget(0), starts: new Set([begin]) };
    }
    this.#tell('not_as_signed', begin);
    return zeros();
  }

  /** What may stand between leaves, chunk by chunk. */
  async #between(region: Region, bytes: Uint8Array, verified: Verified): Promise<Verified> {
    const { begin } = region;
    const use = ({ chunk }: Found): void => {
      verified.bytes.set(bytes.subarray(chunk.offset - begin, chunk.end - begin), chunk.offset - begin);
      verified.starts.add(chunk.offset);
    };
    let at = begin;
    if (region.where === 'front') verified.bytes.set(bytes.subarray(0, (at = HEADER_SIZE)));
    const isEnd = region.where === 'tail' && this.last.final;
    const found: Found[] = [];
    while (at < region.end) {
      const chunk = parseHead(bytes.subarray(at - begin, at - begin + 12), at);
      if (!chunk || chunk.end > region.end) break;
      found.push({ chunk, payload: bytes.subarray(chunk.payload - begin, chunk.end - 4 - begin) });
      at = chunk.end;
    }
    const hasChecksum = isEnd && region.end - at === CHECKSUM_SIZE;
    const lost = at < region.end && !hasChecksum ? [at] : [];
    // Tops name pages and edits, and the locator names a top: so these come behind them.
    const rank = ({ chunk, payload }: Found): number => (chunk.tag === 'TAIL' ? 2 : isTop(payload) && chunk.tag === 'TSEK' ? 1 : 0);
    for (const one of [...found].sort((a, b) => rank(a) - rank(b))) {
      if (!one.chunk.flags && (await this.#isAllowed(one, region, verified))) use(one);
      else lost.push(one.chunk.offset);
    }
    lost.sort((a, b) => a - b).forEach((offset) => this.#tell('not_signed', offset));
    // "It ends with the locator and the container checksum": an end that was signed and is gone is told too.
    const last = found.at(-1)?.chunk;
    if (hasChecksum && last?.tag === 'TAIL' && verified.starts.has(last.offset)) verified.bytes.set(bytes.subarray(at - begin), at - begin);
    else if (isEnd && !lost.length) this.#tell('not_as_signed', this.regions.lastEnd);
    return verified;
  }

  async #isAllowed({ chunk, payload }: Found, region: Region, verified: Verified): Promise<boolean> {
    const { offset, tag } = chunk;
    const behindEnd = region.where === 'tail' && this.last.final;
    if (tag === 'VERI') return region.where !== 'front' && (await this.regions.isCheckpoint(offset)) !== null;
    if (tag === 'FREE') return payload.every((byte) => byte === 0);
    if (tag === 'TSEK' && isTop(payload)) return (behindEnd || region.where === 'front') && this.#isSignedTop(chunk, payload, verified);
    if (tag === 'TSEK') return region.where !== 'tail' && isPage(payload) && this.#isSignedPage(region, offset, payload);
    if (!behindEnd) return false;
    if (tag === 'TAIL') return payload.length === 16 && this.#isLocator(offset, payload, verified);
    return (tag === 'TRAK' || tag === 'META') && this.#isEdit(offset, tag, payload);
  }

  /** "As written, or as copies." The place that the n-th page had when the file was signed can hold no other page. */
  async #isSignedPage(region: Region, offset: number, payload: Uint8Array): Promise<boolean> {
    const { base, last } = this.regions;
    const form = formOf(payload);
    const inFront = region.where === 'front';
    const known = form === 'copy' ? region.by!.copyDigests : form === 'original' && !inFront ? region.by!.pages : null;
    if (!known?.has(hex(await pageDigest(form === 'copy', payload, offset, base)))) return false;
    const signed = last.copyAt.get(placeOf(offset, base));
    return signed === undefined || signed === hex(await pageDigest(true, payload, offset, base));
  }

  /** A top names pages where they were when the file was signed. One in front may name copies there. */
  async #namesPages(top: Top, inFront: boolean, { bytes, starts }: Verified): Promise<boolean> {
    const { base, last } = this.regions;
    for (const [i, { offset }] of top.pages.entries()) {
      const { place, digest } = last.copies[i]!;
      if (placeOf(offset, base) === place) continue;
      const page = inFront && starts.has(offset) ? parseHead(bytes.subarray(offset), offset) : null;
      const payload = page && bytes.subarray(page.payload, page.end - 4);
      if (!payload || page.tag !== 'TSEK' || !isPage(payload) || digest !== hex(await pageDigest(true, payload, offset, base))) return false;
    }
    return true;
  }

  async #isSignedTop(chunk: Chunk, payload: Uint8Array, verified: Verified): Promise<boolean> {
    const { base, last } = this.regions;
    if (!last.final || unlessBroken(() => pageCountOf(payload)) !== last.copies.length) return false;
    const top = unlessBroken(() => parseTop(payload, chunk.offset, verified.budget));
    if (!top || !equal(await topDigest(top, last.tracks), last.top)) return false;
    const inFront = chunk.offset < base;
    if (!inFront && top.toEnd !== chunk.size + TAIL_SIZE + CHECKSUM_SIZE) return false;
    const placed = await this.#namesPages(top, inFront, verified);
    return placed && (await this.#isDescription(top.trak, last.trak, 'TRAK')) && this.#isDescription(top.meta, last.meta, 'META');
  }

  /** An offset where the description that counts stands, the same once more, or an edit of it. */
  async #isDescription(offset: number | null, signed: number, tag: string): Promise<boolean> {
    const { base } = this.regions;
    if (offset === null || placeOf(offset, base) === signed) return placeOf(offset, base) === signed;
    if (offset >= base + this.last.position || !signed) return this.#edits.get(offset) === tag;
    const [one, other] = [await this.regions.at(offset), await this.regions.at(base + signed - 1)];
    return one.begin === offset && !!one.leaf && !!other.leaf && equal(one.leaf.hash, other.leaf.hash);
  }

  /** It names a top behind the checkpoint, and its size. */
  #isLocator(offset: number, payload: Uint8Array, { begin, bytes, starts }: Verified): boolean {
    const locator = unlessBroken(() => parseLocator(payload, offset));
    if (!locator || locator.top === null || !starts.has(locator.top)) return false;
    const top = parseHead(bytes.subarray(locator.top - begin), locator.top);
    return top?.tag === 'TSEK' && top.size === locator.size;
  }

  /** Other words about the recording, and nothing else. */
  async #isEdit(offset: number, tag: 'TRAK' | 'META', payload: Uint8Array): Promise<boolean> {
    if (!this.#asSigned.has(tag)) this.#asSigned.set(tag, await this.#signedDescription(tag));
    const was = this.#asSigned.get(tag)!;
    const is = was && (await apartFromWords(tag, payload));
    if (!was || !is || !equal(was, is)) return false;
    this.#edits.set(offset, tag);
    if (!this.#toldEdits.has(offset)) this.verdict.edits.push(offset);
    this.#toldEdits.add(offset);
    return true;
  }

  async #signedDescription(tag: 'TRAK' | 'META'): Promise<Uint8Array | null> {
    const place = tag === 'TRAK' ? this.last.trak : this.last.meta;
    if (!place) return tag === 'TRAK' ? null : apartFromWords(tag, new TextEncoder().encode('{}'));
    const offset = this.regions.base + place - 1;
    const { bytes, starts } = await this.#around(offset);
    return starts.has(offset) ? apartFromWords(tag, bytes.subarray(12, -4)) : null;
  }
}

function isTop(payload: Uint8Array): boolean {
  return ascii(payload.subarray(0, 4)) === 'H4TT';
}

function isPage(payload: Uint8Array): boolean {
  return ascii(payload.subarray(0, 4)) === 'H4TP' && payload.length >= LEAST_PAGE;
}

/** "A leaf": of a cluster the data counts by the hashes of its pieces. CRCs do not. */
async function leafHash(chunk: Uint8Array): Promise<Uint8Array> {
  const head = chunk.length >= 16 ? parseHead(chunk, 0) : null;
  if (head?.size !== chunk.length) return new Uint8Array(0);
  const covered = chunk.subarray(0, -4);
  if (!head.isCluster) return sha256(new Uint8Array([0]), covered);
  const cursor = new Cursor(covered.subarray(12));
  const begin = unlessBroken(() => 12 + cursor.varint() + cursor.position + 4);
  if (begin === null || begin > covered.length) return new Uint8Array(0);
  const pieces: Promise<Uint8Array>[] = [];
  for (let at = begin; at < covered.length; at += PIECE) pieces.push(sha256(covered.subarray(at, at + PIECE)));
  return sha256Of([new Uint8Array([2]), covered.subarray(0, begin), ...(await Promise.all(pieces))]);
}
