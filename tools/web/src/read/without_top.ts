// SPDX-License-Identifier: MIT
// core.md, "Without an end": the last pages that count, and a walk over what no page lists. Loaded for files that grow, were cut, or whose
// top is damaged.
import { H4mkError } from '../errors.js';
import { HEADER_SIZE, ascii } from '../format/chunk.js';
import type { Page } from '../format/page.js';
import { Descriptions } from './descriptions.js';
import { Opened, Opener } from './open.js';
import { Walk, hasEnd } from './walk.js';
import { WalkedIndex } from './walked_index.js';

/** How far an open looks back for a page: core.md, "Page". */
const lookBack = (size: number): number => 160 * 2 ** 20 + size / 256;

/** The file got longer, and has no end yet: walks on from where the last walk stopped. Null where the file has to be opened anew. */
export async function walkFurther(before: Opened): Promise<Opened | null> {
  const { crc, descriptions, index, walkedTo } = before;
  if (!descriptions || !(index instanceof WalkedIndex) || (await hasEnd(crc))) return null;
  return walkOn(new Opener(crc, before.saltDamaged, true), descriptions, index, walkedTo, crc.bytes.size, false);
}

/** `ended`: the file has a locator. `topFailed`: what a top names cannot be used, so pages are not trusted either. */
export async function openWithoutTop(opener: Opener, limit: number, ended: boolean, topFailed: boolean): Promise<Opened> {
  const chain = opener.firstCluster === null || topFailed ? [] : await lastChain(opener, limit);
  const last = chain.at(-1);
  const walkAll = (): Promise<Opened> => walkOn(opener, new Descriptions(opener.bytes), new WalkedIndex('walk'), HEADER_SIZE, limit, ended);
  if (!last) return walkAll();
  const index = new WalkedIndex('page');
  chain.forEach((page) => index.addPage(page));
  const { descriptions } = opener;
  const usable = (await opener.use(last.trak!, 'TRAK')) && (last.meta === null || (await opener.use(last.meta, 'META')));
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

/** The last page that counts and all before it, the first one first; empty if none counts. */
async function lastChain(opener: Opener, limit: number): Promise<Page[]> {
  for await (const offset of pagesBackward(opener, limit)) {
    const page = await opener.pageAt(offset);
    const chain = page && !page.copy ? await chainTo(opener, page) : null;
    if (chain) return chain;
  }
  return [];
}

async function chainTo(opener: Opener, page: Page): Promise<Page[] | null> {
  const chain = [page];
  for (let before = page.before; before !== null; before = chain[0]!.before) {
    const found = before < chain[0]!.offset ? await opener.pageAt(before) : null;
    if (!found || found.copy) return null;
    chain.unshift(found);
  }
  let end = 0;
  for (const { clusters } of chain) {
    if (!clusters.length) continue;
    if (clusters[0]! <= end || (end === 0 && clusters[0] !== opener.firstCluster)) return null;
    end = clusters.at(-1)!;
  }
  return chain;
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
