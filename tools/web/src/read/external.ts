// SPDX-License-Identifier: MIT
// core.md, "External data".
import { H4mkError } from '../errors.js';
import { Block, FLAG } from '../format/cluster.js';
import type { Track } from '../format/tracks.js';
import type { Source } from '../source/source.js';

/** Gives the file of this name in the folder of the one that is read, or null where there is no regular file of that name. It must follow no link
 *  (core.md, "External data"). The name has been checked by the rules there. It is called once for each name. */
export type OpenBeside = (name: string) => Promise<Source | null>;

/** The name of the other file if it is one by the rules. Nothing else is ever asked for. */
export function besideName(track: Track): string | null {
  const name = track.described.beside;
  if (typeof name !== 'string' || name === '' || new TextEncoder().encode(name).length > 255) return null;
  return /[/\\:%?#\p{Cc}]/u.test(name) || name.startsWith('-') || name === '.' || name === '..' ? null : name;
}

export class ExternalData {
  readonly #sources = new Map<string, Promise<Source | null>>();
  /** The group that was read last: blocks are read in a row. */
  #last?: { key: string; data: Promise<Map<bigint, Uint8Array>> };

  constructor(private readonly openBeside?: OpenBeside) {}

  /** The data of an external block, after the SHA-256 of all of its track in the cluster was compared. */
  async read(block: Block, track: Track): Promise<Uint8Array> {
    const name = besideName(track);
    if (name === null) throw new H4mkError('external_name', `The file that blocks of track ${track.id} are in has no name by the rules.`, block.cluster.offset);
    const key = `${block.cluster.offset} ${track.id}`;
    if (this.#last?.key !== key) this.#last = { key, data: this.#group(block, name) };
    return (await this.#last.data).get(block.ordinal)!;
  }

  async #group(block: Block, name: string): Promise<Map<bigint, Uint8Array>> {
    const { offset, tracks } = block.cluster;
    const listed = tracks.find((of) => of.track === block.track)!;
    const blocks = listed.blocks.filter((of) => of.flags & FLAG.EXTERNAL);
    if (!this.#sources.has(name)) this.#sources.set(name, this.openBeside?.(name) ?? Promise.resolve(null));
    const source = await this.#sources.get(name)!;
    const size = source ? await source.size() : 0;
    if (!source || blocks.some((of) => of.offset + of.size > size))
      throw new H4mkError('external_missing', `The data of track ${block.track} is in the file ${name} beside this one, which is not there or too short.`, offset);
    const parts = await Promise.all(blocks.map((of) => (of.size ? source.read(of.offset, of.offset + of.size) : new Uint8Array(0))));
    const joined = new Uint8Array(await new Blob(parts as BlobPart[]).arrayBuffer());
    const hash = new Uint8Array(await crypto.subtle.digest('SHA-256', joined));
    if (!hash.every((byte, i) => byte === listed.hash![i])) throw new H4mkError('external_changed', `The file ${name} is not what it was: the SHA-256 does not hold.`, offset);
    return new Map(blocks.map((of, i) => [of.ordinal, parts[i]!]));
  }
}
