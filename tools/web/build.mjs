// SPDX-License-Identifier: MIT
// Makes dist/: ES modules with source maps and types, and tells their sizes.
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { build } from 'esbuild';

const root = dirname(fileURLToPath(import.meta.url));
const out = process.argv[2] ?? join(root, 'dist');
rmSync(out, { recursive: true, force: true });
const options = { bundle: true, format: 'esm', target: 'es2022', minify: true, sourcemap: true, logLevel: 'warning', legalComments: 'none' };
const entries = ['reader', 'player', 'worker', 'protect', 'adapters'].filter((name) => existsSync(join(root, 'src', name + '.ts')));
const { metafile } = await build({
  ...options, entryPoints: entries.map((name) => join(root, 'src', name + '.ts')), outdir: out, splitting: true, metafile: true, chunkNames: 'chunks/[name]-[hash]',
});
execFileSync(process.execPath, [join(root, 'node_modules/typescript/bin/tsc'), '--project', join(root, 'tsconfig.json'), '--outDir', join(out, 'types')], { stdio: 'inherit' });

/** What a page loads for an entry: its file and what that imports, but for what is loaded later. */
function filesOf(file, seen = new Set()) {
  if (seen.has(file)) return seen;
  seen.add(file);
  for (const { path, kind } of metafile.outputs[file].imports) if (kind === 'import-statement') filesOf(path, seen);
  return seen;
}
/** Kilobytes: what grows beyond is an error, so that it is noticed. */
const MOST = { reader: 23, player: 15, worker: 31, protect: 15, adapters: 12 };
for (const name of entries) {
  const file = Object.keys(metafile.outputs).find((path) => metafile.outputs[path].entryPoint?.endsWith(`src/${name}.ts`));
  const bytes = [...filesOf(file)].reduce((sum, path) => sum + gzipSync(readFileSync(path)).length, 0);
  console.log(`${name}: ${(bytes / 1000).toFixed(1)} kB gzipped`);
  if (bytes > MOST[name] * 1000) {
    console.error(`${name} has more than ${MOST[name]} kB`);
    process.exitCode = 1;
  }
}
console.log(`${readdirSync(join(out, 'chunks')).filter((file) => file.endsWith('.js')).length} chunks, some of them loaded later`);
