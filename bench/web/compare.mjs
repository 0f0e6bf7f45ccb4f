// SPDX-License-Identifier: MIT
// H4MK in a browser beside <video> with MP4 and Matroska, hls.js and mediabunny, on the same film, in the same run:
//   node compare.mjs --ffmpeg FFMPEG [--film FILM] [--runs N] [--hours 10,100]
// FFMPEG is the patched one. FILM has one track of H.264 and one of AAC; without it one of two hours is made. Before: `npm ci` here and in
// tools/web. Chromium is in PATH.
// Counted by the server: requests that began, and bytes that were sent, until the first frame is shown; and from a seek to the middle
// until that frame is. Times are those of the page. The delay is added to each answer. Then the memory of players with films of --hours.
import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { cpus, loadavg } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { gzipSync } from 'node:zlib';
import { buildPackage, counted, ffmpegOf, folder, heldBy, here, launch, makeFilm, network, serve } from './common.mjs';

const { values } = parseArgs({ options: { ffmpeg: { type: 'string' }, film: { type: 'string' }, runs: { type: 'string', default: '3' }, hours: { type: 'string', default: '10,100' } } });
const ffmpeg = ffmpegOf(values.ffmpeg);

/** The film in the form that each player takes. */
function makeInputs() {
  const film = values.film ?? (makeFilm(ffmpeg, 'long.nut', 2, '640x360', 30), join(folder, 'long.nut'));
  const make = (name, ...options) => ffmpeg('-i', film, '-map', '0:v:0', '-map', '0:a:0', '-c', 'copy', ...options, name);
  make('film.h4mk', '-index_to_front', '1');
  make('end.h4mk');
  make('film.mp4', '-movflags', '+faststart');
  make('film.mkv', '-cues_to_front', '1');
  mkdirSync(join(folder, 'hls'));
  make('hls/film.m3u8', '-hls_time', '4', '-hls_playlist_type', 'vod', '-hls_segment_type', 'fmp4', '-hls_list_size', '0');
  buildPackage();
}

const PACKAGES = { '/hls.mjs': 'node_modules/hls.js/dist/hls.min.mjs', '/mediabunny.mjs': 'node_modules/mediabunny/dist/bundles/mediabunny.min.mjs' };

/** Each page sets window.start() and window.seek(), which end when the frame is shown. */
const VIDEO = `
const shown = (video) => new Promise((resolve) => video.requestVideoFrameCallback(resolve));
window.seek = async (time) => { const next = shown(video); video.currentTime = time; await next; };`;
const page = (script) => `<!doctype html><meta charset="utf-8"><body><video muted></video><script type="module">let video = document.querySelector('video');${VIDEO}${script}</script>`;
const h4mk = (name) => page(`import '/dist/player.js'; window.start = async () => { const p = document.createElement('h4mk-player'); p.setAttribute('muted', ''); video.replaceWith(p); video = p.video; const first = shown(video); p.setAttribute('src', '/${name}'); await first; };`);
const PAGES = {
  '/h4mk-front': h4mk('film.h4mk'),
  '/h4mk-end': h4mk('end.h4mk'),
  '/h4mk-hours': h4mk('hours.h4mk'),
  '/video-mp4': page(`window.start = async () => { const first = shown(video); video.preload = 'auto'; video.src = '/film.mp4'; await first; };`),
  '/video-mkv': page(`window.start = async () => { const first = shown(video); video.preload = 'auto'; video.src = '/film.mkv'; await first; };`),
  '/hls': page(`import Hls from '/hls.mjs'; window.start = async () => { const first = shown(video); const hls = new Hls(); hls.loadSource('/hls/film.m3u8'); hls.attachMedia(video); await first; };`),
  '/mediabunny-mp4': page(`import { Input, UrlSource, ALL_FORMATS, CanvasSink } from '/mediabunny.mjs'; let sink; window.start = async () => { const input = new Input({ source: new UrlSource('/film.mp4'), formats: ALL_FORMATS }); const track = await input.getPrimaryVideoTrack(); sink = new CanvasSink(track); await sink.getCanvas(await track.getFirstTimestamp()); }; window.seek = async (time) => { await sink.getCanvas(time); };`),
  '/mediabunny-mkv': page(`import { Input, UrlSource, ALL_FORMATS, CanvasSink } from '/mediabunny.mjs'; let sink; window.start = async () => { const input = new Input({ source: new UrlSource('/film.mkv'), formats: ALL_FORMATS }); const track = await input.getPrimaryVideoTrack(); sink = new CanvasSink(track); await sink.getCanvas(await track.getFirstTimestamp()); }; window.seek = async (time) => { await sink.getCanvas(time); };`),
};

async function measure(browser, origin, path, middle) {
  const tab = await browser.newPage();
  const moments = [];
  await tab.exposeFunction('mark', () => void moments.push({ ...counted }));
  await tab.goto(origin + path, { waitUntil: 'networkidle' }); // all scripts are there, also those of workers
  await tab.waitForFunction(() => 'start' in window);
  Object.assign(counted, { requests: 0, bytes: 0 });
  const first = await tab.evaluate(async () => {
    const begin = performance.now();
    await window.start();
    const took = performance.now() - begin;
    await window.mark();
    return took;
  });
  await tab.waitForTimeout(1500); // what is loaded ahead does not count for the seek
  Object.assign(counted, { requests: 0, bytes: 0 });
  const seek = await tab.evaluate(async (time) => {
    const begin = performance.now();
    await window.seek(time);
    const took = performance.now() - begin;
    await window.mark();
    return took;
  }, middle);
  await tab.close();
  return { first, seek, firstRequests: moments[0].requests, firstBytes: moments[0].bytes, seekRequests: moments[1].requests, seekBytes: moments[1].bytes };
}

const median = (numbers) => [...numbers].sort((a, b) => a - b)[Math.floor(numbers.length / 2)];

function tell(name, runs) {
  const of = (key) => median(runs.map((run) => run[key]));
  const cells = [`${of('firstRequests')}`, `${Math.round(of('firstBytes') / 1000)} kB`, `${Math.round(of('first'))} ms`, `${of('seekRequests')}`, `${Math.round(of('seekBytes') / 1000)} kB`, `${Math.round(of('seek'))} ms`];
  console.log(`| ${[name, ...cells].join(' | ')} |`);
}

/** Bytes that a page and its workers hold. */
const together = async (tab) => Object.values(await heldBy(tab)).reduce((sum, held) => sum + held);

/** Memory after the first frame, and after 30 seeks all over the film. */
async function memory(browser, origin, hours) {
  makeFilm(ffmpeg, 'hours.h4mk', hours, '128x72', 40);
  const { size } = statSync(join(folder, 'hours.h4mk'));
  const tab = await browser.newPage();
  await tab.goto(origin + '/h4mk-hours');
  await tab.waitForFunction(() => 'start' in window);
  Object.assign(counted, { requests: 0, bytes: 0 });
  await tab.evaluate(() => window.start());
  const first = { ...counted, held: await together(tab) };
  for (let i = 0; i < 30; i++) await tab.evaluate((time) => window.seek(time), ((i * 7919) % 1000) * 3.6 * hours);
  const held = await together(tab);
  await tab.close();
  rmSync(join(folder, 'hours.h4mk'));
  console.log(`| ${hours} h, ${Math.round(size / 1e6)} MB | ${first.requests} | ${Math.round(first.bytes / 1000)} kB | ${(first.held / 1e6).toFixed(1)} MB | ${(held / 1e6).toFixed(1)} MB |`);
}

makeInputs();
const server = await serve(PAGES, PACKAGES);
const origin = `http://127.0.0.1:${server.address().port}`;
const browser = await launch();
const gzipped = (path) => `${(gzipSync(readFileSync(join(here, path))).length / 1000).toFixed(0)} kB`;
console.log(`Chromium ${browser.version()}; hls.js ${gzipped(PACKAGES['/hls.mjs'])}, mediabunny ${gzipped(PACKAGES['/mediabunny.mjs'])} gzipped; film of ${Math.round(statSync(join(folder, 'film.h4mk')).size / 1e6)} MB; load ${loadavg()[0].toFixed(0)} on ${cpus().length} cores`);
const compared = Object.keys(PAGES).filter((path) => path !== '/h4mk-hours');
try {
  const middle = Number(execFileSync(values.ffmpeg.replace(/ffmpeg$/, 'ffprobe'), ['-v', 'error', '-show_entries', 'format=duration', '-of', 'csv=p=0', join(folder, 'film.mp4')], { encoding: 'utf8' })) / 2 + 0.7;
  for (const delay of [0, 50]) {
    network.delay = delay;
    const runs = Object.fromEntries(compared.map((path) => [path, []]));
    for (let run = 0; run < Number(values.runs); run++) for (const path of compared) runs[path].push(await measure(browser, origin, path, middle));
    console.log(`\n| ${delay} ms round trip | first frame: requests | bytes | time | seek: requests | bytes | time |\n| --- | ---: | ---: | ---: | ---: | ---: | ---: |`);
    for (const [path, of] of Object.entries(runs)) tell(path.slice(1), of);
  }
  network.delay = 0;
  console.log('\n| memory of the page and its worker | first frame: requests | bytes | held then | held after 30 seeks |\n| --- | ---: | ---: | ---: | ---: |');
  for (const hours of values.hours.split(',').map(Number)) await memory(browser, origin, hours);
} finally {
  await browser.close();
  server.close();
  rmSync(folder, { recursive: true });
}
