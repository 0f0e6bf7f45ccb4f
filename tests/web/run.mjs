// SPDX-License-Identifier: MIT
// Runs one test of the npm package: bundles it with esbuild, then runs it by Node's own test runner.
//   node run.mjs NAME [arguments…]      NAME is a file beside this one without _test.ts; `conformance` runs the suite of tests/conformance;
//                                      `bundle NAME` only bundles a file, and prints where
// Returns 77 (skipped) where the packages of tools/web are not installed: `npm ci` in tools/web does that.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const here = dirname(fileURLToPath(import.meta.url));
const web = join(here, '../../tools/web');
const out = process.env.H4MK_WEB_BUILD ?? join(process.cwd(), 'web');

function skip(why) {
  console.log('skipped: ' + why);
  process.exit(77);
}

if (!existsSync(join(web, 'node_modules/esbuild'))) skip('the packages of tools/web are not installed (npm ci in tools/web)');
const { build } = await import(join(web, 'node_modules/esbuild/lib/main.js'));

async function bundle(name) {
  mkdirSync(out, { recursive: true });
  const outfile = join(out, name + '.mjs');
  const banner = "import { webcrypto as h4mkWebcrypto } from 'node:crypto'; globalThis.crypto ??= h4mkWebcrypto;";
  await build({
    entryPoints: [join(here, name + '.ts')], outfile, bundle: true, platform: 'node', format: 'esm', target: 'node18', sourcemap: 'inline', logLevel: 'warning',
    banner: { js: banner }, external: ['playwright-core', 'puppeteer-core', 'rollup', 'esbuild', '/dist/*'], nodePaths: [join(web, 'node_modules')],
  });
  return outfile;
}

function run(command, ...args) {
  const { status } = spawnSync(command, args, { stdio: 'inherit', env: { ...process.env, H4MK_WEB: web, H4MK_WEB_BUILD: out } });
  process.exit(status ?? 1);
}

const [name, ...rest] = process.argv.slice(2);
if (name === 'conformance') {
  const reader = await bundle(name);
  run('python3', join(here, '../conformance/run.py'), '--reader', `${process.execPath} ${reader}`, '--without', 'pipe,checks', ...rest);
} else if (name === 'bundle') {
  console.log(await bundle(rest[0]));
} else if (name === 'build') {
  run(process.execPath, join(web, 'build.mjs'), join(out, 'build'));
} else if (name === 'docs') {
  run(process.execPath, join(web, 'node_modules/typedoc/bin/typedoc'), '--options', join(web, 'typedoc.json'), '--tsconfig', join(web, 'tsconfig.json'), '--out', join(out, 'docs'));
} else if (name === 'types') {
  run(process.execPath, join(web, 'node_modules/typescript/bin/tsc'), '--project', join(web, 'tsconfig.json'), '--noEmit');
} else {
  run(process.execPath, '--test', '--test-reporter=spec', await bundle(name + '_test'));
}
