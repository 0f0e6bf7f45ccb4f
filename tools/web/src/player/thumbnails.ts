// SPDX-License-Identifier: MIT
// Exact frames by WebCodecs: the decode chain of a frame from the index, and nothing else.
import { H4mkError } from '../errors.js';
import { Block, FLAG, timeOf } from '../format/cluster.js';
import type { H4mkFile } from '../read/file.js';
import type { Place } from '../read/seek.js';
import { playable } from './codecs.js';
import { Unpacked } from './unpacked.js';

/** Decodes frame `number` of a video track, from 0 in the order in which frames are shown. It reads the blocks of its decode chain, and nothing else. The
 *  caller closes the VideoFrame; its `timestamp` is the frame's time in ticks, not in microseconds.
 *
 *  Throws `argument` where there is no such frame or no key block for it; `unsupported` where the browser has no decoder for the track, or no
 *  WebCodecs; `corrupt` where the decoder did not give the frame; `limit` where its decode chain is too large; and as `H4mkFile.read` does. */
export async function decodeFrame(file: H4mkFile, track: number, number: number): Promise<VideoFrame> {
  const chain = await file.chain(track, number);
  if (!chain) throw new H4mkError('argument', `Frame ${number} of track ${track} cannot be decoded, or there is none.`);
  const described = file.track(track);
  const blocks = await blocksOf(file, chain);
  const format = playable(described, blocks[0]!.data);
  if (!format || typeof VideoDecoder === 'undefined') throw new H4mkError('unsupported', `This browser cannot decode ${described.codec} by WebCodecs, which need https or localhost.`);
  // Times only tell frames apart here: ticks are taken for microseconds.
  const wanted = Number(timeOf(blocks.at(-1)!.block)!);
  let found: VideoFrame | undefined;
  let failed: Error | undefined;
  const decoder = new VideoDecoder({
    output: (frame) => (frame.timestamp === wanted && !found ? (found = frame) : frame.close()),
    error: (error) => (failed = error),
  });
  decoder.configure({ codec: format.codec, codedWidth: format.width, codedHeight: format.height, ...(format.config.length && { description: format.config as BufferSource }) });
  for (const { block, data } of blocks)
    decoder.decode(new EncodedVideoChunk({ type: block.flags & FLAG.KEY ? 'key' : 'delta', timestamp: Number(timeOf(block) ?? 0n), data: format.sample(data) as BufferSource }));
  await decoder.flush().catch((error: Error) => (failed = error));
  if (decoder.state !== 'closed') decoder.close();
  if (!found) throw new H4mkError('corrupt', `Frame ${number} of track ${track} was not decoded: ${failed?.message ?? 'the decoder gave other frames'}.`);
  return found;
}

/** The blocks of a chain with their data. They are unpacked one after the other, so that the bytes are counted before there are too many; what is stored is
 *  asked for ahead. */
async function blocksOf(file: H4mkFile, chain: Place[]): Promise<{ block: Block; data: Uint8Array }[]> {
  const last = chain.at(-1)!.block;
  const unpacked = new Unpacked();
  const blocks: { block: Block; data: Uint8Array }[] = [];
  for (const { block } of chain) {
    file.internals.bytes.prefetch(block.offset, last.offset + last.size);
    const { data } = await file.read(block);
    unpacked.add(data, `The decode chain of a frame of track ${block.track}`);
    blocks.push({ block, data });
  }
  return blocks;
}
