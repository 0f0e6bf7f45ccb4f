// SPDX-License-Identifier: MIT
// <h4mk-player> in Debian's Firefox, by WebDriver BiDi: it has no MediaSource in workers, so the session runs on the page.
import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import type { Browser, Page } from 'puppeteer-core';
import type { H4mkPlayer } from '../../tools/web/src/player.js';
import { findBrowser, servePackage } from './browser.js';
import { at, bytesOf, ffmpeg, film, folder } from './clips.js';
import { TestServer } from './server.js';

declare global {
  interface Window {
    player: H4mkPlayer;
    errors: { code: string; message: string }[];
  }
}

const KEY = '000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f';
let server: TestServer;
let browser: Browser;

before(async () => {
  const executablePath = findBrowser(['firefox-esr', 'firefox']);
  if (!executablePath) {
    console.log('skipped: there is no Firefox');
    process.exit(77);
  }
  const { default: puppeteer } = (await import(createRequire(join(process.env.H4MK_WEB!, 'package.json')).resolve('puppeteer-core'))) as typeof import('puppeteer-core');
  server = await TestServer.start();
  servePackage(server);
  browser = await puppeteer.launch({ browser: 'firefox', executablePath, headless: true, timeout: 120000, protocolTimeout: 120000, extraPrefsFirefox: { 'media.autoplay.default': 0 } });
  film('film.h4mk', 20, '-index_to_front', '1');
});
after(async () => {
  await browser.close();
  server.stop();
});

async function playing(src: string): Promise<Page> {
  const script = "import '/dist/player.js'; window.errors = []; window.player = document.querySelector('h4mk-player'); player.addEventListener('error', (e) => errors.push({ code: e.detail.code, message: e.detail.message })); player.setAttribute('src', player.dataset.src);";
  server.put('/firefox.html', `<!doctype html><meta charset="utf-8"><h4mk-player muted data-src="${src}" style="width:640px;height:360px"></h4mk-player><script type="module">${script}</script>`, {}, 'text/html');
  const page = await browser.newPage();
  await page.goto(server.origin + '/firefox.html');
  await page.waitForFunction('window.errors && (errors.length || player.video.readyState >= 2)', { timeout: 60000 });
  return page;
}

const errors = (page: Page): Promise<string[]> => page.evaluate(() => window.errors.map(({ code, message }) => `${code}: ${message}`));

test('shows the first frame, seeks, steps and plays to the end', async () => {
  const page = await playing(server.put('/film.h4mk', bytesOf('film.h4mk')));
  assert.deepEqual(await errors(page), []);
  assert.equal(await page.evaluate(() => Math.round(window.player.duration)), 20);
  for (const time of [15.02, 3.5, 18]) {
    await page.evaluate((t) => void (window.player.currentTime = t), time);
    await page.waitForFunction('errors.length || (!player.video.seeking && player.video.readyState >= 2)', { timeout: 60000 });
  }
  await page.evaluate(() => window.player.step(1));
  await page.waitForFunction('player.currentTime > 18.03 && !player.video.seeking', { timeout: 60000 });
  await page.screenshot({ path: at('firefox.png') });
  console.log(`screenshots: ${folder}`);
  await page.evaluate(() => window.player.play());
  await page.waitForFunction('errors.length || player.video.ended', { timeout: 60000 });
  assert.deepEqual(await errors(page), []);
  await page.close();
});

test('plays an encrypted file with the key in the fragment', async () => {
  ffmpeg('-i', 'film.h4mk', '-map', '0', '-c', 'copy', '-encryption_scheme', 'aes-256-gcm', '-encryption_key', KEY, 'secret.h4mk');
  const page = await playing(server.put('/secret.h4mk', bytesOf('secret.h4mk')) + '#key=' + KEY);
  assert.deepEqual(await errors(page), []);
  assert.ok(await page.evaluate(() => window.player.info!.encrypted));
  await page.close();
});

test('a file that is none is told', async () => {
  const page = await playing(server.put('/none.h4mk', 'this is text'));
  assert.match((await errors(page))[0]!, /^not_h4mk: /);
  await page.close();
});

test('frames by WebCodecs are exact, in any order', async (of) => {
  const page = await playing(server.put('/film.h4mk', bytesOf('film.h4mk')));
  if (await page.evaluate(() => typeof VideoDecoder === 'undefined')) return of.skip('this Firefox has no WebCodecs');
  const hashes = await page.evaluate(async () => {
    const { H4mkFile } = await import('/dist/reader.js' as string);
    const { decodeFrame } = await import('/dist/frames.js' as string);
    const file = await H4mkFile.open('/film.h4mk');
    const hash = async (n: number): Promise<string> => {
      const frame = (await decodeFrame(file, 1, n)) as VideoFrame;
      const bytes = new Uint8Array(frame.allocationSize());
      await frame.copyTo(bytes);
      frame.close();
      return String([...new Uint8Array(await crypto.subtle.digest('SHA-256', bytes))]);
    };
    const order = [7, 499, 7, 120, 121, 120, 0, 499];
    const found: string[] = [];
    for (const n of order) found.push(await hash(n));
    return found;
  });
  assert.deepEqual([hashes[0], hashes[1], hashes[3]], [hashes[2], hashes[7], hashes[5]]);
  assert.equal(new Set(hashes).size, 5);
  await page.close();
});

test('another src begins at its start; one that was moved in the page goes on', async () => {
  const page = await playing(server.put('/film.h4mk', bytesOf('film.h4mk')));
  film('other.h4mk', 8);
  server.put('/other.h4mk', bytesOf('other.h4mk'));
  const there = 'errors.length || (!player.video.seeking && player.video.readyState >= 2)';
  await page.evaluate(() => void (window.player.currentTime = 15));
  await page.waitForFunction(there, { timeout: 60000 });
  await page.evaluate(() => document.body.appendChild(document.createElement('div')).append(window.player));
  await page.waitForFunction(`errors.length || (player.currentTime === 15 && ${there})`, { timeout: 60000 });
  await page.evaluate(() => window.player.setAttribute('src', '/other.h4mk'));
  await page.waitForFunction(`errors.length || (Math.round(player.duration) === 8 && ${there})`, { timeout: 60000 });
  assert.equal(await page.evaluate(() => window.player.currentTime), 0);
  assert.deepEqual(await errors(page), []);
  await page.close();
});
