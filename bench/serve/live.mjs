// SPDX-License-Identifier: MIT
// hls.js on a growing file in Chromium; live.py calls it: live.mjs FOLDER. Says READY when the browser is there, reads the server's URL
// and the moment (milliseconds) at which time 0 was recorded, and prints how far the picture is behind the recorder.
import { createRequire } from "node:module";
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import { join } from "node:path";
import { createInterface } from "node:readline";

const modules = process.argv[2];
const { chromium } = createRequire(join(modules, "package.json"))("playwright-core");
const page = `<video id="video" muted></video><script>${readFileSync(join(modules, "node_modules/hls.js/dist/hls.min.js"), "utf8")}</script>`;
const server = createServer((_, answer) => answer.setHeader("Content-Type", "text/html").end(page)).listen(0, "127.0.0.1");
await new Promise((resolve) => server.once("listening", resolve));
const browser = await chromium.launch({ executablePath: "/usr/bin/chromium", args: ["--no-sandbox", "--autoplay-policy=no-user-gesture-required"] });
try {
  const tab = await browser.newPage();
  await tab.goto(`http://127.0.0.1:${server.address().port}/`);
  console.log("READY");
  const [url, zero] = await new Promise((resolve) => createInterface(process.stdin).once("line", (line) => resolve(line.split(" "))));
  const result = await tab.evaluate(async ([url, zero]) => {
    const video = document.getElementById("video"), hls = new Hls({ maxLiveSyncPlaybackRate: 1.5 }), rows = [], errors = [];
    hls.on(Hls.Events.ERROR, (_, error) => errors.push(error.details));
    hls.loadSource(`${url}/hls/live/master.m3u8`);
    hls.attachMedia(video);
    video.play().catch(() => {});
    for (let second = 1; second <= 20; ++second) {
      await new Promise((resolve) => setTimeout(resolve, 1000));
      rows.push([second, (Date.now() - zero) / 1000 - video.currentTime, video.playbackRate]);
    }
    return { rows, errors };
  }, [url, Number(zero)]);
  for (const [second, behind, rate] of result.rows) console.log(`${String(second).padStart(3)} s   ${behind.toFixed(2)} s behind   rate ${rate.toFixed(2)}`);
  if (result.errors.length) console.log(`errors of hls.js: ${result.errors}`);
} finally {
  await browser.close();
  server.close();
}
