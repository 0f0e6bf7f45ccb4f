// SPDX-License-Identifier: MIT
// All blocks in the order of the file, and what is wrong with it.
import { H4mkError } from '../errors.js';
import type { Chunk } from '../format/chunk.js';
import { Block, Cluster, FLAG } from '../format/cluster.js';
import { Descriptions } from './descriptions.js';
import type { H4mkFile, PlaceWithContent } from './file.js';
import { Order } from './order.js';
import { ClusterProblems, Problem, problemOfChunk } from './problems.js';

type Tell = (problem: Problem) => void;

export async function* allBlocks(file: H4mkFile, { bytes, content, state }: H4mkFile['internals'], chunks: AsyncGenerator<Chunk>, onProblem: Tell, fromStart: boolean): AsyncGenerator<PlaceWithContent> {
  const descriptions = new Descriptions(bytes);
  const order = new Order();
  if (fromStart && state.saltDamaged) onProblem({ kind: 'damaged_salt', offset: 8 });
  for await (const chunk of chunks) {
    const problem = problemOfChunk(chunk);
    if (problem) onProblem(problem);
    if (fromStart && !(await descriptions.add(chunk))) onProblem({ kind: 'damaged_chunk', offset: chunk.offset });
    if (chunk.isReadable) yield* blocksOf(file, chunk.cluster!, order, onProblem, fromStart);
  }
  const counts = fromStart ? content.decryptor?.counts : undefined;
  if (counts) order.missing(counts, state.metaOffset ?? 0).forEach(onProblem);
}

async function* blocksOf(file: H4mkFile, cluster: Cluster, order: Order, onProblem: Tell, fromStart: boolean): AsyncGenerator<PlaceWithContent> {
  const { tracks } = file;
  for (const { track } of cluster.tracks) if (!tracks.has(track)) onProblem({ kind: 'unknown_track', offset: cluster.offset, track });
  order.gaps(cluster, fromStart).filter(({ track }) => tracks.has(track!)).forEach(onProblem);
  const keyed = file.internals.content.decryptor !== undefined;
  const problems = new ClusterProblems(cluster.offset);
  for (const [position, block] of cluster.blocks.entries()) {
    if (!tracks.has(block.track)) continue;
    try {
      if (keyed && block.flags & FLAG.ENCRYPTED) order.take(block);
      const content = block.flags & FLAG.ENCRYPTED && !keyed ? await sealed(file, block) : await file.read(block);
      yield { block, cluster, position, content };
    } catch (error) {
      if (!(error instanceof H4mkError)) throw error;
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
