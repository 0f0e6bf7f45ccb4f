// SPDX-License-Identifier: MIT
// H4MK in a browser beside <video> with MP4 and Matroska, hls.js and mediabunny, on the same film, in the same run:
//   node compare.mjs --ffmpeg FFMPEG --film FILM [--delay MS] [--runs N]
// FILM has one track of H.264 and one of AAC. FFMPEG is the patched one. Before: `npm ci` here and in tools/web. Chromium is in PATH.
// Counted by the server: requests that began, and bytes that were sent, until the first frame is shown; and from a seek to the middle
// until that frame is. Times are those of the page. The delay is added to each answer.
import { execFileSync } from 'node:child_process';
import { createReadStream, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { createServer } from 'node:http';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { gzipSync } from 'node:zlib';

const here = dirname(fileURLToPath(import.meta.url));
const web = join(here, '../../tools/web');
const { values } = parseArgs({ options: { ffmpeg: { type: 'string' }, film: { type: 'string' }, delay: { type: 'string', default: '0' }, runs: { type: 'string', default: '3' } } });
const delay = Number(values.delay);
const folder = mkdtempSync(join(tmpdir(), 'h4mk-bench-'));
const { chromium } = createRequire(join(web, 'package.json'))('playwright-core');

/** The film in the form that each player takes. */
function makeInputs() {
  const make = (name, ...options) => execFileSync(values.ffmpeg, ['-v', 'error', '-nostdin', '-y', '-i', values.film, '-map', '0:v:0', '-map', '0:a:0', '-c', 'copy', ...options, join(folder, name)]);
  make('film.h4mk', '-index_to_front', '1');
  make('end.h4mk');
  make('film.mp4', '-movflags', '+faststart');
  make('film.mkv', '-cues_to_front', '1');
  mkdirSync(join(folder, 'hls'));
  make('hls/film.m3u8', '-hls_time', '4', '-hls_playlist_type', 'vod', '-hls_segment_type', 'fmp4', '-hls_list_size', '0');
  execFileSync(process.execPath, [join(web, 'build.mjs'), join(folder, 'dist')], { stdio: 'inherit' });
}

const TYPES = { '.html': 'text/html', '.js': 'text/javascript', '.mjs': 'text/javascript', '.mp4': 'video/mp4', '.mkv': 'video/x-matroska', '.m3u8': 'application/vnd.apple.mpegurl' };
const PACKAGES = { '/hls.mjs': 'node_modules/hls.js/dist/hls.min.mjs', '/mediabunny.mjs': 'node_modules/mediabunny/dist/bundles/mediabunny.min.mjs' };
const counted = { requests: 0, bytes: 0 };

/** A static server with ranges. Only media are counted. */
function serve() {
  const server = createServer(async (request, response) => {
    const path = new URL(request.url, 'http://x').pathname;
    if (path in PAGES) return response.writeHead(200, { 'Content-Type': 'text/html' }).end(PAGES[path]);
    const file = path in PACKAGES ? join(here, PACKAGES[path]) : join(folder, path);
    if (path.includes('..') || !existsSync(file)) return response.writeHead(404).end();
    const isMedia = !/\.m?js$/.test(path);
    if (isMedia) counted.requests++;
    if (delay) await new Promise((resolve) => setTimeout(resolve, delay));
    const { size } = statSync(file);
    const [, begin, end] = /^bytes=(\d+)-(\d*)$/.exec(request.headers.range ?? '') ?? [];
    const from = Number(begin ?? 0);
    const to = Math.min(end ? Number(end) : size - 1, size - 1);
    const headers = { 'Content-Type': TYPES[extname(file)] ?? 'application/octet-stream', 'Accept-Ranges': 'bytes', 'Content-Length': to - from + 1 };
    if (begin !== undefined) headers['Content-Range'] = `bytes ${from}-${to}/${size}`;
    response.writeHead(begin === undefined ? 200 : 206, headers);
    const stream = createReadStream(file, { start: from, end: to });
    stream.on('data', (chunk) => isMedia && (counted.bytes += chunk.length));
    response.on('close', () => stream.destroy());
    stream.pipe(response);
  });
  return new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve(server)));
}

/** Each page sets window.start() and window.seek(), which end when the frame is shown. */
const VIDEO = `
const shown = (video) => new Promise((resolve) => video.requestVideoFrameCallback(resolve));
window.seek = async (time) => { const next = shown(video); video.currentTime = time; await next; };`;
const page = (script) => `<!doctype html><meta charset="utf-8"><body><video muted></video><script type="module">let video = document.querySelector('video');${VIDEO}${script}</script>`;
const PAGES = {
  '/h4mk-front': page(`import '/dist/player.js'; window.start = async () => { const p = document.createElement('h4mk-player'); p.setAttribute('muted', ''); video.replaceWith(p); video = p.video; const first = shown(video); p.setAttribute('src', '/film.h4mk'); await first; };`),
  '/h4mk-end': page(`import '/dist/player.js'; window.start = async () => { const p = document.createElement('h4mk-player'); p.setAttribute('muted', ''); video.replaceWith(p); video = p.video; const first = shown(video); p.setAttribute('src', '/end.h4mk'); await first; };`),
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
  await tab.goto(origin + path);
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

makeInputs();
const server = await serve();
const origin = `http://127.0.0.1:${server.address().port}`;
const executablePath = (process.env.PATH ?? '').split(':').map((place) => join(place, 'chromium')).find(existsSync);
const browser = await chromium.launch({ executablePath, args: ['--no-sandbox', '--autoplay-policy=no-user-gesture-required', '--mute-audio', '--disable-gpu'] });
const gzipped = (path) => `${(gzipSync(readFileSync(join(here, path))).length / 1000).toFixed(0)} kB`;
console.log(`hls.js ${gzipped(PACKAGES['/hls.mjs'])}, mediabunny ${gzipped(PACKAGES['/mediabunny.mjs'])} gzipped; round trip + ${delay} ms; film of ${Math.round(statSync(join(folder, 'film.h4mk')).size / 1e6)} MB\n`);
console.log('| | first frame: requests | bytes | time | seek: requests | bytes | time |\n| --- | ---: | ---: | ---: | ---: | ---: | ---: |');
const runs = Object.fromEntries(Object.keys(PAGES).map((path) => [path, []]));
try {
  const middle = Number(execFileSync(values.ffmpeg.replace(/ffmpeg$/, 'ffprobe'), ['-v', 'error', '-show_entries', 'format=duration', '-of', 'csv=p=0', join(folder, 'film.mp4')], { encoding: 'utf8' })) / 2 + 0.7;
  for (let run = 0; run < Number(values.runs); run++) for (const path of Object.keys(PAGES)) runs[path].push(await measure(browser, origin, path, middle));
  for (const [path, of] of Object.entries(runs)) tell(path.slice(1), of);
} finally {
  await browser.close();
  server.close();
  rmSync(folder, { recursive: true });
}
