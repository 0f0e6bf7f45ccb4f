// SPDX-License-Identifier: MIT
// Does the player's memory grow while it plays? A long film at 16 times its speed in Chromium, without sound:
//   node long.mjs --ffmpeg FFMPEG [--hours 100] [--minutes 10] [--size 128x72] [--crf 40] [--sound 32000] [--plain]
// FFMPEG is the patched one. Before: `npm ci` in tools/web. Chromium is in PATH. Each 20 s a line is told: where the film is; what the page and its
// worker hold, apart from the browser's own buffers; the size of the process that has both (what is in memory, and what of it belongs to no file); how much
// of the film is buffered; and what the server sent so far. --plain: a page without the player appends the same film, as fragmented MP4, so that one sees what
// the browser itself holds.
import { readFileSync, rmSync, statSync } from 'node:fs';
import { cpus, loadavg } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { buildPackage, counted, ffmpegOf, folder, heldBy, launch, makeFilm, serve } from './common.mjs';

const { values } = parseArgs({
  options: {
    ffmpeg: { type: 'string' }, hours: { type: 'string', default: '100' }, minutes: { type: 'string', default: '10' }, size: { type: 'string', default: '128x72' },
    crf: { type: 'string', default: '40' }, sound: { type: 'string', default: '32000' }, plain: { type: 'boolean', default: false },
  },
});
const EACH = 20;
const RATE = 16;

const PAGE = `<!doctype html><meta charset="utf-8"><body><h4mk-player muted src="/film.h4mk" style="width: 256px; height: 144px"></h4mk-player>
<script type="module">import '/dist/player.js'; window.player = document.querySelector('h4mk-player'); window.errors = []; player.addEventListener('error', ({ detail }) => errors.push(detail.code + ': ' + detail.message));</script>`;

const PLAIN = `<!doctype html><meta charset="utf-8"><body><video muted style="width: 256px; height: 144px"></video><script type="module">
const video = document.querySelector('video'), source = new MediaSource();
window.errors = []; window.player = { video, play: () => video.play(), get currentTime() { return video.currentTime; } };
video.addEventListener('error', () => errors.push(video.error.message));
video.src = URL.createObjectURL(source);
await new Promise((resolve) => source.addEventListener('sourceopen', resolve, { once: true }));
const buffer = source.addSourceBuffer('video/mp4; codecs="avc1.64000a,mp4a.40.2"');
const updated = () => new Promise((resolve) => buffer.addEventListener('updateend', resolve, { once: true }));
const PIECE = 131072;
for (let at = 0; ; at += PIECE) {
  while (buffer.buffered.length && buffer.buffered.end(buffer.buffered.length - 1) - video.currentTime > 30) await new Promise((resolve) => setTimeout(resolve, 100));
  const answer = await fetch('/film.mp4', { headers: { Range: 'bytes=' + at + '-' + (at + PIECE - 1) } });
  buffer.appendBuffer(await answer.arrayBuffer());
  await updated();
  if (video.currentTime > 12) { buffer.remove(0, video.currentTime - 10); await updated(); }
}
</script>`;

const MB = (bytes) => (bytes / 1e6).toFixed(1);

/** Sizes in bytes of the process that has the page and its worker: the renderer that used the processor most. */
async function sizesOf(session) {
  const { processInfo } = await session.send('SystemInfo.getProcessInfo');
  const [renderer] = processInfo.filter(({ type }) => type === 'renderer').sort((a, b) => b.cpuTime - a.cpuTime);
  const status = readFileSync(`/proc/${renderer.id}/status`, 'utf8');
  const of = (name) => Number(new RegExp(`^${name}:\\s+(\\d+)`, 'm').exec(status)[1]) * 1024;
  return { resident: of('VmRSS'), own: of('RssAnon') };
}

buildPackage();
const film = values.plain ? 'film.mp4' : 'film.h4mk';
makeFilm(ffmpegOf(values.ffmpeg), film, Number(values.hours), values.size, values.crf, values.sound);
const server = await serve({ '/': values.plain ? PLAIN : PAGE });
const browser = await launch();
try {
  const { size } = statSync(join(folder, film));
  console.log(`Chromium ${browser.version()}; film of ${values.hours} h, ${Math.round(size / 1e6)} MB; load ${loadavg()[0].toFixed(0)} on ${cpus().length} cores\n`);
  const tab = await browser.newPage();
  await tab.goto(`http://127.0.0.1:${server.address().port}/`);
  await tab.waitForFunction(() => window.errors?.length || window.player?.video.readyState >= 2, undefined, { timeout: 60000 });
  await tab.evaluate((rate) => {
    player.video.playbackRate = rate;
    return player.play();
  }, RATE);
  const session = await browser.newBrowserCDPSession();
  console.log('| after | at | page | worker | process | of its own | buffered | sent |\n| ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |');
  const begin = performance.now();
  for (let next = EACH; next <= Number(values.minutes) * 60; next += EACH) {
    await new Promise((resolve) => setTimeout(resolve, begin + next * 1000 - performance.now()));
    const now = await tab.evaluate(() => {
      const { buffered } = player.video;
      return { errors, ended: player.video.ended, time: player.currentTime, buffered: Array.from(buffered, (_, i) => buffered.end(i) - buffered.start(i)).reduce((sum, range) => sum + range, 0) };
    });
    if (now.errors.length) throw new Error(now.errors[0]);
    const { resident, own } = await sizesOf(session);
    const held = await heldBy(tab);
    const cells = [`${next} s`, `${(now.time / 60).toFixed(1)} min`, `${MB(held.page)} MB`, `${MB(held.workers)} MB`, `${MB(resident)} MB`, `${MB(own)} MB`, `${now.buffered.toFixed(0)} s`, `${MB(counted.bytes)} MB`];
    console.log(`| ${cells.join(' | ')} |`);
    if (now.ended) break;
  }
} finally {
  await browser.close();
  server.close();
  rmSync(folder, { recursive: true });
}
