// SPDX-License-Identifier: MIT
// All blocks in the order of the file, and what is wrong with it.
import { H4mkError, unlessBroken } from '../errors.js';
import { Chunk, ascii } from '../format/chunk.js';
import { Block, Cluster, FLAG } from '../format/cluster.js';
import { Budget } from '../format/cursor.js';
import { checkTop, parseTop } from '../format/page.js';
import type { Bytes } from '../source/bytes.js';
import { Descriptions } from './descriptions.js';
import type { H4mkFile, PlaceWithContent } from './file.js';
import { Order } from './order.js';
import { ClusterProblems, Problem, problemOfChunk } from './problems.js';

type Tell = (problem: Problem) => void;

export async function* allBlocks(file: H4mkFile, { bytes, content, state }: H4mkFile['internals'], chunks: AsyncGenerator<Chunk>, onProblem: Tell, fromStart: boolean): AsyncGenerator<PlaceWithContent> {
  const descriptions = new Descriptions(bytes);
  const order = new Order();
  const tops = new Tops(bytes);
  if (fromStart && state.saltDamaged) onProblem({ kind: 'damaged_salt', offset: 8 });
  for await (const chunk of chunks) {
    const problem = problemOfChunk(chunk);
    if (problem) onProblem(problem);
    if (fromStart && !(await descriptions.add(chunk))) onProblem({ kind: 'damaged_chunk', offset: chunk.offset });
    if (fromStart) await tops.add(chunk);
    if (chunk.isReadable) yield* blocksOf(file, chunk.cluster!, order, onProblem, fromStart);
  }
  if (fromStart) (await tops.wrong()).forEach((offset) => onProblem({ kind: 'index_contradiction', offset }));
  const counts = fromStart ? content.decryptor?.counts : undefined;
  if (counts) order.missing(counts, state.metaOffset ?? 0).forEach(onProblem);
}

/** Tops that tell of the end of this file, and of another first cluster than it has, or of more than it can hold. */
class Tops {
  readonly #chunks: Chunk[] = [];
  #firstCluster: number | null = null;
  /** Damage before the first cluster may have hidden another one. */
  #damaged = false;

  constructor(private readonly bytes: Bytes) {}

  async add(chunk: Chunk): Promise<void> {
    if (this.#firstCluster === null) {
      this.#damaged ||= chunk.lost || chunk.whole === false;
      if (chunk.isCluster && !chunk.unknownFlags && !chunk.unfinished) this.#firstCluster = chunk.offset;
    }
    const mayBe = chunk.tag === 'TSEK' && chunk.whole && !chunk.unknownFlags && chunk.length >= 4;
    if (mayBe && ascii(await this.bytes.read(chunk.payload, chunk.payload + 4)) === 'H4TT') this.#chunks.push(chunk);
  }

  async wrong(): Promise<number[]> {
    const found: number[] = [];
    const budget = Budget.ofFile(this.bytes.size);
    for (const { offset, payload, end } of this.#damaged ? [] : this.#chunks) {
      const content = await this.bytes.read(payload, end - 4);
      const top = unlessBroken(() => parseTop(content, offset, budget));
      const isOfThisFile = top && offset + top.toEnd === this.bytes.size;
      if (isOfThisFile && unlessBroken(() => (checkTop(top, this.bytes.size, this.#firstCluster), true)) === null) found.push(offset);
    }
    return found;
  }
}

/** What may fail once the tag of a block has held. */
const UNPACKING = new Set<string>(['bad_compression', 'unknown_compression']);

async function* blocksOf(file: H4mkFile, cluster: Cluster, order: Order, onProblem: Tell, fromStart: boolean): AsyncGenerator<PlaceWithContent> {
  const { tracks } = file;
  for (const { track } of cluster.tracks) if (!tracks.has(track)) onProblem({ kind: 'unknown_track', offset: cluster.offset, track });
  order.gaps(cluster, fromStart).filter(({ track }) => tracks.has(track!)).forEach(onProblem);
  const keyed = file.internals.content.decryptor !== undefined;
  const problems = new ClusterProblems(cluster.offset);
  for (const [position, block] of cluster.blocks.entries()) {
    if (!tracks.has(block.track)) continue;
    const isDecrypted = keyed && (block.flags & FLAG.ENCRYPTED) !== 0;
    try {
      if (isDecrypted) order.check(block);
      const content = block.flags & FLAG.ENCRYPTED && !keyed ? await sealed(file, block) : await file.read(block);
      if (isDecrypted) order.pass(block);
      yield { block, cluster, position, content };
    } catch (error) {
      if (!(error instanceof H4mkError)) throw error;
      if (isDecrypted && UNPACKING.has(error.code)) order.pass(block);
      if (error.code !== 'unknown_requirement') problems.add(error, block.track, block.ordinal, block.flags);
    }
  }
  problems.all.forEach(onProblem);
}

/** Without a key: its CRC held, and no more is known. */
async function sealed(file: H4mkFile, block: Block): Promise<null> {
  await file.readStored(block);
  return null;
}
