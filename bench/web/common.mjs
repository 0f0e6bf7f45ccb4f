// SPDX-License-Identifier: MIT
// What the measurements here share: a server that counts, films of many hours, Chromium, and what a page holds in memory.
import { execFileSync } from 'node:child_process';
import { createReadStream, existsSync, mkdtempSync, statSync } from 'node:fs';
import { createServer } from 'node:http';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const here = dirname(fileURLToPath(import.meta.url));
export const web = join(here, '../../tools/web');
export const folder = mkdtempSync(join(tmpdir(), 'h4mk-bench-'));

/** Chromium of PATH, by the playwright-core of tools/web. */
export function launch() {
  const { chromium } = createRequire(join(web, 'package.json'))('playwright-core');
  const executablePath = (process.env.PATH ?? '').split(':').map((place) => join(place, 'chromium')).find(existsSync);
  return chromium.launch({ executablePath, args: ['--no-sandbox', '--autoplay-policy=no-user-gesture-required', '--mute-audio', '--disable-gpu'] });
}

/** The package as npm has it, under /dist/ of the server. */
export function buildPackage() {
  execFileSync(process.execPath, [join(web, 'build.mjs'), join(folder, 'dist')]);
}

/** FFmpeg in the folder that is served. */
export const ffmpegOf = (program) => (...options) => execFileSync(program, ['-v', 'error', '-nostdin', '-y', ...options], { cwd: folder });

const OF_FORMAT = { '.h4mk': ['-index_to_front', '1'], '.mp4': ['-movflags', 'frag_keyframe+empty_moov+default_base_moof'] };

/** Hours of H.264 with B frames and AAC: ten minutes again and again. `sound`: bits per second. */
export function makeFilm(ffmpeg, name, hours, size, crf, sound = 128000) {
  ffmpeg('-f', 'lavfi', '-i', `testsrc2=size=${size}:rate=24000/1001`, '-f', 'lavfi', '-i', 'anoisesrc=color=pink:amplitude=0.1:sample_rate=48000:seed=1', '-t', '600',
    '-c:v', 'libx264', '-preset', 'veryfast', '-crf', String(crf), '-g', '48', '-c:a', 'aac', '-b:a', String(sound), '-ac', '2', 'part.nut');
  ffmpeg('-stream_loop', String(Math.ceil(hours * 6) - 1), '-i', 'part.nut', '-c', 'copy', ...(OF_FORMAT[extname(name)] ?? []), name);
}

const TYPES = { '.html': 'text/html', '.js': 'text/javascript', '.mjs': 'text/javascript', '.mp4': 'video/mp4', '.mkv': 'video/x-matroska', '.m3u8': 'application/vnd.apple.mpegurl' };

/** Requests that began for media, bytes that were sent of them, and the milliseconds by which each answer is late. */
export const counted = { requests: 0, bytes: 0 };
export const network = { delay: 0 };

/** A static server with ranges. `pages`: texts by path; `packages`: files of this folder by path. Only media are counted. */
export function serve(pages, packages = {}) {
  const server = createServer(async (request, response) => {
    const path = new URL(request.url, 'http://x').pathname;
    if (path in pages) return response.writeHead(200, { 'Content-Type': 'text/html' }).end(pages[path]);
    const file = path in packages ? join(here, packages[path]) : join(folder, path);
    if (path.includes('..') || !existsSync(file)) return response.writeHead(404).end();
    const isMedia = !/\.m?js$/.test(path);
    if (isMedia) counted.requests++;
    if (network.delay) await new Promise((resolve) => setTimeout(resolve, network.delay));
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

/** What a page and its workers hold in memory, apart from the browser's own buffers: objects, and array buffers behind them, once what nobody uses any
 *  more was collected. */
export async function heldBy(page) {
  const session = await page.context().newCDPSession(page);
  const used = async (send) => {
    await send('HeapProfiler.collectGarbage');
    const { usedSize, backingStorageSize = 0 } = await send('Runtime.getHeapUsage');
    return usedSize + backingStorageSize;
  };
  const held = { page: await used((method) => session.send(method)), workers: 0 };
  const answers = new Map();
  const workers = [];
  session.on('Target.attachedToTarget', ({ sessionId }) => workers.push(sessionId));
  session.on('Target.receivedMessageFromTarget', ({ message }) => {
    const { id, result } = JSON.parse(message);
    answers.get(id)?.(result ?? {});
  });
  await session.send('Target.setAutoAttach', { autoAttach: true, waitForDebuggerOnStart: false, flatten: false });
  let id = 0;
  for (const sessionId of workers)
    held.workers += await used((method) => new Promise((resolve) => {
      answers.set(++id, resolve);
      void session.send('Target.sendMessageToTarget', { sessionId, message: JSON.stringify({ id, method }) });
    }));
  await session.detach();
  return held;
}
