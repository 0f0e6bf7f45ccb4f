// SPDX-License-Identifier: MIT
// Cuts a clip out of a track, as a Node script:
//   node extract.mjs URL-or-FILE TRACK FROM TO OUT      times in seconds
// The clip begins with the key block before FROM. OUT gets the blocks one behind the other: what `h4mk cat` writes. A track of H.264 with
// start codes, of MP3, or of text is a file of its own then.
import { readFile, writeFile } from 'node:fs/promises';
import { H4mkFile, timeOf } from 'h4mk';

const [from, id, begin, end, out] = process.argv.slice(2);
const file = await H4mkFile.open(/^https?:/.test(from) ? from : new Uint8Array(await readFile(from)));
const track = file.track(Number(id));
const result = await file.seek(track.id, track.ticks(Number(begin)));
const parts = [];
for await (const { block } of file.behind(result)) {
  if (block.track !== track.id) continue;
  if ((block.dts ?? timeOf(block)) >= track.ticks(Number(end))) break;
  parts.push((await file.read(block)).data);
}
await writeFile(out, Buffer.concat(parts));
console.log(`${parts.length} blocks, ${parts.reduce((sum, part) => sum + part.length, 0)} bytes`);
