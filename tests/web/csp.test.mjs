// Pages with a strict Content-Security-Policy, where nobody may make functions of text: what travels by name
// still runs on threads. And modules by relative address, on threads and without.
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import http from 'node:http';
import { fileURLToPath } from 'node:url';
import sirv from 'sirv';
import { browserNames, launch, resultOf } from './pages.mjs';

const root = fileURLToPath(new URL('../..', import.meta.url));
const isolation = { 'Cross-Origin-Opener-Policy': 'same-origin', 'Cross-Origin-Embedder-Policy': 'require-corp' };
const strict = { 'Content-Security-Policy': "default-src 'self'; script-src 'self' 'wasm-unsafe-eval'" };

const tasks = `
import { factor } from './factor.js';
export const triple = (x) => x * factor;
export async function later(x) { await null; return x + factor; }
export const where = () => typeof document;
`;

/**
 * Serves a page whose script is a file, beside a module with tasks, and the package.
 * @param {string} script body of an async function whose value is the page's result
 * @param {(url: string) => Record<string, string>} headersOf
 */
async function serve(script, headersOf) {
  const texts = {
    '/app/': '<!doctype html><meta charset="utf-8"><link rel="icon" href="/icon.svg"><title>test</title><script type="module" src="page.js"></script>',
    '/app/page.js': `import * as heddle from '/dist/heddle.js';
      window.result = (async ({ delayed, compute, sleep, info }) => {
        const task = (name) => delayed({ module: './tasks.js', name });
        const messageOf = (promise) => promise.then((value) => \`gave \${value}\`, (error) => \`\${error.name}: \${error.message}\`);
        ${script}
      })(heddle).catch((error) => \`\${error.name}: \${error.message}\`);`,
    '/app/tasks.js': tasks,
    '/app/factor.js': 'export const factor = 3;',
    '/icon.svg': '<svg xmlns="http://www.w3.org/2000/svg"/>',
  };
  const types = { js: 'text/javascript', svg: 'image/svg+xml' };
  const files = sirv(`${root}dist`, { dev: true });
  const server = http.createServer((request, response) => {
    const url = request.url ?? '';
    for (const [name, value] of Object.entries(headersOf(url))) response.setHeader(name, value);
    if (url in texts) return void response.setHeader('Content-Type', types[url.split('.')[1]] ?? 'text/html; charset=utf-8').end(texts[url]);
    if (!url.startsWith('/dist/')) return void response.writeHead(404).end();
    request.url = url.slice('/dist'.length);
    files(request, response, () => response.writeHead(404).end());
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve(undefined)));
  return { url: `http://127.0.0.1:${server.address().port}/app/`, close: () => server.close() };
}

describe.each(browserNames)('in %s', (name) => {
  /** @type {import('puppeteer-core').Browser} */
  let browser;
  beforeAll(async () => {
    browser = await launch(name);
  });
  afterAll(() => browser?.close());

  async function run(script, headersOf) {
    const server = await serve(script, headersOf);
    try {
      return await resultOf(browser, server.url);
    } finally {
      server.close();
    }
  }

  const threads = "{ scheduler: 'threads', workers: 2 }";
  const all = `
    const triple = task('triple'), later = task('later'), sqrt = delayed(Math.sqrt), from = delayed(Array.from), nap = delayed(sleep);
    const parts = [triple(1), triple(triple(2)), later(1), sqrt(16), from('ab'), nap(0.001), task('where')()];`;

  test('under a strict policy modules, built-in and own functions run on threads and serially', async () => {
    const result = await run(`${all}
      let evaluates = true;
      try { new Function(''); } catch { evaluates = false; }
      return { evaluates, threads: await compute(parts, ${threads}), sync: await compute(parts, { scheduler: 'sync' }),
        strict: await compute(parts, { scheduler: 'sync', strict: true }), again: await compute(parts, ${threads}) };`,
    () => ({ ...isolation, ...strict }));
    const there = [3, 18, 4, 4, ['a', 'b'], null, 'undefined'], here = [...there.slice(0, 6), 'object'];
    const same = (values) => values.map((value) => value ?? null);
    expect(result.evaluates).toBe(false);
    expect(Object.values(result).slice(1).map(same)).toEqual([there, here, here, there]);
  });

  test('under a strict policy a function that would travel as text is refused before anything runs', async () => {
    const result = await run(`
      const seen = [];
      const own = delayed(function own(x) { return x + 1; });
      const mixed = own(task('triple')(1));
      return { threads: await messageOf(mixed.compute({ workers: 2, scheduler: 'threads', onProgress: () => seen.push(1) })), seen: seen.length,
        strict: await messageOf(mixed.compute({ scheduler: 'sync', strict: true })),
        scope: await messageOf(delayed((x) => x * by, { scope: { by: 2 } })(1).compute(${threads})),
        sync: await mixed.compute({ scheduler: 'sync' }), next: await task('triple')(5).compute(${threads}) };`,
    () => ({ ...isolation, ...strict }));
    const refusal = /^FunctionError: this page's Content-Security-Policy forbids .* use \{ module, name \}\.$/;
    expect(result).toEqual({ threads: expect.stringMatching(refusal), strict: expect.stringMatching(refusal), scope: expect.stringMatching(refusal), seen: 0, sync: 4, next: 15 });
    expect(result.threads).toContain("'own'");
  });

  test("under a policy of the page alone, which workers do not have, functions travel as text", async () => {
    const result = await run(`return { own: await delayed((x) => x + 1)(1).compute(${threads}), triple: await task('triple')(1).compute(${threads}) };`,
      (url) => (url.startsWith('/dist/core/') ? isolation : { ...isolation, ...strict }));
    expect(result).toEqual({ own: 2, triple: 3 });
  });

  test('without a policy modules are found relative to the page', async () => {
    const result = await run(`${all}
      const absolute = delayed({ module: new URL('tasks.js', import.meta.url), name: 'triple' });
      return { all: await compute([...parts, absolute(3), delayed({ module: '/app/tasks.js', name: 'later' })(3), delayed((x) => x + 1)(1)], ${threads}),
        missing: await messageOf(task('trippel')(1).compute(${threads})), nowhere: await messageOf(delayed({ module: './nowhere.js', name: 'x' })().compute(${threads})),
        package: (() => { try { task; return String(delayed({ module: 'lodash', name: 'map' })); } catch (error) { return error.message; } })() };`,
    () => isolation);
    expect(result.all.map((value) => value ?? null)).toEqual([3, 18, 4, 4, ['a', 'b'], null, 'undefined', 9, 6, 2]);
    expect(result.missing).toMatch(/^FunctionError: the module http:.*\/app\/tasks\.js has no export 'trippel'; it exports later, triple, where\.$/);
    expect(result.nowhere).toMatch(/^FunctionError: the module http:.*\/app\/nowhere\.js cannot be loaded: /);
    expect(result.package).toMatch(/import\.meta\.resolve\('lodash'\)/);
  });

  test.each([['without a policy', {}], ['under a strict policy', strict]])('a page that is not isolated runs modules serially %s', async (_title, headers) => {
    const result = await run(`
      const triple = task('triple');
      await compute(triple(0), { scheduler: 'sync' });
      const early = delayed({ module: './factor.js', name: 'factor' });
      let unloaded;
      try { early().computeSync({ scheduler: 'sync' }); } catch (error) { unloaded = error.name; }
      return { threads: (await info()).threads, value: await triple(triple(1)).compute(), sync: triple(2).computeSync({ scheduler: 'sync' }), unloaded,
        own: await delayed((x) => x + 1)(triple(1)).compute() };`,
    () => headers);
    expect(result).toEqual({ threads: false, value: 9, sync: 6, unloaded: 'UnsupportedError', own: 4 });
  });
});
