// SPDX-License-Identifier: MIT
// Files that the programs of this project make: H4MK_TOOL is h4mk, H4MK_FFMPEG_PREFIX has bin/ffmpeg.
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export const folder = mkdtempSync(join(tmpdir(), 'h4mk-web-'));
const prefix = process.env.H4MK_FFMPEG_PREFIX ?? '';
const tool = process.env.H4MK_TOOL ?? join(prefix, 'bin/h4mk');

export function ffmpeg(...args: string[]): void {
  execFileSync(join(prefix, 'bin/ffmpeg'), ['-hide_banner', '-loglevel', 'error', '-nostdin', '-y', ...args], { cwd: folder });
}

export function h4mk(...args: string[]): string {
  const { status, stdout, stderr, error } = spawnSync(tool, args, { cwd: folder, encoding: 'utf8', maxBuffer: 2 ** 28 });
  if (error || status !== 0) throw new Error(`h4mk ${args.join(' ')}: ${error?.message ?? stderr.slice(0, 500)}`);
  return stdout;
}

export const at = (name: string): string => join(folder, name);
export const bytesOf = (name: string): Uint8Array => new Uint8Array(readFileSync(at(name)));
export const put = (name: string, content: string | Uint8Array): void => writeFileSync(at(name), content);

/** Seconds of moving pictures in H.264 with B pictures, and a tone in AAC. */
export function film(name: string, seconds: number, ...options: string[]): string {
  ffmpeg('-f', 'lavfi', '-i', `testsrc2=size=320x180:rate=25:duration=${seconds}`, '-f', 'lavfi', '-i', `sine=frequency=440:duration=${seconds}`,
    '-c:v', 'libx264', '-preset', 'ultrafast', '-bf', '2', '-g', '50', '-pix_fmt', 'yuv420p', '-c:a', 'aac', ...options, name);
  return name;
}
