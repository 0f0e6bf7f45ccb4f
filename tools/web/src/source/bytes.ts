// SPDX-License-Identifier: MIT
import { H4mkError } from '../errors.js';
import type { Source } from './source.js';

const PAGE = 65536;
/** Reads beyond this are not kept: they are blocks that are used once. */
const MOST_KEPT = 2 ** 22;

/** The bytes of a file, as the layers above read them. */
export interface Bytes {
  readonly size: number;
  /** Asks for the size once more. */
  measure(): Promise<number>;
  mayGrow(grows: boolean): void;
  /** The bytes from `begin` to before `end`. They belong to the cache: do not write into them. */
  read(begin: number, end: number): Promise<Uint8Array>;
  /** Begins to load bytes that will be needed soon. */
  prefetch(begin: number, end: number): void;
  /** Whether an offset may lead to a chunk. Without it any may. */
  startsChunk?(offset: number): Promise<boolean>;
  close(): void;
}

/** Reads are cut into pages that are kept up to a bound, and neighbours are asked for together. */
export class CachedBytes implements Bytes {
  size = 0;
  readonly #pages = new Map<number, Promise<Uint8Array>>();

  constructor(private readonly source: Source, private readonly mostPages = 128) {}

  /** Pages that ended with the file are read again. */
  async measure(): Promise<number> {
    const before = this.size;
    this.size = await this.source.size();
    if (this.size !== before) this.#pages.delete(Math.floor(before / PAGE));
    const front = before === 0 ? this.source.front : undefined;
    for (let at = 0; front && at < front.length; at += PAGE)
      if (at + PAGE <= front.length || front.length === this.size) this.#pages.set(at / PAGE, Promise.resolve(front.subarray(at, at + PAGE)));
    return this.size;
  }

  mayGrow(grows: boolean): void {
    this.source.mayGrow?.(grows);
  }

  async read(begin: number, end: number): Promise<Uint8Array> {
    if (begin < 0 || end > this.size || begin > end) throw new H4mkError('truncated', `The file has ${this.size} bytes; bytes ${begin} to ${end} were needed.`, begin);
    if (begin === end) return new Uint8Array(0);
    const first = Math.floor(begin / PAGE);
    const last = Math.floor((end - 1) / PAGE);
    if (end - begin > MOST_KEPT) return this.#exactly(begin, end);
    this.#request(first, last);
    if (first === last) return (await this.#use(first)).subarray(begin - first * PAGE, end - first * PAGE);
    const pages = await Promise.all(Array.from({ length: last - first + 1 }, (_, i) => this.#use(first + i)));
    const joined = new Uint8Array(end - begin);
    pages.forEach((page, i) => {
      const at = (first + i) * PAGE;
      joined.set(page.subarray(Math.max(0, begin - at), Math.min(PAGE, end - at)), Math.max(at, begin) - begin);
    });
    return joined;
  }

  prefetch(begin: number, end: number): void {
    const to = Math.min(end, this.size, begin + MOST_KEPT);
    if (begin < to) this.#request(Math.floor(begin / PAGE), Math.floor((to - 1) / PAGE));
  }

  close(): void {
    this.#pages.clear();
    this.source.close?.();
  }

  async #exactly(begin: number, end: number): Promise<Uint8Array> {
    const bytes = await this.source.read(begin, end);
    if (bytes.length !== end - begin) throw new H4mkError('truncated', `The file ends before byte ${end}.`, begin);
    return bytes;
  }

  #use(page: number): Promise<Uint8Array> {
    const held = this.#pages.get(page)!;
    this.#pages.delete(page);
    this.#pages.set(page, held);
    return held;
  }

  /** One request for each run of pages that are not here. */
  #request(first: number, last: number): void {
    for (let page = first; page <= last; page++) {
      if (this.#pages.has(page)) continue;
      let end = page + 1;
      while (end <= last && !this.#pages.has(end)) end++;
      const begin = page * PAGE;
      const run = this.#exactly(begin, Math.min(end * PAGE, this.size));
      for (let i = page; i < end; i++) this.#keep(i, run.then((bytes) => bytes.subarray(i * PAGE - begin, (i + 1) * PAGE - begin)));
      page = end - 1;
    }
    for (const page of this.#pages.keys()) {
      if (this.#pages.size <= this.mostPages) break;
      if (page < first || page > last) this.#pages.delete(page);
    }
  }

  #keep(page: number, bytes: Promise<Uint8Array>): void {
    this.#pages.set(page, bytes);
    bytes.catch(() => this.#pages.get(page) === bytes && this.#pages.delete(page));
  }
}
