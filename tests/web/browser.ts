// SPDX-License-Identifier: MIT
// Chromium with a page that has the player, as npm has it. Skips the whole test where there is no Chromium.
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { TestServer } from './server.js';

const web = process.env.H4MK_WEB!;
const CHROMIUM = ['chromium', 'chromium-browser', 'google-chrome', 'chrome'];

export function findBrowser(names: string[]): string | null {
  for (const folder of (process.env.PATH ?? '').split(':')) for (const name of names) if (existsSync(join(folder, name))) return join(folder, name);
  return null;
}

export interface Stage {
  server: TestServer;
  browser: Browser;
  /** A new page with this body; `window.player` is its h4mk-player. */
  page(body: string): Promise<Page>;
  stop(): Promise<void>;
}

/** dist/ of the package under /dist/. */
export function servePackage(server: TestServer): void {
  const out = join(process.env.H4MK_WEB_BUILD!, 'dist');
  execFileSync(process.execPath, [join(web, 'build.mjs'), out], { stdio: 'ignore' });
  for (const folder of ['', 'chunks/'])
    for (const name of readdirSync(join(out, folder)))
      if (/\.js$/.test(name)) server.put(`/dist/${folder}${name}`, new Uint8Array(readFileSync(join(out, folder, name))), { cors: true }, 'text/javascript');
}

export async function openStage(): Promise<Stage> {
  const executablePath = findBrowser(CHROMIUM);
  if (!executablePath) {
    console.log('skipped: there is no Chromium');
    process.exit(77);
  }
  const { chromium } = createRequire(join(web, 'package.json'))('playwright-core') as typeof import('playwright-core');
  const server = await TestServer.start();
  servePackage(server);
  const browser = await chromium.launch({ executablePath, args: ['--no-sandbox', '--autoplay-policy=no-user-gesture-required', '--disable-gpu', '--mute-audio'] });
  let pages = 0;
  return {
    server, browser,
    page: async (body) => {
      const path = `/page${pages++}.html`;
      const script = "import '/dist/player.js'; window.player = document.querySelector('h4mk-player'); window.errors = []; window.player?.addEventListener('error', (e) => window.errors.push(e.detail));";
      server.put(path, `<!doctype html><meta charset="utf-8"><body style="margin:0">${body}<script type="module">${script}</script>`, {}, 'text/html');
      const page = await browser.newPage({ viewport: { width: 640, height: 360 } });
      page.on('pageerror', (error) => console.log('page: ' + error.message));
      await page.goto(server.origin + path);
      await page.waitForFunction(() => 'player' in window);
      return page;
    },
    stop: async () => {
      await browser.close();
      server.stop();
    },
  };
}
