// SPDX-License-Identifier: MIT
// core.md, "Without an end": the last pages that count, and a walk over what no page lists. Loaded for files that grow, were cut, or whose
// top is damaged.
import { H4mkError } from '../errors.js';
import { HEADER_SIZE, ascii } from '../format/chunk.js';
import { Budget } from '../format/cursor.js';
import { MOST_PAGES_TIMES_TRACKS, Summary, Totals } from '../format/page.js';
import { Descriptions } from './descriptions.js';
import { Opened, Opener } from './open.js';
import { Walk, hasEnd } from './walk.js';
import { WalkedIndex, summaryOf } from './walked_index.js';

/** How far an open looks back for a page: core.md, "Page". */
const lookBack = (size: number): number => 160 * 2 ** 20 + size / 256;

/** The file got longer, and has no end yet: walks on from where the last walk stopped. Null where the file has to be opened anew. */
export async function walkFurther(before: Opened): Promise<Opened | null> {
  const { crc, descriptions, index, walkedTo } = before;
  if (!descriptions || !(index instanceof WalkedIndex) || (await hasEnd(crc))) return null;
  return walkOn(new Opener(crc, before.saltDamaged), descriptions, index, walkedTo, crc.bytes.size, false);
}

/** `ended`: the file has a locator. `indexFailed`: what a top names cannot be used, so pages are not trusted either. */
export async function openWithoutTop(opener: Opener, limit: number, ended: boolean, indexFailed: boolean): Promise<Opened> {
  const last = opener.firstCluster === null || indexFailed ? null : await new Pages(opener, limit).last();
  const walkAll = (): Promise<Opened> => walkOn(opener, new Descriptions(opener.bytes), new WalkedIndex('walk'), HEADER_SIZE, limit, ended);
  if (!last) return walkAll();
  const pages: Chain[] = [];
  for (let chain: Chain | null = last; chain; chain = chain.before) pages.push(chain);
  const index = new WalkedIndex('page');
  for (const { offset, clusters, tracks } of pages.reverse()) index.addPage(clusters, tracks, () => opener.spansAt(offset, clusters));
  const { descriptions } = opener;
  const usable = (await opener.use(last.trak, 'TRAK')) && (last.meta === null || (await opener.use(last.meta, 'META')));
  if (!usable) return walkAll();
  if (last.meta === null) descriptions.metas.length = 0;
  descriptions.followed = last.offset;
  return walkOn(opener, descriptions, index, (await opener.chunkAt(last.offset, 'TSEK'))!.end, limit, ended);
}

async function walkOn(opener: Opener, descriptions: Descriptions, index: WalkedIndex, from: number, limit: number, ended: boolean): Promise<Opened> {
  let walkedTo = from;
  let lastTag = '';
  let damage = Infinity;
  for await (const chunk of new Walk(opener.crc, limit).chunks(from)) {
    if (!chunk.unfinished && !chunk.lost) walkedTo = chunk.end;
    const usable = await descriptions.add(chunk);
    if (!usable || (!chunk.unfinished && (chunk.lost || chunk.isCluster || chunk.whole === false))) damage = Math.min(damage, chunk.offset);
    if (chunk.isReadable) index.add(chunk.cluster!);
    lastTag = chunk.whole && !chunk.unknownFlags ? chunk.tag : '';
  }
  const counts = descriptions.withoutTop();
  if (!counts.trak) {
    if (damage < Infinity) throw new H4mkError('corrupt', 'The file has no description of its tracks that can be used, and is damaged.', damage);
    throw new H4mkError('truncated', 'The file ends before it describes its tracks.', opener.bytes.size);
  }
  return opener.opened(counts, { limit, closed: ended && lastTag === 'TAIL', index, walkedTo, descriptions });
}

/** What is kept of a page. */
interface Link {
  offset: number;
  /** The page before, as the page says. */
  previous: number | null;
  /** Offsets of the first and the last cluster, if it has any. */
  first: number | undefined;
  last: number | undefined;
  clusters: number;
  trak: number;
  meta: number | null;
  tracks: Map<number, { summary: Summary; totals: Totals }>;
}

/** A page and those before it. */
interface Chain extends Link {
  before: Chain | null;
  /** How many pages these are. */
  count: number;
  /** The last cluster of all; 0: there is none. */
  end: number;
}

/** core.md, "A page counts". Each page is read once however many lead to it, and all together may list no more than a file of this size. */
class Pages {
  readonly #values: Budget;
  /** Bytes that are checked. In an honest file each of them is checked once. */
  readonly #bytes: Budget;
  readonly #known = new Map<number, Chain | null>();
  readonly #most: number;

  constructor(private readonly opener: Opener, private readonly limit: number) {
    this.#values = Budget.ofFile(limit);
    this.#bytes = Budget.ofFile(Math.min(limit, lookBack(limit)));
    this.#most = MOST_PAGES_TIMES_TRACKS / Math.max(1, opener.descriptions.traks.at(-1)?.value.size ?? 0);
  }

  /** The last page that counts; null if none does. */
  async last(): Promise<Chain | null> {
    for await (const offset of pagesBackward(this.opener, this.limit)) {
      const chain = await this.#at(offset);
      if (chain) return chain;
    }
    return null;
  }

  async #at(offset: number): Promise<Chain | null> {
    const links: Link[] = [];
    let next: number | null = offset;
    while (next !== null && !this.#known.has(next)) {
      const link: Link | null = await this.#read(next);
      this.#known.set(next, null); // until all before it are known
      if (!link) return null;
      links.push(link);
      next = link.previous;
    }
    let chain = next === null ? null : this.#known.get(next)!;
    if (next !== null && !chain) return null;
    for (const link of links.reverse()) {
      chain = this.#joined(chain, link);
      if (!chain) return null;
      this.#known.set(link.offset, chain);
    }
    return chain;
  }

  async #read(offset: number): Promise<Link | null> {
    const page = await this.opener.pageAt(offset, this.#values, this.#bytes);
    if (!page || page.copy || (page.before ?? 0) >= offset) return null;
    const { before, clusters, trak, meta } = page;
    const tracks = new Map([...page.tracks].map(([id, { spans, totals }]) => [id, { summary: summaryOf(spans), totals }]));
    return { offset, previous: before, first: clusters[0], last: clusters.at(-1), clusters: clusters.length, trak: trak!, meta, tracks };
  }

  #joined(before: Chain | null, link: Link): Chain | null {
    const end = before?.end ?? 0;
    const count = (before?.count ?? 0) + 1;
    const { first, last } = link;
    const leadsOn = first === undefined || (first > end && (end > 0 || first === this.opener.firstCluster));
    return leadsOn && count <= this.#most ? { ...link, before, count, end: last ?? end } : null;
  }
}

/** Places that look like pages, the last one first. */
async function* pagesBackward({ bytes, frontEnd }: Opener, limit: number): AsyncGenerator<number> {
  const stop = Math.max(frontEnd, limit - lookBack(limit));
  let step = 2 ** 18;
  for (let end = limit; end > stop; end -= step, step = Math.min(step * 2, 2 ** 22)) {
    const begin = Math.max(stop, end - step);
    const found = await bytes.read(begin, Math.min(limit, end + 15));
    for (let i = Math.min(end - begin, found.length - 16); i >= 0; i--)
      if (found[i] === 0x54 && ascii(found.subarray(i, i + 4)) === 'TSEK' && ascii(found.subarray(i + 12, i + 16)) === 'H4TP') yield begin + i;
  }
}
