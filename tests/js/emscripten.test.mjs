// The same sources and loader with another Emscripten: HEDDLE_EMCC=/path/to/emcc npm run test:js.
// Without one this is reported as skipped: it was not run.
import { afterAll, expect, test } from '@jest/globals';
import { execFileSync } from 'node:child_process';
import { rmSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../..', import.meta.url));
const other = process.env.HEDDLE_EMCC;
const out = `${root}build/dist-other`;

(other ? test : test.skip)('another Emscripten builds a package whose threads work', () => {
  execFileSync('node', ['wasm/build.mjs', '--wasm', '--emcc', String(other), '--out', 'build/dist-other'], { cwd: root });
  writeFileSync(`${out}/program.mjs`, `
    import { delayed } from './heddle.js';
    const inc = delayed((x) => x + 1), sum = delayed((xs) => xs.reduce((a, b) => a + b, 0));
    console.log(await sum(Array.from({ length: 1000 }, (_, i) => inc(i))).compute({ workers: 4 }));`);
  expect(execFileSync('node', [`${out}/program.mjs`], { encoding: 'utf8' })).toBe('500500\n');
}, 300_000);

afterAll(() => rmSync(out, { recursive: true, force: true }));
