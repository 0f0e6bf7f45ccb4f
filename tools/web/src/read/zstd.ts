// SPDX-License-Identifier: MIT
// core.md, "Compressed blocks": the frame is checked before the decompressor is loaded, and before it gets memory.
import { require } from '../errors.js';
import { Cursor } from '../format/cursor.js';

const MAGIC = 0xfd2fb528;
const MOST_CONTENT = 64 * 2 ** 20;
const MOST_BLOCK = 128 * 2 ** 10;

/** The content size of a frame that is all of `frame` and keeps the rules. */
export function contentSize(frame: Uint8Array): number {
  const cursor = new Cursor(frame);
  require(cursor.u32() === MAGIC, 'no zstd frame');
  const descriptor = cursor.u8();
  const single = (descriptor & 0x20) !== 0;
  require(!(descriptor & 8), 'a reserved bit of a frame is set');
  require(descriptor >> 6 !== 0 || single, 'a frame does not tell its content size');
  if (!single) cursor.u8();
  require(cursor.take([0, 1, 2, 4][descriptor & 3]!).every((byte) => byte === 0), 'a frame needs a dictionary');
  const width = [1, 2, 4, 8][descriptor >> 6]!;
  const size = cursor.take(width).reduceRight((sum, byte) => sum * 256 + byte, 0) + (width === 2 ? 256 : 0);
  require(size <= MOST_CONTENT && size <= Math.max(65536, 1024 * frame.length), 'the content is too large for what is stored');
  checkBlocks(cursor, size);
  cursor.take(descriptor & 4 ? 4 : 0);
  require(cursor.left === 0, 'something stands behind the frame');
  return size;
}

function checkBlocks(cursor: Cursor, size: number): void {
  let [last, plain, known] = [false, true, 0];
  while (!last) {
    const head = cursor.u8() | (cursor.u8() << 8) | (cursor.u8() << 16);
    last = (head & 1) !== 0;
    const kind = (head >> 1) & 3;
    const length = head >> 3;
    require(kind < 3 && length <= MOST_BLOCK, 'a block of a frame is not possible');
    if (kind < 2) known += length;
    else plain = false;
    require(known <= size, 'a frame gives more than its content size');
    cursor.take(kind === 1 ? 1 : length);
  }
  require(!plain || known === size, 'a frame gives another number of bytes');
}

export async function unzstd(frame: Uint8Array): Promise<Uint8Array> {
  const size = contentSize(frame);
  const { decompress } = await import('fzstd');
  let content: Uint8Array | undefined;
  try {
    content = decompress(frame);
  } catch {
    // said below
  }
  require(content?.length === size, 'a frame is damaged, or gives another number of bytes');
  return content;
}
