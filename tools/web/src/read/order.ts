// SPDX-License-Identifier: MIT
// The ordinals of blocks that are read in order: gaps show loss; with a key, doubles are refused and the end must be there.
import { H4mkError } from '../errors.js';
import type { Block, Cluster } from '../format/cluster.js';
import type { Problem } from './problems.js';

export class Order {
  /** Of clusters, by track: the ordinal that is next. */
  readonly #expected = new Map<number, bigint>();
  /** Of blocks that were decrypted. */
  readonly #opened = new Map<number, bigint>();

  /** Tracks whose ordinals do not follow those before. */
  gaps(cluster: Cluster, fromStart: boolean): Problem[] {
    const found: Problem[] = [];
    for (const { track, ordinal, count } of cluster.tracks) {
      const expected = this.#expected.get(track) ?? (fromStart ? 0n : ordinal);
      if (ordinal !== expected) found.push({ kind: 'ordinals', offset: cluster.offset, track, expected, found: ordinal });
      this.#expected.set(track, ordinal + BigInt(count));
    }
    return found;
  }

  /** A block that is to be decrypted. Throws where its number is not behind those before. */
  check({ track, ordinal, cluster }: Block): void {
    if (ordinal < (this.#opened.get(track) ?? 0n)) throw new H4mkError('repeated_block', `Block ${ordinal} of track ${track} comes twice.`, cluster.offset);
  }

  /** A block whose tag has held. Not before: anybody can write a number, and all true blocks would come too late. */
  pass({ track, ordinal }: Block): void {
    this.#opened.set(track, ordinal + 1n);
  }

  /** Tracks that do not have as many blocks as the encrypted end says. */
  missing(counts: Map<number, bigint>, offset: number): Problem[] {
    return [...counts].flatMap(([track, expected]) => {
      const found = this.#opened.get(track) ?? 0n;
      return found === expected ? [] : [{ kind: 'missing_end', offset, track, expected, found }];
    });
  }
}
