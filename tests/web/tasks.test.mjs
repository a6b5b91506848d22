// What tasks are offered, in documents of real browsers: contexts, waiting, output in order, limits, kept results.
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import http from 'node:http';
import { fileURLToPath } from 'node:url';
import sirv from 'sirv';
import { browserNames, launch } from './pages.mjs';

const root = fileURLToPath(new URL('../..', import.meta.url));
const tasks = `
const factor = 3;
export const triple = (ctx, x) => [ctx.key, ctx.attempt, x * factor];
export async function later(x) { await null; return x + factor; }
`;
/** @param {string} body of an async function whose value is the page's result */
const page = (body) => `<!doctype html><meta charset="utf-8"><link rel="icon" href="data:,"><title>test</title><script type="module">
import * as heddle from '/dist/heddle.js';
const caught = (promise) => promise.then((value) => ({ value }), (error) => error);
window.result = (async ({ asCompleted, compute, config, delayed, persist, sleep, Runtime }) => { ${body} })(heddle)
  .catch((error) => ({ name: error.name, message: error.message, task: error.task }));
</script>`;

describe.each(browserNames)('in %s', (name) => {
  /** @type {import('puppeteer-core').Browser} */
  let browser;
  /** @type {http.Server} */
  let server;
  let html = '', given = 0;
  beforeAll(async () => {
    browser = await launch(name);
    const files = sirv(`${root}dist`, { dev: true });
    server = http.createServer((request, response) => {
      const url = request.url ?? '';
      response.setHeader('Cross-Origin-Opener-Policy', 'same-origin');
      response.setHeader('Cross-Origin-Embedder-Policy', 'require-corp');
      if (url === '/') return void response.setHeader('Content-Type', 'text/html; charset=utf-8').end(html);
      if (url === '/tasks.js') return void response.setHeader('Content-Type', 'text/javascript').end(tasks);
      if (url === '/slow') return void response.on('close', () => given++);
      if (url === '/given') return void response.end(String(given));
      if (url.startsWith('/number/')) return void response.end(url.slice('/number/'.length));
      request.url = url.slice('/dist'.length);
      files(request, response, () => response.writeHead(404).end());
    });
    await new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve(undefined)));
  });
  afterAll(async () => {
    await browser?.close();
    server.closeAllConnections();
    server.close();
  });

  /** Runs a page: its result, and what came to its console. */
  async function run(body) {
    html = page(body);
    const tab = await browser.newPage(), lines = [];
    tab.on('console', (message) => lines.push(`${message.type()} ${message.text()}`));
    try {
      await tab.goto(`http://127.0.0.1:${server.address().port}/`);
      await tab.waitForFunction('"result" in window', { timeout: 30_000 });
      return { result: await tab.evaluate('window.result'), lines };
    } finally {
      await tab.close();
    }
  }

  test('a context has key, worker, attempt, a signal, and arrays in the heap', async () => {
    const { result } = await run(`
      const told = delayed((ctx, x) => [ctx.key, ctx.worker < 2, ctx.attempt, ctx.signal.aborted, ctx.signal instanceof AbortSignal, x], { ctx: true, key: 'told' });
      const make = delayed((ctx, n) => ctx.empty(Float64Array, n).fill(2), { ctx: true });
      const tail = delayed((xs) => xs.subarray(xs.length - 2)), sum = delayed((xs) => xs.reduce((a, b) => a + b, 0));
      const [said, total, rest] = await compute([told(5), sum(make(100_000)), tail(make(50_000))], { workers: 2 });
      return { said, total, rest: [...rest] };`);
    expect(result).toEqual({ said: ['told', true, 1, false, true, 5], total: 200_000, rest: [2, 2] });
  });

  test('tasks that wait run together: timers, promises, and fetch of many pages', async () => {
    const { result } = await run(`
      const later = delayed(async (ms) => { await new Promise((resolve) => setTimeout(resolve, ms)); return ms; });
      const load = delayed(async (ctx, url) => Number(await (await fetch(url, { signal: ctx.signal })).text()), { ctx: true });
      const pages = Array.from({ length: 40 }, (_, i) => load(new URL('/number/' + i, location.href).href));
      return { waited: await compute([30, 10, 20].map((ms) => later(ms)), { workers: 1 }), loaded: await compute(pages, { workers: 2 }) };`);
    expect(result).toEqual({ waited: [30, 10, 20], loaded: Array.from({ length: 40 }, (_, i) => i) });
  });

  test('fetch with the signal is given up when the computation is cancelled, and when its time is up', async () => {
    const { result } = await run(`
      const load = (options) => delayed(async (ctx, url) => (await fetch(url, { signal: ctx.signal })).text(), { ctx: true, ...options })(new URL('/slow', location.href).href);
      const given = async () => Number(await (await fetch('/given')).text()), before = await given();
      const cancelled = await caught(load().compute({ workers: 1, signal: AbortSignal.timeout(200) }));
      const late = await caught(load({ timeoutMs: 200 }).compute({ workers: 1 }));
      for (const until = Date.now() + 10_000; (await given()) < before + 2 && Date.now() < until; );
      return { cancelled: cancelled.name, late: late.name, given: (await given()) - before, next: await delayed((x) => x + 1)(1).compute() };`);
    expect(result).toEqual({ cancelled: 'CancelledError', late: 'TimeoutError', given: 2, next: 2 });
  });

  test('what tasks print reaches the page in order, labelled, before the result', async () => {
    const { result, lines } = await run(`
      const speak = delayed((x) => { for (let i = 0; i < 5; i++) console.log('line', i); console.warn('careful'); return x; }, { key: 'speak' });
      const wait = delayed(async (ctx) => { await new Promise((resolve) => setTimeout(resolve, 20)); ctx.log('waited'); return 2; }, { ctx: true, key: 'wait' });
      const results = await compute([speak(1), wait()], { workers: 1 });
      console.log('results', String(results));
      return results;`);
    expect(result).toEqual([1, 2]);
    const said = lines.filter((line) => !/isolat|heddle:/.test(line));
    expect(said.at(-1)).toBe('log results 1,2');
    expect(said.filter((line) => line.includes('[speak]'))).toEqual([...Array.from({ length: 5 }, (_, i) => `log [speak] line ${i}`), expect.stringMatching(/^warn(ing)? \[speak\] careful$/)]);
    expect(said).toContain('log [wait] waited');
    expect(said).toHaveLength(8);
  });

  test('a rejection that nobody handles is its task\'s failure', async () => {
    const { result } = await run(`
      const careless = delayed(() => { Promise.reject(new RangeError('left behind')); return 1; }, { name: 'careless' });
      const error = await caught(careless().compute({ workers: 2 }));
      return { name: error.name, message: error.message, task: error.task?.name, next: await delayed((x) => x + 1)(1).compute() };`);
    expect(result).toEqual({ name: 'RangeError', message: 'left behind', task: 'careless', next: 2 });
  });

  test.each([['timeoutMs', "delayed(() => { for (;;); }, { timeoutMs: 100 })().compute({ workers: 2 })", 'TimeoutError'],
    ['an AbortSignal', "delayed(() => { for (;;); })().compute({ workers: 2, signal: AbortSignal.timeout(100) })", 'CancelledError'],
  ])('a loop without end is ended by %s, and the next computation works', async (_, call, expected) => {
    const { result } = await run(`
      const inc = delayed((x) => x + 1);
      await compute([inc(1), inc(2)], { workers: 2 });
      const began = performance.now(), error = await caught(${call});
      const ms = performance.now() - began;
      return { name: error.name, ms, next: await compute([inc(1), inc(2), inc(3)], { workers: 2 }) };`);
    expect(result).toMatchObject({ name: expected, next: [2, 3, 4] });
    expect(result.ms).toBeLessThan(100 + 500 + 250);
  });

  test('close() and postMessage() are refused in tasks', async () => {
    const { result } = await run(`
      const errors = [await caught(delayed(() => globalThis.close())().compute()), await caught(delayed(() => globalThis.postMessage('x'))().compute()), await caught(delayed(() => { globalThis.onmessage = () => {}; })().compute())];
      return { errors: errors.map(({ name, message }) => name + ': ' + message), next: await delayed((x) => x + 1)(1).compute() };`);
    expect(result.next).toBe(2);
    for (const [at, what] of ['close', 'postMessage', 'onmessage'].entries()) expect(result.errors[at]).toMatch(new RegExp(`^UnsupportedError: ${what}\\(`));
  });

  test('what is persisted is there without its threads, and asCompleted gives results as they come', async () => {
    const { result } = await run(`
      const runtime = await Runtime.start({ workers: 1 }), fill = delayed((n) => new Float64Array(n).fill(1));
      const sum = delayed((xs) => xs.reduce((a, b) => a + b, 0)), kept = await fill(100_000).persist({ runtime });
      await runtime.close();
      const totals = [await sum(kept).compute({ workers: 2 }), await sum(kept).compute({ scheduler: 'sync' })];
      kept.release();
      const later = delayed(async (ms) => { await new Promise((resolve) => setTimeout(resolve, ms)); return ms; }), came = [];
      for await (const [, ms] of asCompleted([300, 10, 150].map((ms) => later(ms)), { workers: 1 })) came.push(ms);
      return { totals, released: (await caught(sum(kept).compute())).code, came };`);
    expect(result).toEqual({ totals: [100_000, 100_000], released: 'RELEASED', came: [10, 150, 300] });
  });

  test('tasks of modules have contexts too', async () => {
    const { result } = await run(`
      const triple = delayed({ module: './tasks.js', name: 'triple' }, { ctx: true, retries: 1, key: 'triple' }), later = delayed({ module: './tasks.js', name: 'later' });
      return compute([triple(2), later(1)], { workers: 2 });`);
    expect(result).toEqual([['triple', 1, 6], 4]);
  });

  test('onProgress tells what runs, and how far it is', async () => {
    const { result } = await run(`
      const steps = delayed((ctx, ms) => { for (const began = Date.now(); Date.now() - began < ms; ) ctx.progress(Math.min(1, (Date.now() - began) / ms)); }, { ctx: true, key: 'steps', name: 'steps' });
      const told = [];
      await steps(500).compute({ workers: 2, onProgress: (progress) => told.push(progress) });
      return { last: told.at(-1), between: told.filter(({ tasks }) => tasks.some(({ key, fraction }) => key === 'steps' && fraction > 0)).length };`);
    expect(result.last).toMatchObject({ total: 1, done: 1, names: { steps: { total: 1, done: 1 } }, tasks: [] });
    expect(result.between).toBeGreaterThan(0);
  });
});
