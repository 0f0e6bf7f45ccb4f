// SPDX-License-Identifier: MIT
// What a program of npm's people does not use is not in its bundle: dist/ as it is installed, bundled by Rollup.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { before, test } from 'node:test';

const web = process.env.H4MK_WEB!;
const dist = join(process.env.H4MK_WEB_BUILD!, 'shaken');
before(() => void execFileSync(process.execPath, [join(web, 'build.mjs'), dist], { stdio: 'ignore' }));

/** The code that is left of a program which uses some of a module, without what is loaded later. */
async function left(program: string): Promise<string> {
  const { rollup } = createRequire(join(web, 'package.json'))('rollup') as typeof import('rollup');
  const source = { name: 'program', resolveId: (name: string) => (name === 'program' ? join(dist, 'program.js') : null), load: (path: string) => (path.endsWith('program.js') ? program : null) };
  const made = await rollup({ input: 'program', plugins: [source] });
  const { output } = await made.generate({ format: 'es' });
  const files = new Map(output.map((file) => [file.fileName, file]));
  const wanted = new Set([output[0].fileName]);
  for (const name of wanted) for (const other of (files.get(name) as typeof output[0]).imports) wanted.add(other);
  return [...wanted].map((name) => (files.get(name) as typeof output[0]).code).join('');
}

test('a program that takes a constant gets no reader', async () => {
  const [little, all] = [await left("import { FLAG } from './reader.js'; console.log(FLAG.KEY);"), await left("export * from './reader.js';")];
  assert.ok(all.includes('Content-Range'), 'control');
  assert.ok(!little.includes('Content-Range') && little.length < all.length / 10, `${little.length} of ${all.length} bytes are left`);
});

test('a program that decrypts gets no signatures', async () => {
  const [little, all] = [await left("import { useKey } from './protect.js'; console.log(useKey);"), await left("import { useKey, Verifier } from './protect.js'; console.log(useKey, Verifier);")];
  assert.ok(all.includes('is not signed'), 'control');
  assert.ok(!little.includes('is not signed'), `${little.length} of ${all.length} bytes are left`);
});

test('a program that reads gets no player', async () => {
  const code = await left("import { H4mkFile } from './reader.js'; console.log(H4mkFile);");
  assert.ok(!code.includes('customElements') && !code.includes('MediaSource'));
});
