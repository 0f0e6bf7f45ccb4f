// SPDX-License-Identifier: MIT
// <h4mk-player> in Chromium: what is shown, by requests that are counted.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { after, before, test } from 'node:test';
import type { Page } from 'playwright-core';
import type { H4mkPlayer } from '../../tools/web/src/player.js';
import { Stage, openStage } from './browser.js';
import { at, bytesOf, ffmpeg, film, folder, h4mk, put } from './clips.js';

declare global {
  interface Window {
    player: H4mkPlayer;
    errors: { code: string; message: string }[];
  }
}

let stage: Stage;
before(async () => {
  stage = await openStage();
  film('film.h4mk', 30, '-index_to_front', '1');
});
after(() => stage.stop());

const PLAYER = (src: string, more = ''): string => `<h4mk-player src="${src}" muted style="width:640px;height:360px" ${more}></h4mk-player>`;

/** Waits until a picture is there, or an error is told. */
async function shown(page: Page): Promise<void> {
  await page.waitForFunction(() => window.errors.length || window.player.video.readyState >= 2, undefined, { timeout: 30000 });
  assert.deepEqual(await page.evaluate(() => window.errors), []);
}

async function seekTo(page: Page, time: number): Promise<void> {
  await page.evaluate((t) => {
    window.player.currentTime = t;
  }, time);
  await page.waitForFunction(() => window.errors.length || (!window.player.video.seeking && window.player.video.readyState >= 2), undefined, { timeout: 30000 });
  assert.deepEqual(await page.evaluate(() => window.errors), []);
}

/** A hash of what is shown now. */
function picture(page: Page): Promise<string> {
  return page.evaluate(async () => {
    const { video } = window.player;
    const canvas = new OffscreenCanvas(video.videoWidth, video.videoHeight);
    const context = canvas.getContext('2d')!;
    context.drawImage(video, 0, 0);
    const hash = await crypto.subtle.digest('SHA-256', context.getImageData(0, 0, canvas.width, canvas.height).data);
    return [...new Uint8Array(hash)].map((byte) => byte.toString(16).padStart(2, '0')).join('');
  });
}

test('shows the first frame and a frame in the middle, by few requests', async () => {
  ffmpeg('-i', 'film.h4mk', '-c', 'copy', '-bsf:v', 'extract_extradata', '-f', 'mp4', 'film.mp4');
  ffmpeg('-i', 'film.mp4', '-c', 'copy', '-index_to_front', '1', 'plain.h4mk');
  const url = stage.server.put('/plain.h4mk', bytesOf('plain.h4mk'));
  stage.server.requests.length = 0;
  const page = await stage.page(PLAYER(url));
  await shown(page);
  const first = stage.server.requests.filter(({ path }) => path === '/plain.h4mk');
  const scripts = stage.server.requests.map(({ path }) => path).filter((path) => path.endsWith('.js'));
  assert.deepEqual(scripts.sort(), ['/dist/player.js', '/dist/worker.js'], 'nothing else is loaded to play a plain file');
  console.log(`first frame: ${first.length} requests, ${first.reduce((sum, { bytes }) => sum + bytes, 0)} bytes`);
  assert.ok(await page.evaluate(() => window.player.video.srcObject !== null), 'the MediaSource is in a worker');
  assert.equal(await page.evaluate(() => Math.round(window.player.duration)), 30);
  await seekTo(page, 15.02);
  await page.screenshot({ path: at('middle.png') });
  await page.close();
});

test('plays on, and sound and picture are there to the end', async () => {
  const page = await stage.page(PLAYER(stage.server.put('/film.h4mk', bytesOf('film.h4mk'))));
  await shown(page);
  await seekTo(page, 28.5);
  await page.evaluate(() => window.player.play());
  await page.waitForFunction(() => window.player.video.ended, undefined, { timeout: 30000 });
  const { time, frames } = await page.evaluate(() => ({ time: window.player.currentTime, frames: window.player.video.getVideoPlaybackQuality().totalVideoFrames }));
  assert.ok(time > 29.9 && frames > 20, `${time} ${frames}`);
  await page.close();
});

test('steps by frames, exactly', async () => {
  const page = await stage.page(PLAYER(stage.server.put('/film.h4mk', bytesOf('film.h4mk'))));
  await shown(page);
  await seekTo(page, 4.02);
  const time = (): Promise<number> => page.evaluate(() => window.player.currentTime);
  const pictures = [await picture(page)];
  for (const key of ['.', '.', ',', ',']) {
    const before = await time();
    await page.keyboard.press(key === '.' ? '.' : ',').catch(() => {});
    await page.evaluate((k) => window.player.dispatchEvent(new KeyboardEvent('keydown', { key: k })), key);
    await page.waitForFunction((t) => Math.abs(window.player.currentTime - t) > 0.02 && !window.player.video.seeking, before);
    await page.waitForTimeout(100);
    pictures.push(await picture(page));
  }
  assert.deepEqual([pictures[3], pictures[4]], [pictures[1], pictures[0]]);
  assert.equal(new Set(pictures).size, 3);
  await page.close();
});

/** 200 frames of a film of 320x180, asked for in any order, against all frames as another decoder gives them in a row. */
async function framesAreThoseOf(reference: string, name: string, count: number): Promise<void> {
  const page = await stage.page(PLAYER(stage.server.put(`/${name}`, bytesOf(name))));
  const all = bytesOf(reference);
  const size = (320 * 180 * 3) / 2;
  const hashes: string[] = [];
  for (let at = 0; at < all.length; at += size) hashes.push(createHash('sha256').update(all.subarray(at, at + size)).digest('hex'));
  assert.equal(hashes.length, count);
  const numbers = [0, 1, 2, 49, 50, count - 2, count - 1, ...Array.from({ length: 193 }, (_, i) => (i * 7919 + 333) % count)];
  const found = await page.evaluate(async ({ path, wanted }) => {
    const { H4mkFile } = await import('/dist/reader.js' as string);
    const { decodeFrame } = await import('/dist/frames.js' as string);
    const file = await H4mkFile.open(path);
    const texts: string[] = [];
    for (const n of wanted) {
      const frame = (await decodeFrame(file, 1, n)) as VideoFrame;
      const bytes = new Uint8Array(frame.allocationSize());
      const layout = await frame.copyTo(bytes);
      frame.close();
      const rows = new Uint8Array((320 * 180 * 3) / 2); // planes without the padding of their rows
      let to = 0;
      layout.forEach(({ offset, stride }, plane) => {
        const [w, h] = plane ? [160, 90] : [320, 180];
        for (let y = 0; y < h; y++, to += w) rows.set(bytes.subarray(offset + y * stride, offset + y * stride + w), to);
      });
      texts.push([...new Uint8Array(await crypto.subtle.digest('SHA-256', rows))].map((byte) => byte.toString(16).padStart(2, '0')).join(''));
    }
    return texts;
  }, { path: `/${name}`, wanted: numbers });
  assert.deepEqual(found, numbers.map((n) => hashes[n]));
  await page.close();
}

test('200 frames of H.264 by WebCodecs, in any order, are those that FFmpeg decodes', async () => {
  ffmpeg('-i', 'film.h4mk', '-map', '0:v', '-f', 'rawvideo', '-fps_mode', 'passthrough', '-pix_fmt', 'yuv420p', 'film.yuv');
  await framesAreThoseOf('film.yuv', 'film.h4mk', 750);
});

// Both encoders make pictures that are not shown.
test('200 frames of VP9 are those that libvpx decodes, and of AV1 those that libaom decodes', async () => {
  ffmpeg('-f', 'lavfi', '-i', 'testsrc2=size=320x180:rate=25:duration=6', '-pix_fmt', 'yuv420p', 'source.y4m');
  for (const [codec, encoder, decoder] of [['vp9', 'vpxenc', 'vpxdec'], ['av1', 'aomenc', 'aomdec']] as const) {
    execFileSync(encoder, ['--quiet', '--good', '--cpu-used=6', '--passes=1', '--lag-in-frames=16', '--auto-alt-ref=1', '--kf-max-dist=40', '--webm', ...(codec === 'vp9' ? ['--codec=vp9'] : []), '-o', at(`${codec}.webm`), at('source.y4m')], { stdio: 'ignore' });
    execFileSync(decoder, ['--i420', '--rawvideo', '-o', at(`${codec}.yuv`), at(`${codec}.webm`)], { stdio: 'ignore' });
    ffmpeg('-i', `${codec}.webm`, '-c', 'copy', `${codec}.h4mk`);
    await framesAreThoseOf(`${codec}.yuv`, `${codec}.h4mk`, 150);
  }
});

test('H.264 with start codes, and FLAC', async () => {
  ffmpeg('-f', 'lavfi', '-i', 'testsrc2=size=320x180:rate=25:duration=4', '-f', 'lavfi', '-i', 'sine=duration=4', '-pix_fmt', 'yuv420p', '-c:v', 'libx264',
    '-flags:v', '-global_header', '-c:a', 'flac', '-ar', '48000', 'codec.h4mk');
  await playsToTheEnd('/annexb.h4mk', 'codec.h4mk', true);
});

/** Plays a file from near its end, and wants sound or pictures to have been decoded. */
async function playsToTheEnd(path: string, name: string, sound: boolean): Promise<void> {
  const page = await stage.page(PLAYER(stage.server.put(path, bytesOf(name))));
  await shown(page);
  await page.evaluate(() => {
    window.player.currentTime = Math.max(0, window.player.duration - 2);
    void window.player.play();
  });
  await page.waitForFunction(() => window.errors.length || window.player.video.ended, undefined, { timeout: 20000 });
  assert.deepEqual(await page.evaluate(() => window.errors), []);
  const decoded = await page.evaluate((key) => (window.player.video as unknown as Record<string, number>)[key], sound ? 'webkitAudioDecodedByteCount' : 'webkitVideoDecodedByteCount');
  assert.ok(decoded! > 0, 'something was decoded');
  await page.close();
}

/** Real files, where H4MK_CORPUS has them: the FFmpeg of the tests has no encoders for these codecs. */
const CORPUS: [string, boolean][] = [
  ['testsrc2_vp9.webm', false], ['sample_with_colr_mdcv_and_clli.mp4', false], ['bear-vbr-xing-header.mp3', true], ['bear-opus.mka', true],
  ['sample_fragmented.mp4', true], ['video_big_buck_bunny.mp4', true],
];

for (const [name, sound] of CORPUS)
  test(`plays ${name}`, async (context) => {
    const { existsSync } = await import('node:fs');
    const path = `${process.env.H4MK_CORPUS}/${name}`;
    if (!process.env.H4MK_CORPUS || !existsSync(path)) return context.skip('H4MK_CORPUS has no such file');
    ffmpeg('-i', path, '-map', '0:v?', '-map', '0:a?', '-c', 'copy', 'real.h4mk');
    await playsToTheEnd('/real.h4mk', 'real.h4mk', sound);
  });

test('sound tracks, subtitles and chapters; names are text', async () => {
  const srt = '1\n00:00:01,000 --> 00:00:03,000\nHello <b>there</b> & <img src=x onerror=alert(1)>\n\n2\n00:00:10,000 --> 00:00:12,000\nLater\n';
  put('text.srt', srt);
  put('chapters.txt', ';FFMETADATA1\n[CHAPTER]\nTIMEBASE=1/1\nSTART=0\nEND=10\ntitle=One\n[CHAPTER]\nTIMEBASE=1/1\nSTART=10\nEND=30\ntitle=<b>Two</b>\n');
  ffmpeg('-i', 'film.h4mk', '-f', 'lavfi', '-i', 'sine=frequency=880:duration=30', '-i', 'text.srt', '-i', 'chapters.txt', '-map', '0:v', '-map', '0:a', '-map', '1:a', '-map', '2:s',
    '-map_chapters', '3', '-c:v', 'copy', '-c:a', 'aac', '-c:s', 'subrip', '-metadata:s:a:0', 'title=First', '-metadata:s:a:1', 'title=<i>Second</i>', 'many.h4mk');
  const page = await stage.page(PLAYER(stage.server.put('/many.h4mk', bytesOf('many.h4mk'))));
  await shown(page);
  const info = await page.evaluate(() => window.player.info!);
  assert.deepEqual(info.chapters.map(({ start, title }) => [start, title]), [[0, 'One'], [10, '<b>Two</b>']]);
  const sounds = info.tracks.filter(({ kind }) => kind === 'audio');
  assert.equal(await page.evaluate(() => window.player.shadowRoot!.querySelectorAll('select b, select i').length), 0);
  await page.evaluate((id) => window.player.chooseAudio(id), sounds[1]!.id);
  await page.evaluate((id) => window.player.chooseSubtitles(id), info.tracks.find(({ kind }) => kind === 'subtitle')!.id);
  await seekTo(page, 1.5);
  await page.waitForFunction(() => (window.player.video.textTracks[0]!.activeCues?.length ?? 0) === 1, undefined, { timeout: 10000 });
  const cue = await page.evaluate(() => {
    const active = window.player.video.textTracks[0]!.activeCues![0] as VTTCue;
    return { text: active.getCueAsHTML().textContent, elements: active.getCueAsHTML().childElementCount };
  });
  assert.deepEqual(cue, { text: 'Hello there &', elements: 0 });
  await page.hover('h4mk-player');
  await page.waitForTimeout(500);
  await page.screenshot({ path: at('subtitles.png') });
  await page.evaluate(() => window.player.dispatchEvent(new KeyboardEvent('keydown', { key: ']' })));
  await page.waitForFunction(() => window.player.currentTime === 10);
  await page.evaluate(() => window.player.play());
  await page.waitForFunction(() => window.player.currentTime > 10.5, undefined, { timeout: 20000 });
  assert.deepEqual(await page.evaluate(() => window.errors), []);
  await page.close();
});

const KEY = '000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f';

test('plays an encrypted file with the key in the fragment, which the server does not see', async () => {
  ffmpeg('-i', 'film.h4mk', '-map', '0', '-c', 'copy', '-encryption_scheme', 'aes-256-gcm', '-encryption_key', KEY, 'secret.h4mk');
  const url = stage.server.put('/secret.h4mk', bytesOf('secret.h4mk'));
  const page = await stage.page(PLAYER(url + '#key=' + KEY));
  await shown(page);
  await seekTo(page, 15.02);
  assert.ok(stage.server.requests.every(({ path }) => !path.includes(KEY)));
  await page.close();
  const without = await stage.page(PLAYER(url));
  await without.waitForFunction(() => window.errors.length, undefined, { timeout: 10000 });
  assert.equal(await without.evaluate(() => window.errors[0]!.code), 'no_key');
  await without.close();
});

const PRIVATE = '-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEIJ1hsZ3v/VpguoRK9JLsLMREScVpezJpGXA7rAMcrn9g\n-----END PRIVATE KEY-----\n';
const PUBLIC = 'MCowBQYDK2VwAyEA11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=';

test('the padlock: good while it plays', async () => {
  put('sign.pem', PRIVATE);
  h4mk('sign', at('film.h4mk'), '--key-file', at('sign.pem'), '-o', at('signed.h4mk'));
  const page = await stage.page(PLAYER(stage.server.put('/signed.h4mk', bytesOf('signed.h4mk')), `verify="${PUBLIC}"`));
  await shown(page);
  await page.waitForFunction(() => (window.player.verdict?.verified ?? 0) > 2, undefined, { timeout: 10000 });
  assert.deepEqual(await page.evaluate(() => window.player.verdict!.failed), []);
  await page.hover('h4mk-player');
  await page.waitForTimeout(400);
  await page.screenshot({ path: at('padlock.png') });
  await page.close();
  const plain = await stage.page(PLAYER(stage.server.put('/film.h4mk', bytesOf('film.h4mk')), `verify="${PUBLIC}"`));
  await plain.waitForFunction(() => window.errors.length);
  assert.equal(await plain.evaluate(() => window.errors[0]!.code), 'not_signed');
  await plain.close();
});

test('a public key that is set behind src counts, as frameworks set attributes; another one is for the file that is shown already', async () => {
  const page = await stage.page(PLAYER(stage.server.put('/film.h4mk', bytesOf('film.h4mk'))));
  await shown(page);
  stage.server.put('/signed.h4mk', bytesOf('signed.h4mk'));
  await page.evaluate((key) => {
    window.player.setAttribute('src', '/signed.h4mk');
    window.player.setAttribute('verify', key);
  }, PUBLIC);
  await page.waitForFunction(() => (window.player.verdict?.verified ?? 0) > 0, undefined, { timeout: 10000 });
  await shown(page);
  await page.evaluate((key) => window.player.setAttribute('verify', key.replace(/.{4}$/, 'AAA=')), PUBLIC);
  assert.equal(await page.evaluate(() => window.player.info), null);
  await page.waitForFunction(() => window.errors.length);
  assert.equal(await page.evaluate(() => window.errors[0]!.code), 'not_signed');
  await page.close();
});

test('follows a file that grows', async () => {
  film('live.h4mk', 20);
  const bytes = bytesOf('live.h4mk');
  const url = stage.server.put('/live.h4mk', bytes.subarray(0, Math.floor(bytes.length * 0.3)));
  const page = await stage.page(PLAYER(url));
  await shown(page);
  const before = await page.evaluate(() => window.player.duration);
  assert.ok(before > 3 && before < 10, String(before));
  stage.server.put('/live.h4mk', bytes);
  await page.waitForFunction(() => window.player.duration > 19, undefined, { timeout: 10000 });
  await seekTo(page, 18);
  await page.close();
});

test('a dropped file, and a file that is none', async () => {
  const page = await stage.page(`<h4mk-player muted></h4mk-player><input type="file">`);
  await page.setInputFiles('input', at('film.h4mk'));
  await page.evaluate(() => window.player.open(document.querySelector('input')!.files![0]!));
  await shown(page);
  await page.evaluate(() => window.player.open(new Blob(['this is a text'])));
  await page.waitForFunction(() => window.errors.length);
  assert.equal(await page.evaluate(() => window.errors[0]!.code), 'not_h4mk');
  await page.close();
});

test('another src, also after a dropped file, begins at its start; one that was moved in the page goes on', async () => {
  put('words.srt', '1\n00:00:00,000 --> 00:00:29,000\nOf the first film\n');
  ffmpeg('-i', 'film.h4mk', '-i', 'words.srt', '-map', '0', '-map', '1', '-c', 'copy', 'words.h4mk');
  film('other.h4mk', 8);
  const other = stage.server.put('/other.h4mk', bytesOf('other.h4mk'));
  const page = await stage.page(PLAYER(stage.server.put('/words.h4mk', bytesOf('words.h4mk'))) + '<div id="elsewhere"></div>');
  const now = () => page.evaluate(() => ({ time: window.player.currentTime, duration: Math.round(window.player.duration), cues: window.player.video.textTracks[0]!.cues?.length ?? 0 }));
  await shown(page);
  await page.evaluate(() => window.player.chooseSubtitles(window.player.info!.tracks.find(({ text }) => text)!.id));
  await seekTo(page, 20);
  await page.waitForFunction(() => window.player.video.textTracks[0]!.cues?.length === 1);
  await page.evaluate(() => document.querySelector('#elsewhere')!.append(window.player));
  await page.waitForFunction(() => window.player.currentTime === 20);
  await shown(page);
  assert.deepEqual(await now(), { time: 20, duration: 30, cues: 0 });
  await page.evaluate((src) => window.player.setAttribute('src', src), other);
  await page.waitForFunction(() => Math.round(window.player.duration) === 8);
  await shown(page);
  assert.deepEqual(await now(), { time: 0, duration: 8, cues: 0 });
  await page.evaluate(async () => window.player.open(await (await fetch('/words.h4mk')).blob()));
  await page.waitForFunction(() => Math.round(window.player.duration) === 30);
  await page.evaluate((src) => window.player.setAttribute('src', src + '?'), other);
  await page.waitForFunction(() => Math.round(window.player.duration) === 8);
  await shown(page);
  await page.close();
});

test('the player says that a CDN compresses, on the origin of the page and on another one', async () => {
  const { TestServer } = await import('./server.js');
  const other = await TestServer.start();
  for (const server of [stage.server, other]) {
    const url = server.put('/compressed.h4mk', bytesOf('film.h4mk'), { encoding: 'gzip', cors: true });
    const page = await stage.page(PLAYER(url));
    await page.waitForFunction(() => window.errors.length, undefined, { timeout: 20000 });
    const [error] = await page.evaluate(() => window.errors);
    assert.match(error!.message, /Switch compression off/);
    assert.equal(error!.code, server === other ? 'network' : 'compressed_transfer'); // the header is hidden from other origins
    await page.close();
  }
  other.stop();
});

test('another origin without CORS is told by name', async () => {
  const { TestServer } = await import('./server.js');
  const other = await TestServer.start();
  const url = other.put('/film.h4mk', bytesOf('film.h4mk'));
  const page = await stage.page(PLAYER(url));
  await page.waitForFunction(() => window.errors.length, undefined, { timeout: 20000 });
  const [error] = await page.evaluate(() => window.errors);
  assert.equal(error!.code, 'cors');
  assert.match(error!.message, /Access-Control-Allow-Origin/);
  other.put('/film.h4mk', bytesOf('film.h4mk'), { cors: true }); // the size is hidden: it comes by HEAD
  const second = await stage.page(PLAYER(url));
  await shown(second);
  await page.close();
  await second.close();
  other.stop();
});

console.log('screenshots: ' + folder);

test('the examples: a page, and the sound of an adapter', async () => {
  const { readFileSync } = await import('node:fs');
  const examples = process.env.H4MK_WEB! + '/examples/';
  stage.server.put('/film.h4mk', bytesOf('film.h4mk'));
  stage.server.put('/plain.html', new Uint8Array(readFileSync(examples + 'plain.html')), {}, 'text/html');
  const page = await stage.browser.newPage();
  await page.goto(stage.server.origin + '/plain.html');
  await page.waitForFunction(() => (document.querySelector('h4mk-player') as H4mkPlayer).video?.readyState >= 2, undefined, { timeout: 30000 });

  ffmpeg('-f', 'lavfi', '-i', 'sine=frequency=440:duration=2:sample_rate=48000', '-c:a', 'pcm_s16le', 'tone.wav');
  h4mk('tokenize', at('tone.wav'), '-o', at('tokens.h4mk'));
  stage.server.put('/tokens.h4mk', bytesOf('tokens.h4mk'));
  stage.server.put('/sound.html', new Uint8Array(readFileSync(examples + 'sound.html')), {}, 'text/html');
  await page.goto(stage.server.origin + '/sound.html');
  await page.click('button');
  await page.waitForFunction(() => document.querySelector('output')!.textContent!.startsWith('2.0'), undefined, { timeout: 20000 });
  await page.close();
});

test('the example that cuts a clip', async () => {
  const { execFileSync } = await import('node:child_process');
  const { mkdirSync, rmSync, symlinkSync, writeFileSync, readFileSync } = await import('node:fs');
  // As npm installs it: h4mk in node_modules.
  mkdirSync(at('node_modules/h4mk'), { recursive: true });
  rmSync(at('node_modules/h4mk/dist'), { force: true });
  symlinkSync(process.env.H4MK_WEB_BUILD! + '/dist', at('node_modules/h4mk/dist'));
  writeFileSync(at('node_modules/h4mk/package.json'), readFileSync(process.env.H4MK_WEB! + '/package.json'));
  writeFileSync(at('extract.mjs'), readFileSync(process.env.H4MK_WEB! + '/examples/extract.mjs'));
  const said = execFileSync(process.execPath, [at('extract.mjs'), at('film.h4mk'), '1', '5', '7', at('clip.bin')], { encoding: 'utf8' });
  assert.match(said, /^\d+ blocks, \d+ bytes/);
  const blocks = Number(said.split(' ')[0]);
  assert.ok(blocks >= 50 && blocks <= 105, said);
});
