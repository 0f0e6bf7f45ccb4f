// SPDX-License-Identifier: MIT
// core.md, "Block by number".
import { FileIndex, SpanWrong } from './file_index.js';
import type { LoadCluster, Place } from './seek.js';

/** The block with a number, or null. Ordinals rise; where blocks were lost they are ahead of the sums. */
export async function blockByNumber(index: FileIndex, load: LoadCluster, track: number, ordinal: bigint): Promise<Place | null> {
  const firstOrdinal = async (offset: number): Promise<bigint> => {
    const listed = (await load(offset)).tracks.find((of) => of.track === track);
    if (!listed) throw new SpanWrong(offset, track);
    return listed.ordinal;
  };
  const entries = index.entries.filter((entry) => entry.tracks.get(track)?.blocks);
  const inEntry = await lastNotAbove(entries.length, ordinal, async (i) => {
    const [first] = await index.spans(entries[i]!, track);
    return first ? firstOrdinal(first.cluster) : 0n;
  });
  if (inEntry < 0) return null;
  const spans = await index.spans(entries[inEntry]!, track);
  const at = await lastNotAbove(spans.length, ordinal, (i) => firstOrdinal(spans[i]!.cluster));
  if (at < 0) return null;
  const cluster = await load(spans[at]!.cluster);
  const position = cluster.blocks.findIndex((block) => block.track === track && block.ordinal === ordinal);
  return position < 0 ? null : { block: cluster.blocks[position]!, cluster, position };
}

/** The last of `count` rising values that is not above a limit, or -1. */
async function lastNotAbove(count: number, limit: bigint, value: (i: number) => Promise<bigint>): Promise<number> {
  let [low, high] = [0, count - 1];
  let found = -1;
  while (low <= high) {
    const middle = (low + high) >> 1;
    if ((await value(middle)) <= limit) {
      found = middle;
      low = middle + 1;
    } else {
      high = middle - 1;
    }
  }
  return found;
}
