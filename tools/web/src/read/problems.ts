// SPDX-License-Identifier: MIT
import { H4mkError } from '../errors.js';
import { Chunk, KNOWN_TAGS } from '../format/chunk.js';

/** What is wrong with a file, and what it costs: tests/conformance/README.md, "Problems", lists the kinds and their members. */
export interface Problem {
  /** A word such as `damaged_data`, `damaged_chunk`, `missing_bytes` or `ordinals`. */
  kind: string;
  /** The place in the file, in bytes: that of the chunk where the list of kinds says nothing else. */
  offset: number;
  /** The track_id, where the problem is one of a track. */
  track?: number;
  /** Of `unknown_chunk_flag` and `unknown_block_flag`: the bits that are set and not known. */
  flags?: number;
  /** Of `unknown_requirement`: the feature. `H4mkFile.blocks` does not tell these: see `Track.unknownRequirements`. */
  feature?: string;
  /** Of `ordinals`: the ordinal that should have come. Of `missing_end`: how many blocks the track should have. */
  expected?: bigint;
  /** What was there instead of `expected`. */
  found?: bigint;
  /** Blocks that are lost: track_id and ordinal of each. */
  blocks?: [number, bigint][];
}

export function problemOfChunk(chunk: Chunk): Problem | null {
  const { offset } = chunk;
  if (chunk.unfinished) return { kind: 'missing_bytes', offset };
  if (chunk.unknownFlags && KNOWN_TAGS.has(chunk.tag) && (chunk.whole || chunk.cluster)) return { kind: 'unknown_chunk_flag', offset, flags: chunk.unknownFlags };
  if ((chunk.isCluster && !chunk.cluster) || (chunk.lost && chunk.indexHolds)) return { kind: 'damaged_index', offset };
  return !chunk.isCluster && chunk.whole === false || chunk.lost ? { kind: 'damaged_chunk', offset } : null;
}

/** Kinds that tell of a cluster as a whole. */
const OF_CLUSTER = new Set<string>(['damaged_data', 'unknown_block_flag']);

/** Collects what reading the blocks of one cluster came upon: one problem of a kind, and of a track where the kind names one. */
export class ClusterProblems {
  readonly #found = new Map<string, Problem>();
  constructor(private readonly offset: number) {}

  add(error: H4mkError, track: number, ordinal: bigint, flags: number): void {
    const kind = error.code;
    const ofTrack = !OF_CLUSTER.has(kind);
    const key = ofTrack ? `${kind} ${track}` : kind;
    let problem = this.#found.get(key);
    if (!problem) this.#found.set(key, (problem = { kind, offset: this.offset, ...(ofTrack ? { track } : {}), blocks: [] }));
    problem.blocks!.push([track, ordinal]);
    if (kind === 'unknown_block_flag') problem.flags = (problem.flags ?? 0) | (flags & 0xf000);
  }

  get all(): Problem[] {
    return [...this.#found.values()];
  }
}
