// SPDX-License-Identifier: MIT
// Makes dist/: ES modules with source maps and types, and tells what a page loads of them. Fails where that is more than MOST says.
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { transform } from 'esbuild';
import { rollup } from 'rollup';

const root = dirname(fileURLToPath(import.meta.url));
const out = resolve(process.argv.slice(2).find((argument) => !argument.startsWith('--')) ?? join(root, 'dist'));
rmSync(out, { recursive: true, force: true });

/** Where the modules of other packages are. */
const LIBRARIES = { fzstd: 'fzstd/esm/index.mjs', '@noble/hashes/hmac.js': '@noble/hashes/hmac.js', '@noble/hashes/sha2.js': '@noble/hashes/sha2.js' };

/** TypeScript by esbuild; Rollup bundles, since its chunks that are loaded later import from the ones that are there already. */
const typescript = {
  name: 'typescript',
  resolveId: (name, from) => (LIBRARIES[name] ? join(root, 'node_modules', LIBRARIES[name]) : /^\..*\.js$/.test(name) && from?.startsWith(join(root, 'src')) ? join(dirname(from), name.replace(/js$/, 'ts')) : null),
  transform: (code, path) => (path.endsWith('.ts') ? transform(withoutRules(code, path), { loader: 'ts', target: 'es2022', sourcemap: true, sourcefile: path }) : null),
  renderChunk: (code) => transform(code, { minify: true, format: 'esm', target: 'es2022', sourcemap: true }),
};

/** The rules of src/format are texts for who reads the source: nobody sees them, since `unlessBroken` does not look at them. */
const withoutRules = (code, path) => (path.includes(join('src', 'format')) ? code.replace(/\b(require\(.*), '[^']*'\);/g, '$1);') : code);

/** The first entry is one file, from which the others and all that is loaded later import what it has. Returns the files by name. */
async function bundle(names) {
  const path = (name) => join(root, 'src', name + '.ts');
  const held = new Set();
  const made = await rollup({
    input: Object.fromEntries(names.map((name) => [name, path(name)])), plugins: [typescript], preserveEntrySignatures: 'allow-extension',
    onwarn: (warning) => { throw new Error(warning.message); },
  });
  const { output } = await made.write({
    dir: out, format: 'esm', sourcemap: true, chunkFileNames: 'chunks/[name]-[hash].js', minifyInternalExports: true,
    manualChunks: (id, { getModuleInfo }) => {
      const hold = (module) => held.has(module) || (held.add(module), getModuleInfo(module).importedIds.forEach(hold));
      if (!held.size) hold(path(names[0]));
      return held.has(id) ? names[0] : null;
    },
  });
  return new Map(output.map((file) => [file.fileName, file]));
}

/** look.html: a page of one file, which may be kept, sent, and opened without a server. Its policy lets it load files that somebody names, and run
 *  no other script. */
async function writePage() {
  const made = await rollup({ input: join(root, 'src/look.ts'), plugins: [typescript] });
  const { output } = await made.generate({ format: 'es', inlineDynamicImports: true });
  const script = output[0].code.replace(/<\/(script)/gi, '<\\/$1').trim();
  const hash = createHash('sha256').update(script).digest('base64');
  const policy = `default-src 'none'; script-src 'sha256-${hash}'; style-src 'unsafe-inline'; connect-src *; img-src data: blob:; base-uri 'none'; form-action 'none'`;
  writeFileSync(join(out, 'look.html'), `<!doctype html>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<title>A look into an H4MK file</title>
<body style="margin: 0"><h4mk-look></h4mk-look>
<script type="module">${script}</script>
`);
}

/** What is loaded with a file: that, and what it imports, but for what is loaded later. */
function filesOf(files, name, seen = new Set()) {
  if (!seen.has(name)) for (const other of (seen.add(name), files.get(name).imports)) filesOf(files, other, seen);
  return seen;
}

const gzipped = (name) => gzipSync(readFileSync(join(out, name)), { level: 9 }).length;

/** What weighs in what is loaded: bytes before they are minified. */
function tellModules(name, chunks) {
  const modules = chunks.flatMap((chunk) => Object.entries(chunk.modules));
  console.log(`${name}: ${chunks.map((chunk) => chunk.fileName).join(' ')}`);
  for (const [path, { renderedLength }] of modules.sort((a, b) => b[1].renderedLength - a[1].renderedLength)) console.log(String(renderedLength).padStart(7), path.slice(root.length + 1));
}

/** Bytes, gzipped. A page that plays a plain file loads `player` and `worker`. The others are what they add to the reader. */
const MOST = { reader: 16500, 'player and worker': 30000, frames: 4000, protect: 12000, adapters: 6000, look: 12000 };
const sizes = {};
for (const names of [['reader', 'frames', 'protect', 'adapters', 'look'], ['worker', 'player']]) {
  const files = await bundle(names);
  const first = filesOf(files, names[0] + '.js');
  for (const name of names) {
    const loaded = [...filesOf(files, name + '.js')].filter((file) => name === names[0] || !first.has(file));
    sizes[name] = loaded.reduce((sum, file) => sum + gzipped(file), 0);
    if (process.argv.includes('--weigh')) tellModules(name, loaded.map((file) => files.get(file)));
  }
}
sizes['player and worker'] = sizes.player + sizes.worker;
await writePage();
execFileSync(process.execPath, [join(root, 'node_modules/typescript/bin/tsc'), '--project', join(root, 'tsconfig.json'), '--outDir', join(out, 'types')], { stdio: 'inherit' });
for (const [name, size] of Object.entries(sizes)) {
  console.log(`${name}: ${(size / 1000).toFixed(1)} kB gzipped`);
  if (size <= (MOST[name] ?? Infinity)) continue;
  console.error(`${name} has more than ${MOST[name] / 1000} kB`);
  process.exitCode = 1;
}
console.log(`${readdirSync(join(out, 'chunks')).filter((file) => file.endsWith('.js')).length} chunks, most of them loaded where they are needed`);
