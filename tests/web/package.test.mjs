// The package in documents of real browsers: the same loader and workers as in Node.js.
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { browserNames, launch, resultOf, serve } from './pages.mjs';

/** @param {string} body of an async function whose value is the page's result */
const page = (body) => `<!doctype html><meta charset="utf-8"><link rel="icon" href="data:,"><title>test</title><script type="module">
import * as heddle from '/dist/heddle.js';
window.result = (async ({ delayed, compute, info, Runtime, sleep }) => { ${body} })(heddle)
  .catch((error) => ({ name: error.name, message: error.message, task: error.task }));
</script>`;

const sumOfIncs = `
  const inc = delayed((x) => x + 1);
  const sum = delayed((xs) => xs.reduce((a, b) => a + b, 0));
  const total = sum([1, 2, 3, 4, 5, 6, 7, 8].map((x) => inc(x)));`;

describe.each(browserNames)('in %s', (name) => {
  /** @type {import('puppeteer-core').Browser} */
  let browser;
  beforeAll(async () => {
    browser = await launch(name);
  });
  afterAll(() => browser?.close());

  async function run(body, headers) {
    const server = await serve(page(body), headers);
    try {
      return await resultOf(browser, server.url);
    } finally {
      server.close();
    }
  }

  test('an isolated document runs a graph on threads, and gets the result of the serial run', async () => {
    const result = await run(`${sumOfIncs}
      return { isolated: crossOriginIsolated, threads: await total.compute({ workers: 2 }),
        sync: await total.compute({ scheduler: 'sync' }), info: await info() };`);
    expect(result).toMatchObject({ isolated: true, threads: 44, sync: 44, info: { threads: true, scheduler: 'threads', running: 2 } });
  });

  test('results larger than the heap was arrive, and the heap is as empty as before afterwards', async () => {
    const result = await run(`
      const fill = delayed((n) => new Float64Array(n).fill(2)), last = delayed((xs) => xs[xs.length - 1] + xs.length);
      const runtime = await Runtime.start({ workers: 2 });
      await last(fill(10)).compute({ runtime });
      const before = runtime.memory;
      const value = await last(fill(5e6)).compute({ runtime });
      const whole = await fill(3e6).compute({ runtime });
      const after = runtime.memory;
      await runtime.close();
      return { value, length: whole.length, end: whole[2999999], grown: after.bytes > before.bytes, live: after.live - before.live };`);
    expect(result).toEqual({ value: 5e6 + 2, length: 3e6, end: 2, grown: true, live: 0 });
  });

  test("a task's error keeps its class and message and names the task; the pool goes on", async () => {
    const result = await run(`
      const fail = delayed(function fail() { throw new RangeError('out of ' + 1); });
      const error = await fail().compute().catch((error) => error);
      return { range: error instanceof RangeError, message: error.message, task: error.task.name,
        next: await delayed((x) => x * 2)(21).compute() };`);
    expect(result).toEqual({ range: true, message: 'out of 1', task: 'fail', next: 42 });
  });

  test('workers sleep at the same time: two tasks that wait for each other both end', async () => {
    const result = await run(`
      const meet = delayed((cells, mine, other) => {
        Atomics.store(cells, mine, 1);
        Atomics.notify(cells, mine);
        return Atomics.wait(cells, other, 0, 20000);
      });
      // Large inputs are shared views: here, on purpose, a place for two tasks to meet.
      const cells = delayed(() => new Int32Array(65536))();
      return compute([meet(cells, 0, 1), meet(cells, 1, 0)], { workers: 2 });`);
    expect(result.every((outcome) => outcome === 'ok' || outcome === 'not-equal')).toBe(true);
  });

  test('a document that is not isolated runs serially and says why', async () => {
    const result = await run(`${sumOfIncs}
      return { total: await total.compute(), info: await info(), refused: await total.compute({ scheduler: 'threads' }).catch((error) => error.message) };`, {});
    expect(result).toMatchObject({ total: 44, info: { threads: false, scheduler: 'sync' } });
    expect(result.info.reason).toMatch(/not cross-origin isolated/);
    expect(result.refused).toMatch(/not cross-origin isolated/);
  });

  test("a page's main thread is not allowed to wait for threads", async () => {
    const result = await run(`${sumOfIncs}
      await total.compute({ scheduler: 'sync' });
      let refused;
      try { total.computeSync({ scheduler: 'threads' }); } catch (error) { refused = error.name; }
      return { refused, sync: total.computeSync({ scheduler: 'sync' }) };`);
    expect(result).toEqual({ refused: 'UnsupportedError', sync: 44 });
  });
});
