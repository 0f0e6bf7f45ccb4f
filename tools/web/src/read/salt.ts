// SPDX-License-Identifier: MIT
// core.md, "A damaged salt": that with which the first chunk holds, if the second one holds with it too.
import { OVERHEAD, HEADER_SIZE, parseHead, u32At } from '../format/chunk.js';
import { crc32 } from '../format/crc.js';
import { moveCrc } from '../format/crc_move.js';
import type { Bytes } from '../source/bytes.js';

const MOST = 2 ** 26;

export async function recoverSalt(bytes: Bytes): Promise<number | null> {
  let salt: number | null = null;
  let position = HEADER_SIZE;
  for (let i = 0; i < 2; i++) {
    if (position + OVERHEAD > bytes.size) return null;
    const chunk = parseHead(await bytes.read(position, position + 12), position);
    if (!chunk || chunk.end > bytes.size || chunk.length > MOST) return null;
    const message = await bytes.read(position, chunk.end);
    const covered = message.subarray(0, message.length - 4);
    const stored = u32At(message, message.length - 4);
    if (salt === null) salt = moveCrc((stored ^ crc32(covered, 0)) >>> 0, -covered.length);
    else if (crc32(covered, salt) !== stored) return null;
    position = chunk.end;
  }
  return salt;
}
