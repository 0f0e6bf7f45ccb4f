// SPDX-License-Identifier: MIT
// examples/react.jsx in Chromium: bundled as an application does it, with `h4mk/player` as npm has it, and rendered by React's development build in
// strict mode, which says what it does not like.
import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import type { Page } from 'playwright-core';
import type { H4mkPlayer } from '../../tools/web/src/player.js';
import { Stage, openStage } from './browser.js';
import { at, bytesOf, film, h4mk, put } from './clips.js';

declare global {
  interface Window {
    /** Renders a Film, or nothing. */
    show(film: { src: string; verify?: string } | null): void;
  }
}

const PRIVATE = '-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEIJ1hsZ3v/VpguoRK9JLsLMREScVpezJpGXA7rAMcrn9g\n-----END PRIVATE KEY-----\n';
const PUBLIC = 'MCowBQYDK2VwAyEA11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=';
const SIGNER = /^Signed by [0-9a-f]{16}$/;

const PROGRAM = `
import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { Film } from './react.jsx';
const root = createRoot(document.querySelector('main'));
window.show = (film) => root.render(film && <StrictMode><Film {...film} /></StrictMode>);
`;

let stage: Stage;
before(async () => {
  stage = await openStage();
  const web = process.env.H4MK_WEB!;
  const { build } = createRequire(join(web, 'package.json'))('esbuild') as typeof import('esbuild');
  const made = await build({
    stdin: { contents: PROGRAM, loader: 'jsx', resolveDir: join(web, 'examples') }, bundle: true, write: false, format: 'esm', jsx: 'automatic', jsxDev: true,
    external: ['h4mk/player'], logLevel: 'warning',
  });
  stage.server.put('/program.js', made.outputFiles[0]!.contents, {}, 'text/javascript');
  const map = JSON.stringify({ imports: { 'h4mk/player': '/dist/player.js' } });
  stage.server.put('/react.html', `<!doctype html><meta charset="utf-8"><script type="importmap">${map}</script><main></main><script type="module" src="/program.js"></script>`, {}, 'text/html');
  put('sign.pem', PRIVATE);
  film('first.h4mk', 30);
  film('second.h4mk', 8);
  for (const name of ['first', 'second']) {
    h4mk('sign', at(`${name}.h4mk`), '--key-file', at('sign.pem'), '-o', at(`${name}_signed.h4mk`));
    for (const kind of [name, `${name}_signed`]) stage.server.put(`/${kind}.h4mk`, bytesOf(`${kind}.h4mk`));
  }
});
after(() => stage.stop());

/** A page with the program, and all that React and the browser complain of. */
async function open(): Promise<{ page: Page; complaints: string[] }> {
  const page = await stage.browser.newPage();
  const complaints: string[] = [];
  page.on('pageerror', (error) => complaints.push(error.message));
  page.on('console', (message) => ['error', 'warning'].includes(message.type()) && !/favicon/.test(message.location().url) && complaints.push(message.text()));
  await page.goto(stage.server.origin + '/react.html');
  await page.waitForFunction(() => 'show' in window);
  return { page, complaints };
}

/** Waits until a picture of a film of this length is there. */
const shown = (page: Page, seconds: number) =>
  page.waitForFunction((wanted) => {
    const player = document.querySelector('h4mk-player') as H4mkPlayer | null;
    return player && Math.round(player.duration) === wanted && player.video.readyState >= 2;
  }, seconds, { timeout: 30000 });

const caption = (page: Page): Promise<string | null> => page.evaluate(() => document.querySelector('figcaption')?.textContent ?? null);
const playOn = async (page: Page, seconds: number): Promise<void> => {
  await page.evaluate(() => {
    const player = document.querySelector('h4mk-player') as H4mkPlayer;
    player.video.muted = true;
    return player.play();
  });
  await page.waitForFunction((time) => (document.querySelector('h4mk-player') as H4mkPlayer).currentTime > time, seconds, { timeout: 30000 });
};

test('a film is shown, unmounted, and another one mounted', async () => {
  const { page, complaints } = await open();
  await page.evaluate(() => window.show({ src: '/first.h4mk' }));
  await shown(page, 30);
  await playOn(page, 0.5);
  assert.equal(await caption(page), null);
  await page.evaluate(() => window.show(null));
  await page.waitForFunction(() => !document.querySelector('h4mk-player'));
  await page.evaluate(() => window.show({ src: '/second.h4mk' }));
  await shown(page, 8);
  await playOn(page, 0.5);
  assert.deepEqual(complaints, []);
  await page.close();
});

// A film that is still being written: the player asks each second whether there is more.
test('what is unmounted asks the server for nothing more', async () => {
  const bytes = bytesOf('first.h4mk');
  stage.server.put('/growing.h4mk', bytes.subarray(0, bytes.length >> 1));
  const { page, complaints } = await open();
  const requests = async (): Promise<number> => {
    const before = stage.server.requests.length;
    await page.waitForTimeout(3000);
    return stage.server.requests.length - before;
  };
  await page.evaluate(() => window.show({ src: '/growing.h4mk' }));
  await page.waitForFunction(() => ((document.querySelector('h4mk-player') as H4mkPlayer | null)?.video.readyState ?? 0) >= 2, undefined, { timeout: 30000 });
  assert.ok((await requests()) > 0, 'control');
  await page.evaluate(() => window.show(null));
  await page.waitForTimeout(300); // what was under way
  assert.equal(await requests(), 0);
  assert.deepEqual(complaints, []);
  await page.close();
});

test('a signed film: the caption tells who signed it; it is that of the film which is shown', async () => {
  const { page, complaints } = await open();
  await page.evaluate((verify) => window.show({ src: '/first_signed.h4mk', verify }), PUBLIC);
  await shown(page, 30);
  await page.waitForFunction(() => document.querySelector('figcaption'));
  assert.match((await caption(page))!, SIGNER);
  await playOn(page, 0.5);

  await page.evaluate(() => window.show({ src: '/second.h4mk' }));
  await shown(page, 8);
  assert.equal(await caption(page), null, 'the second film is not signed');
  assert.ok(await page.evaluate(() => (document.querySelector('h4mk-player') as H4mkPlayer).currentTime < 0.5), 'it begins at its start');

  await page.evaluate((verify) => window.show({ src: '/second_signed.h4mk', verify }), PUBLIC);
  await page.waitForFunction(() => document.querySelector('figcaption'), undefined, { timeout: 30000 });
  await shown(page, 8);
  assert.match((await caption(page))!, SIGNER);
  assert.deepEqual(complaints, []);
  await page.close();
});

test('a signed film in which something was changed: the caption says so', async () => {
  const bytes = bytesOf('second_signed.h4mk');
  bytes.fill(0, bytes.length >> 1, (bytes.length >> 1) + 64);
  stage.server.put('/changed.h4mk', bytes);
  const { page } = await open();
  await page.evaluate((verify) => window.show({ src: '/changed.h4mk', verify }), PUBLIC);
  await shown(page, 8);
  await page.waitForFunction(() => document.querySelector('figcaption')?.textContent === 'This is not what was signed.', undefined, { timeout: 30000 });
  await page.close();
});
