// The package as npm would install it: packed, in an empty folder, without any compiler.
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { execFile, execFileSync, spawnSync } from 'node:child_process';
import { copyFileSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const root = fileURLToPath(new URL('../..', import.meta.url));
const examples = readdirSync(path.join(root, 'examples/js')).filter((name) => /^\d\d-.*\.mjs$/.test(name));

let folder, packed;
beforeAll(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'heddle-package-'));
  [packed] = JSON.parse(execFileSync('npm', ['pack', '--json', '--pack-destination', folder], { cwd: root, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }));
  writeFileSync(path.join(folder, 'package.json'), '{ "name": "user", "private": true, "type": "module" }');
  execFileSync('npm', ['install', '--offline', '--no-audit', '--no-fund', `./${packed.filename}`], { cwd: folder, stdio: 'ignore' });
}, 120_000);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

test('it holds what users need: no sources, no tests, no dependencies', () => {
  const files = packed.files.map((file) => file.path);
  expect(files).toEqual(expect.arrayContaining(['LICENSE', 'README.md', 'package.json', 'dist/heddle.js', 'dist/THIRD-PARTY.md',
    'dist/core/heddle.js', 'dist/core/heddle.wasm', 'dist/core/heddle-serial.wasm', 'dist/types/index.d.ts']));
  expect(files.filter((file) => !/^(dist\/|LICENSE$|README\.md$|package\.json$)/.test(file))).toEqual([]);
  expect(readdirSync(path.join(folder, 'node_modules')).filter((name) => !name.startsWith('.'))).toEqual(['heddle']);
});

test('the licences of what is bundled come along', () => {
  const notices = readFileSync(path.join(folder, 'node_modules/heddle/dist/THIRD-PARTY.md'), 'utf8');
  for (const name of ['devalue', 'acorn', 'eslint-scope', 'esrecurse', 'estraverse']) expect(notices).toMatch(new RegExp(`^## ${name}\n\n\\S`, 'm'));
});

/** Whether each printed line is as the .out file says, where <seconds> is any decimal number. */
function pattern(text) {
  const lines = text.trimEnd().split('\n').map((line) =>
    line.split('<seconds>').map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')).join(String.raw`\d+\.\d\d`));
  return new RegExp(`^${lines.join('\n')}\n$`);
}

describe('every example prints what it says beside it', () => {
  expect(examples.length).toBeGreaterThanOrEqual(5);
  test.concurrent.each(examples)('%s', async (name) => {
    copyFileSync(path.join(root, 'examples/js', name), path.join(folder, name));
    const { stdout, stderr } = await promisify(execFile)(process.execPath, [name], { cwd: folder, timeout: 110_000 });
    expect(stderr).toBe('');
    expect(stdout).toMatch(pattern(readFileSync(path.join(root, 'examples/js', name.replace(/mjs$/, 'out')), 'utf8')));
  }, 120_000);
});

test('its command is there', () => {
  writeFileSync(path.join(folder, 'graph.json'), '{ "n_tasks": 3, "dependencies": [[], [], [0, 1]], "outputs": [2] }');
  const out = execFileSync('npx', ['--offline', 'heddle', 'order', '--json', 'graph.json'], { cwd: folder, encoding: 'utf8' });
  expect(JSON.parse(out)).toMatchObject({ name: 'graph', n_tasks: 3, n_edges: 2, peak_threads: 3 });
});

test('the types say what may be written', () => {
  writeFileSync(path.join(folder, 'good.ts'), `
    import { annotate, asCompleted, bind, checkpoint, clone, compute, config, delayed, get, optimize, persist, quote, ref, release, tokenize, waitOn,
      Runtime, CycleError, TimeoutError, type Context, type Delayed, type Progress } from 'heddle';
    const inc = delayed((x: number) => x + 1, { name: 'inc' });
    const y: Delayed<number> = inc(inc(1));
    const five: number = await y.compute({ scheduler: 'threads', workers: 2, signal: new AbortController().signal });
    const later: Delayed<string> = delayed(async () => 'text')();
    const runtime: Runtime = await Runtime.start({ workers: 2, memory: '256MB' });
    await compute([y, later], { runtime, onProgress: ({ done, total }) => console.log(done / total) });
    await get({ x: 1, y: [(x: number) => x, 'x'] }, ['y']);
    const cheap = delayed((x: number) => x, { inline: true, priority: -1 });
    const noted: Delayed<number> = annotate({ priority: 1, stage: 'load' }, () => cheap(1));
    const [again]: [Delayed<number>] = clone([bind(noted, [y], { omit: y, seed: 1 })]);
    const nothing: null = await checkpoint(again, { y }).compute({ optimize: { fuse: false }, order: 'best', budget: { bytes: '1MB' } });
    await compute(waitOn(again, y), { optimize: false, budget: 5 });
    console.log(noted.annotations.stage, nothing);
    const [low] = delayed((list: number[]) => [Math.min(...list)], { nout: 1, pure: true, traverse: false })([5]);
    const same: Delayed<number> = delayed(y);
    const told: Delayed<number> = delayed(async (context: unknown, x: number) => x, { ctx: true, retries: 2, timeoutMs: 500 })(1);
    const { scale } = delayed.module(new URL('file:///tasks.js'));
    const lazy = [low.call('toFixed', 2), delayed({ a: y }, { name: 'table' }).get('a'), delayed({ module: 'file:///tasks.js', name: 'inc' })(1), scale(told)];
    const [first]: [Delayed<number>] = optimize([same], { fuse: false });
    await get(new Map<unknown[] | string, unknown>([[['x', 0], 1], ['y', [(x: number) => x, ref(['x', 0]), quote('y')]]]), [['x', 0]]);
    const kept: { same: Delayed<number>, list: Delayed<number>[] } = await persist({ same, list: [y] }, { retries: 1, stopOnError: false });
    const sum: number = await (await kept.same.persist()).compute();
    kept.same.release();
    release(kept, sum);
    for await (const [node, result] of asCompleted([y, later], { signal: AbortSignal.timeout(1000) })) console.log(node.key, result);
    const table: Delayed<Float64Array> = delayed((ctx: Context, n: number) => {
      ctx.progress(0.5);
      ctx.log(ctx.key, ctx.worker, ctx.attempt, ctx.signal.aborted);
      return ctx.empty(Float64Array, n);
    }, { ctx: true })(5);
    const tell = ({ done, total, running, failed, names, tasks, elapsedMs, remainingMs = 0 }: Progress) =>
      console.log(done + total + running + failed + elapsedMs + remainingMs, names.inc.done, tasks.map(({ key, fraction }) => key + fraction));
    await table.compute({ onProgress: tell }).catch((error) => error instanceof TimeoutError);
    config.graceMs = 100;
    console.log(lazy, first, tokenize(y, inc, [1]).length);
    const path: string[] = new CycleError(['a']).path;
    console.log(five, path, y.key.length);`);
  writeFileSync(path.join(folder, 'bad.ts'), `
    import { asCompleted, compute, delayed, persist, type Context } from 'heddle';
    delayed(5, { scope: {} });
    delayed((x: number) => x, { nam: 'x' });
    await delayed((x: number) => x)(1).compute({ scheduler: 'thread' });
    const text: string = await delayed((x: number) => x)(1).compute();
    await compute([], { workers: 'two' });
    await compute([], { order: 'good' });
    await compute([], { optimize: { prune: true } });
    await persist([], { retries: 'often' });
    for await (const { key } of asCompleted([])) console.log(key);
    await compute([], { stopOnError: 1 });
    delayed((ctx: Context) => ctx.empty(Array, 1), { ctx: true });
    delayed((ctx: Context) => ctx.progress('half'), { ctx: true, timeoutMs: '5' });`);
  const check = (file) => spawnSync(process.execPath, [path.join(root, 'node_modules/typescript/bin/tsc'), '--noEmit', '--strict',
    '--target', 'es2022', '--module', 'nodenext', '--lib', 'es2023,dom', file], { cwd: folder, encoding: 'utf8' }).stdout;
  expect(check('good.ts')).toBe('');
  const errors = check('bad.ts').split('\n').map((line) => /^bad\.ts\((\d+)/.exec(line)?.[1]).filter(Boolean);
  expect(errors).toEqual(['3', '4', '5', '6', '7', '8', '9', '10', '11', '12', '13', '14', '14']);
}, 120_000);
