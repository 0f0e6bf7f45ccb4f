// SPDX-License-Identifier: MIT
// The page in Chromium: page.mjs URL, of an h4mkd that serves one film of 12 s with two sounds, chapters and text. page_test.py calls it.
import { createRequire } from "node:module";
import { existsSync } from "node:fs";
import { join } from "node:path";
import assert from "node:assert";

const [url, web] = process.argv.slice(2);
const { chromium } = createRequire(join(web, "package.json"))("playwright-core");
const executablePath = process.env.PATH.split(":").flatMap((f) => ["chromium", "chromium-browser", "google-chrome"].map((n) => join(f, n))).find(existsSync);
if (!executablePath) process.exit(77);
const browser = await chromium.launch({ executablePath, args: ["--no-sandbox", "--autoplay-policy=no-user-gesture-required", "--mute-audio"] });
const page = await browser.newPage({ viewport: { width: 390, height: 800 }, colorScheme: "dark" });
const problems = [];
page.on("pageerror", (error) => problems.push(error.message));
page.on("request", (request) => { if (!/^(blob|data):/.test(request.url()) && !request.url().startsWith(url)) problems.push(`foreign: ${request.url()}`); });
try {
  await page.goto(url + "/");
  await page.waitForSelector("a.card");
  assert.equal(await page.locator("a.card strong").textContent(), "film");
  await page.focus("a.card"); // by keyboard
  await page.keyboard.press("Enter");
  await page.waitForSelector("video");
  await page.waitForFunction(() => document.querySelector("video").readyState >= 2);
  assert.match(await page.textContent("h1"), /A film/);
  await page.keyboard.press(" ");
  await page.waitForFunction(() => document.querySelector("video").currentTime > 0.5);
  await page.click("text=The rest");
  await page.waitForFunction(() => { const v = document.querySelector("video"); return v.currentTime > 6 && v.currentTime < 11 && v.readyState >= 3; });
  assert.equal(await page.locator("select option").count(), 2);
  await page.selectOption("select", { index: 1 });
  const time = await page.evaluate(() => document.querySelector("video").currentTime);
  await page.waitForFunction((t) => document.querySelector("video").currentTime > t + 0.5 || document.querySelector("video").ended, time);
  await page.waitForFunction(() => document.querySelector("video").ended, undefined, { timeout: 20000 });
  assert.ok(Math.abs((await page.evaluate(() => document.querySelector("video").duration)) - 12) < 0.1);
  await page.click("text=Verify every byte");
  await page.waitForFunction(() => document.querySelector("output").textContent.includes("are whole"));
  const cut = await page.locator("a", { hasText: ".mp4" }).getAttribute("href");
  assert.equal((await page.request.get(`${url}/${cut}`)).status(), 200);
  // Nothing is wider than a phone.
  assert.ok((await page.evaluate(() => document.documentElement.scrollWidth)) <= 390);
  assert.equal(await page.textContent("[role=alert]"), "");
  await page.goto(url + "/#%zz"); // no address of a file
  await page.waitForSelector("[role=alert]:has-text('URI')");
  await page.goto(url + "/docs");
  await page.waitForSelector("details.operation");
  assert.deepEqual(problems, []);
} finally {
  await browser.close();
}
