// SPDX-License-Identifier: MIT
// <h4mk-look>, as the page of one file that is opened without a server.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import type { Page } from 'playwright-core';
import type { H4mkLook } from '../../tools/web/src/look.js';
import { Stage, openStage } from './browser.js';
import { at, bytesOf, ffmpeg, film, folder, put } from './clips.js';

let stage: Stage;
before(async () => {
  stage = await openStage();
  put('chapters.txt', ';FFMETADATA1\ntitle=<img src=x onerror=alert(1)>\n[CHAPTER]\nTIMEBASE=1/1\nSTART=0\nEND=5\ntitle=One\n[CHAPTER]\nTIMEBASE=1/1\nSTART=5\nEND=10\ntitle=<b>Two</b>\n');
  film('plain.h4mk', 10);
  ffmpeg('-i', 'plain.h4mk', '-i', 'chapters.txt', '-map_metadata', '1', '-map_chapters', '1', '-c', 'copy', 'film.h4mk');
});
after(() => stage.stop());

/** look.html from the disk, with a file that is dropped on it. */
async function dropped(name: string): Promise<Page> {
  const page = await stage.browser.newPage({ viewport: { width: 1000, height: 1300 } });
  page.on('pageerror', (error) => console.log('page: ' + error.message));
  await page.goto('file://' + process.env.H4MK_WEB_BUILD + '/dist/look.html');
  const bytes = Buffer.from(bytesOf(name)).toString('base64');
  await page.evaluate(async ([text, of]) => {
    const look = document.querySelector('h4mk-look') as H4mkLook;
    const transfer = new DataTransfer();
    transfer.items.add(new File([Uint8Array.from(atob(text!), (c) => c.charCodeAt(0))], of!));
    const done = new Promise((resolve) => ['checked', 'error'].forEach((event) => look.addEventListener(event, resolve, { once: true })));
    look.dispatchEvent(new DragEvent('drop', { dataTransfer: transfer, bubbles: true, cancelable: true }));
    await done;
  }, [bytes, name]);
  return page;
}

const text = (page: Page, selector: string): Promise<string> => page.evaluate((s) => [...document.querySelector('h4mk-look')!.shadowRoot!.querySelectorAll(s)].map((e) => e.textContent).join('|'), selector);
/** Waits until something is there. */
const until = (page: Page, selector: string, count = 1): Promise<unknown> =>
  page.waitForFunction(([s, n]) => document.querySelector('h4mk-look')!.shadowRoot!.querySelectorAll(s as string).length >= (n as number), [selector, count], { timeout: 30000 });

test('a dropped file: facts, timeline, thumbnails, a block with its picture and its bytes; names are text', async () => {
  const page = await dropped('film.h4mk');
  assert.match(await text(page, 'h1'), /film\.h4mk/);
  assert.match(await text(page, '.facts'), /00:10, 2 tracks, .* blocks, closed/);
  assert.match(await text(page, 'h2.good'), /Nothing is damaged: \d+ blocks/);
  await until(page, '.pictures canvas', 8);
  const canvas = page.locator('canvas.lanes');
  const box = (await canvas.boundingBox())!;
  await page.mouse.click(box.x + box.width / 2, box.y + 20 + 40);
  await until(page, '.frame canvas');
  assert.match(await text(page, 'pre'), /^00000000  [0-9a-f ]{47}  /);
  assert.match(await text(page, 'section table'), /bytesstandsat byte \d+, in the cluster at byte \d+/);
  assert.match(await text(page, 'td'), /<b>Two<\/b>/);
  assert.equal(await page.evaluate(() => document.querySelector('h4mk-look')!.shadowRoot!.querySelectorAll('img, b').length), 0);
  await page.screenshot({ path: at('look.png') });
  console.log(`screenshots: ${folder}`);
  await page.close();
});

test('what is damaged is told with its place, and the bytes there are shown', async () => {
  const bytes = bytesOf('film.h4mk');
  bytes.fill(0, bytes.length >> 1, (bytes.length >> 1) + 64);
  put('damaged.h4mk', bytes);
  const page = await dropped('damaged.h4mk');
  assert.match(await text(page, 'h2.bad'), /^(1 problem|\d+ problems); \d+ blocks were read/);
  assert.match(await text(page, 'td'), /damaged data/);
  await page.locator('button.link').first().click();
  await until(page, 'pre');
  assert.match(await text(page, 'pre'), /CORE/);
  await page.screenshot({ path: at('damaged.png') });
  await page.close();
});

test('of thousands of tracks and tags the first ones are shown, and how many there are', async () => {
  const script = `
import sys
sys.path.insert(0, sys.argv[1])
from corpus import *
meta = chunk(b"META", json.dumps({"tags": {"TAG%d" % i: "x" for i in range(4000)}}).encode())
sys.stdout.buffer.write(header() + trak(4096) + meta + cluster_of(4096, 1, size=1))`;
  put('tracks.h4mk', execFileSync('python3', ['-c', script, join(process.env.H4MK_SOURCE_DIR!, 'bench/hostile')]));
  const page = await dropped('tracks.h4mk');
  assert.match(await text(page, '.facts'), /The first 64 tracks are drawn, of 4096\./);
  assert.match(await text(page, 'td'), /… 3,596 more.*… 3,500 more/);
  const counts = await page.evaluate(() => {
    const root = document.querySelector('h4mk-look')!.shadowRoot!;
    return [root.querySelectorAll('*').length, root.querySelector<HTMLCanvasElement>('canvas.lanes')!.height];
  });
  assert.ok(counts[0]! < 10000 && counts[1]! < 16384, counts.join());
  await page.close();
});

test('a file that is none', async () => {
  put('none.h4mk', 'this is text');
  const page = await dropped('none.h4mk');
  assert.match(await text(page, 'section'), /This file cannot be shown.*does not begin with H4MK/);
  await page.close();
});
