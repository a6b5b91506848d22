// The context of a task, which functions with { ctx: true } get first; and tasks that wait for something.
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { CancelledError, OptionError, TimeoutError, bind, clone, compute, delayed, get, sleep } from 'heddle';
import { spawnSync } from 'node:child_process';
import http from 'node:http';
import { fileURLToPath } from 'node:url';
import { notebook, note, rejection, ways } from './ways.mjs';

const root = fileURLToPath(new URL('../..', import.meta.url));
const inc = delayed((x) => x + 1);
const withCtx = (fn, options) => delayed(fn, { ...options, ctx: true });
/** Ways in which a task may wait for something, and in which the test goes on meanwhile. */
const waiting = ways.filter(({ waits, threads }) => !waits || threads), free = ways.filter(({ waits }) => !waits);
const threads = free.filter((way) => way.threads);

let book;
beforeEach(() => (book = notebook()));
afterEach(() => book.remove());

/** Until a notebook has so many lines. */
const noted = async (count) => {
  while (book.lines().length < count) await new Promise((resume) => setTimeout(resume, 1));
  return book.lines();
};

/** A local server that answers /<number>, and keeps /slow waiting. */
let server, url, open = 0, closed = 0;
beforeAll(async () => {
  server = http.createServer((request, response) => {
    open++;
    response.on('close', () => response.writableFinished || closed++);
    if (request.url !== '/slow') response.end(request.url.slice(1));
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  url = `http://127.0.0.1:${server.address().port}/`;
});
afterAll(() => {
  server.closeAllConnections();
  server.close();
});

describe.each(ways)('$way', (way) => {
  const { run } = way;

  test('it has the key, a worker, and that this is the first attempt', async () => {
    const who = withCtx((ctx, x) => ({ key: ctx.key, worker: ctx.worker, attempt: ctx.attempt, aborted: ctx.signal.aborted, x }));
    const nodes = [who(1), who(2), withCtx((ctx) => ({ key: ctx.key }), { key: 'mine' })()];
    const [first, second, mine] = await run(nodes);
    expect(first).toEqual({ key: nodes[0].key, worker: expect.any(Number), attempt: 1, aborted: false, x: 1 });
    expect(second.key).toBe(nodes[1].key);
    expect(mine).toEqual({ key: 'mine' });
    for (const { worker } of [first, second]) expect(worker).toBeLessThan(way.threads ? 4 : 1);
  });

  test('the arguments follow it: results, containers with results inside, none', async () => {
    const args = withCtx((ctx, ...rest) => [ctx.key.replace(/-\d+$/, ''), ...rest], { name: 'args' });
    expect(await run([args(), args(1), args(inc(1), 'text'), args([inc(1), { a: inc(2) }], new Map([['m', inc(3)]])), args(undefined)]))
      .toEqual([['args'], ['args', 1], ['args', 2, 'text'], ['args', [2, { a: 3 }], new Map([['m', 4]])], ['args', undefined]]);
  });

  test('in a chain each part has its own', async () => {
    const step = withCtx((ctx, keys) => [...keys, ctx.key]);
    const a = step([]), b = step(a), c = step(b);
    expect(await run(c)).toEqual([a.key, b.key, c.key]);
    expect(await run(c, { optimize: false })).toEqual([a.key, b.key, c.key]);
  });

  test('copies that are cloned or bound have their own keys', async () => {
    const who = withCtx((ctx, x) => [ctx.key, x])(5);
    const copy = clone(who), bound = bind(who, inc(1));
    expect(await run([who, copy, bound])).toEqual([[who.key, 5], [copy.key, 5], [bound.key, 5]]);
    expect(new Set([who.key, copy.key, bound.key]).size).toBe(3);
  });

  test('a function without ctx gets none, though it is the same one', async () => {
    const fn = (...args) => args.length;
    expect(await run([delayed(fn)(1), withCtx(fn)(1)])).toEqual([1, 2]);
  });

  test('a value of its scope and one of its own stand beside it', async () => {
    const factor = 3, helper = (ctx) => ctx.attempt;
    expect(await run(withCtx((ctx, x) => x * factor + helper(ctx), { scope: { factor, helper } })(2))).toBe(7);
  });

  test('its members are checked', async () => {
    const wrong = [
      [(ctx) => ctx.progress('half'), 'fraction'], [(ctx) => ctx.progress(1.5), 'fraction'], [(ctx) => ctx.progress(NaN), 'fraction'],
      [(ctx) => ctx.progress(-0.1), 'fraction'], [(ctx) => ctx.empty(Array, 1), 'Class'], [(ctx) => ctx.empty('Float64Array', 1), 'Class'],
      [(ctx) => ctx.empty(DataView, 1), 'Class'], [(ctx) => ctx.empty(Float64Array, -1), 'length'], [(ctx) => ctx.empty(Float64Array, 1.5), 'length'],
      [(ctx) => ctx.empty(Float64Array), 'length'],
    ];
    for (const [misuse, option] of wrong) {
      const error = await rejection(run(withCtx(misuse)()));
      expect(error).toBeInstanceOf(OptionError);
      expect(error).toMatchObject({ option, task: { name: 'task' } });
    }
  });

  describe('empty', () => {
    const kinds = [Int8Array, Uint8Array, Uint8ClampedArray, Int16Array, Uint16Array, Int32Array, Uint32Array, Float32Array, Float64Array, BigInt64Array, BigUint64Array];

    test('gives zeros of every class and length, as a result', async () => {
      const make = withCtx((ctx, name, length) => ctx.empty(globalThis[name], length));
      for (const length of [0, 1, 3, 20_000])
        expect(await run(kinds.map(({ name }) => make(name, length)))).toEqual(kinds.map((Class) => new Class(length)));
    });

    test('what was written is the result, also when it is used first', async () => {
      const dirty = withCtx((ctx, n) => ctx.empty(Float64Array, n).fill(7));
      const zeros = withCtx((ctx, n) => ctx.empty(Float64Array, n)), sum = delayed((xs) => xs.reduce((a, b) => a + b, 0));
      for (let round = 0; round < 3; round++) {
        expect(await run(sum(dirty(10_000)), { optimize: { fuse: false } })).toBe(70_000);
        expect(await run(sum(zeros(10_000)), { optimize: { fuse: false } })).toBe(0);
      }
    });

    test('a part of it is a result, and so is all of it seen another way', async () => {
      const part = withCtx((ctx) => ctx.empty(Float64Array, 10).map((_, i) => i).subarray(2, 5));
      const own = withCtx((ctx) => {
        const array = ctx.empty(Float64Array, 20_000);
        for (let i = 0; i < array.length; i++) array[i] = i;
        return array.subarray(19_990);
      });
      const bytes = withCtx((ctx) => {
        const array = ctx.empty(Uint32Array, 2).fill(0x01010101);
        return new Uint8Array(array.buffer, array.byteOffset, 8);
      });
      expect(await run([part(), own(), bytes()])).toEqual([Float64Array.of(2, 3, 4), Float64Array.from({ length: 10 }, (_, i) => 19_990 + i), new Uint8Array(8).fill(1)]);
    });

    test('inside other values it is right too, several of them, and one twice', async () => {
      const make = withCtx((ctx) => {
        const a = ctx.empty(Float64Array, 9000).fill(1), b = ctx.empty(Int8Array, 3).fill(2);
        return { a, list: [b, b], map: new Map([['a', a.subarray(0, 2)]]) };
      });
      const { a, list, map } = await run(make());
      expect(a).toEqual(new Float64Array(9000).fill(1));
      expect(list).toEqual([new Int8Array(3).fill(2), new Int8Array(3).fill(2)]);
      expect(list[0]).toBe(list[1]);
      expect(map.get('a')).toEqual(Float64Array.of(1, 1));
    });

    test('one of several is the result, and none may be', async () => {
      const second = withCtx((ctx) => (ctx.empty(Float64Array, 5).fill(1), ctx.empty(Float64Array, 5).fill(2)));
      const none = withCtx((ctx) => ctx.empty(Float64Array, 5).fill(3)[4]);
      expect(await run([second(), none()])).toEqual([new Float64Array(5).fill(2), 3]);
    });

    test('goes through chains, read and passed on', async () => {
      const make = withCtx((ctx, n) => ctx.empty(Float64Array, n).fill(2)), half = delayed((xs) => xs.subarray(0, xs.length / 2));
      const last = withCtx((ctx, xs) => ctx.empty(Float64Array, xs.length).fill(xs.at(-1) + 1));
      for (const optimize of [true, false]) {
        expect(await run(half(half(make(16_000))), { optimize })).toEqual(new Float64Array(4000).fill(2));
        expect(await run(last(half(make(40_000))), { optimize })).toEqual(new Float64Array(20_000).fill(3));
      }
    });
  });

  test('a module\'s function gets it too', async () => {
    const told = delayed({ module: new URL('../fixtures/tasks.mjs', import.meta.url), name: 'told' }, { ctx: true, retries: 1 });
    if (way.waits && !way.threads) return; /* it is asynchronous */
    const node = told([inc(1)], 2);
    expect(await run(node)).toEqual([node.key, 1, false, [2], 2]);
  });

  test('a raw graph has it by way of a delayed function that is called', async () => {
    const key = withCtx((ctx) => ctx.key)();
    expect(await way.runGet({ x: key, y: [(x) => x, 'x'] }, 'y').catch((error) => error.message)).toEqual(expect.any(String));
  });
});

describe.each(waiting)('$way: tasks that wait', ({ run, threads: onThreads }) => {
  test('timers and promises settle, in whatever order', async () => {
    const later = delayed(async (x, ms) => { await new Promise((resolve) => setTimeout(resolve, ms)); return x; });
    expect(await run(Array.from({ length: 20 }, (_, i) => later(i, 20 - i)))).toEqual(Array.from({ length: 20 }, (_, i) => i));
  });

  test('300 at a time', async () => {
    const later = withCtx(async (ctx, x) => { await new Promise((resolve) => setTimeout(resolve, 30)); return [x, ctx.attempt]; });
    const began = performance.now();
    expect(await run(Array.from({ length: onThreads ? 300 : 20 }, (_, i) => later(i)))).toEqual(Array.from({ length: onThreads ? 300 : 20 }, (_, i) => [i, 1]));
    if (onThreads) expect(performance.now() - began).toBeLessThan(300 * 30); /* not one after the other, on any number of workers */
  });

  test('and chains of them, with what does not wait between', async () => {
    const later = delayed(async (x) => { await null; return x + 1; });
    expect(await run(later(inc(later(inc(later([1].length))))))).toBe(6);
  });

  test('empty before and after an await is a result that is not mixed up', async () => {
    const make = withCtx(async (ctx, value) => {
      const before = ctx.empty(Float64Array, 10_000).fill(value);
      await new Promise((resolve) => setTimeout(resolve, value % 3));
      return value % 2 ? before : ctx.empty(Float64Array, 10_000).fill(value + before[0]);
    });
    const sums = Array.from({ length: 12 }, (_, i) => delayed((xs) => [xs.length, xs[0], xs.at(-1)])(make(i)));
    for (const optimize of [true, { fuse: false }])
      expect(await run(sums, { optimize })).toEqual(Array.from({ length: 12 }, (_, i) => [10_000, i % 2 ? i : 2 * i, i % 2 ? i : 2 * i]));
  });

  test('what belonged to a task that has ended is refused: empty throws, progress and the signal do nothing', async () => {
    const leaves = withCtx((ctx) => void (globalThis.left = ctx));
    const finds = delayed((after) => {
      const ctx = globalThis.left;
      if (!ctx) return 'another worker';
      try {
        ctx.progress(0.5);
        ctx.empty(Float64Array, 3);
      } catch (error) {
        return [error.name, ctx.signal.aborted, /has ended/.test(error.message)];
      }
    });
    if (!onThreads) return; /* there arrays are JavaScript's own */
    const found = await run(finds(leaves()), { optimize: { fuse: false }, workers: 1 });
    expect(found).toEqual(['OptionError', false, true]);
  });
});

describe.each(free)('$way: fetch', ({ run, threads: onThreads }) => {
  const page = withCtx(async (ctx, address) => (await fetch(address, { signal: ctx.signal })).text());

  test('in many tasks at once', async () => {
    const count = onThreads ? 80 : 10;
    expect(await run(Array.from({ length: count }, (_, i) => page(`${url}${i}`)))).toEqual(Array.from({ length: count }, (_, i) => String(i)));
  });

  test('with the signal is given up when the computation is cancelled', async () => {
    const controller = new AbortController(), [before, given] = [open, closed];
    const running = run(page(`${url}slow`), { signal: controller.signal });
    running.catch(() => {});
    while (open === before) await new Promise((resume) => setTimeout(resume, 1));
    controller.abort('enough');
    const error = await rejection(running);
    expect(error).toBeInstanceOf(CancelledError);
    expect(error.cause).toBe('enough');
    while (closed === given) await new Promise((resume) => setTimeout(resume, 1));
  });

  test('with the signal is given up when its time is up', async () => {
    const given = closed;
    const slow = delayed(async (ctx, address) => (await fetch(address, { signal: ctx.signal })).text(), { name: 'slow', ctx: true, timeoutMs: 100 });
    const error = await rejection(run(slow(`${url}slow`)));
    expect(error).toBeInstanceOf(TimeoutError);
    expect(error).toMatchObject({ code: 'TIMED_OUT', task: { name: 'slow' } });
    while (closed === given) await new Promise((resume) => setTimeout(resume, 1));
  });
});

describe('the signal', () => {
  const untilAborted = withCtx(async (ctx, file) => {
    const fs = globalThis.process.getBuiltinModule('node:fs');
    fs.appendFileSync(file, 'on\n');
    await new Promise((resolve) => ctx.signal.addEventListener('abort', resolve));
    fs.appendFileSync(file, `${ctx.signal.aborted} ${ctx.signal.reason?.name}\n`);
  });
  const busy = withCtx((ctx, file) => {
    const fs = globalThis.process.getBuiltinModule('node:fs');
    fs.appendFileSync(file, 'on\n');
    while (!ctx.signal.aborted);
    fs.appendFileSync(file, `${ctx.signal.reason?.name}\n`);
    ctx.signal.throwIfAborted();
  });

  test.each(free)('$way: tells a task that waits that the computation was cancelled', async ({ run }) => {
    const controller = new AbortController();
    const running = run(untilAborted(book.file), { signal: controller.signal });
    running.catch(() => {});
    await noted(1);
    controller.abort();
    expect(await rejection(running)).toBeInstanceOf(CancelledError);
    expect((await noted(2))[1]).toMatch(/^true /);
  });

  test.each(threads)('$way: is up to date in a loop that never comes back', async ({ run }) => {
    const controller = new AbortController();
    const running = run(busy(book.file), { signal: controller.signal });
    running.catch(() => {});
    await noted(1);
    controller.abort();
    expect(await rejection(running)).toBeInstanceOf(CancelledError);
    expect((await noted(2))[1]).toBe('CancelledError');
    expect(await run(inc(1))).toBe(2);
  });

  test.each(ways.filter((way) => way.threads))("$way: is aborted by another task's failure", async ({ run }) => {
    const fails = delayed((file) => {
      const fs = globalThis.process.getBuiltinModule('node:fs');
      for (const until = Date.now() + 10_000; Date.now() < until && !fs.readFileSync(file, 'utf8'); );
      throw new RangeError('mine');
    }, { priority: -1 });
    expect(await rejection(run([untilAborted(book.file), fails(book.file)]))).toMatchObject({ name: 'RangeError', message: 'mine' });
    expect((await noted(2))[1]).toMatch(/^true /);
  });

  test.each(ways)('$way: is aborted in a loop when the time is up', async ({ run, threads: onThreads }) => {
    const limited = delayed((ctx, file) => {
      while (!ctx.signal.aborted);
      globalThis.process.getBuiltinModule('node:fs').appendFileSync(file, `${ctx.signal.reason.name} ${ctx.signal.reason.timeoutMs}\n`);
    }, { name: 'limited', ctx: true, timeoutMs: 30 });
    const error = await rejection(run(limited(book.file)));
    expect(error).toBeInstanceOf(TimeoutError);
    expect(error.task).toMatchObject({ name: 'limited', attempt: onThreads ? expect.any(Number) : 1 });
    if (!onThreads) expect(book.lines()).toEqual(['TimeoutError 30']); /* there its thread may be ended before it looks */
    expect(await run(inc(1))).toBe(2);
  });

  test.each(waiting)('$way: is aborted for a task that waits when the time is up', async ({ run }) => {
    const limited = delayed(async (ctx, file) => {
      await new Promise((resolve) => ctx.signal.addEventListener('abort', resolve));
      globalThis.process.getBuiltinModule('node:fs').appendFileSync(file, `${ctx.signal.reason.name}\n`);
      throw new Error('too late to tell');
    }, { ctx: true, timeoutMs: 30 });
    expect(await rejection(run(limited(book.file)))).toBeInstanceOf(TimeoutError);
    expect(await noted(1)).toEqual(['TimeoutError']);
  });

  test.each(ways)('$way: is one and the same each time, and an AbortSignal', async ({ run }) => {
    expect(await run(withCtx((ctx) => [ctx.signal === ctx.signal, ctx.signal instanceof AbortSignal, ctx.signal.aborted, ctx.signal.reason])()))
      .toEqual([true, true, false, undefined]);
  });
});

describe('attempt', () => {
  test.each(ways)('$way: counts from 1, each time that the task is tried again', async ({ run }) => {
    const third = delayed((ctx, file) => {
      globalThis.process.getBuiltinModule('node:fs').appendFileSync(file, `${ctx.attempt}\n`);
      if (ctx.attempt < 3) throw new Error('again');
      return ctx.attempt;
    }, { ctx: true, retries: 5 });
    expect(await run(third(book.file))).toBe(3);
    expect(book.lines()).toEqual(['1', '2', '3']);
  });

  test.each(ways.filter((way) => way.threads))('$way: is 2 after its worker was lost', async ({ run }) => {
    const ends = withCtx((ctx) => {
      if (ctx.attempt === 1) globalThis.process.reallyExit(1);
      return ctx.attempt;
    });
    expect(await run(ends())).toBe(2);
  });
});

describe('log', () => {
  /** Lines that a script prints. */
  const printed = (source) => {
    const { stdout, stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', `import { compute, computeSync, delayed } from 'heddle'; ${source}`],
      { cwd: root, encoding: 'utf8', timeout: 30_000 });
    expect(stderr).toBe('');
    return stdout.split('\n').slice(0, -1);
  };
  const tasks = `const slow = delayed(async (ctx, ms) => {
    ctx.log('before', ms);
    await new Promise((go) => setTimeout(go, ms));
    ctx.log('after', { ms });
    return ms;
  }, { ctx: true, name: 'slow' });
  const all = [slow(30), slow(5), slow(15)];`;

  test.each([
    ['threads, 1 worker', "compute(all, { scheduler: 'threads', workers: 1 })"], ['threads, 2 workers', "compute(all, { scheduler: 'threads', workers: 2 })"],
    ['sync', "compute(all, { scheduler: 'sync' })"], ['sync, strict', "compute(all, { scheduler: 'sync', strict: true })"],
    ['computeSync', "computeSync(all, { scheduler: 'threads', workers: 2 })"],
  ])('%s: is labelled with its task also after an await, and comes before the result', (_, call) => {
    const lines = printed(`${tasks} console.log(String(await ${call}));`);
    expect(lines.at(-1)).toBe('30,5,15');
    const expected = [30, 5, 15].flatMap((ms, at) => [`[slow-${at + 1}] before ${ms}`, `[slow-${at + 1}] after { ms: ${ms} }`]);
    expect(lines.slice(0, -1).sort()).toEqual(expected.sort());
  });

  test('what is no text is labelled too', () => {
    expect(printed("await delayed((ctx) => { ctx.log({ a: 1 }, 2); ctx.log(); }, { ctx: true, key: 'k' })().compute({ workers: 1 });")).toEqual(['[k] { a: 1 } 2', expect.stringMatching(/^\[k\] ?$/)]);
  });

  test('a text with signs of a format keeps them after the label', () => {
    for (const scheduler of ['threads', 'sync'])
      expect(printed(`await delayed((ctx) => ctx.log('%d of %s', 1, 'two'), { ctx: true, key: 'k' })().compute({ scheduler: '${scheduler}' });`)).toEqual(['[k] 1 of two']);
  });

  test('a key with signs of a format stays as it is', () => {
    for (const scheduler of ['threads', 'sync'])
      expect(printed(`await delayed((ctx) => ctx.log('a', 'b'), { ctx: true, key: '100%s' })().compute({ scheduler: '${scheduler}' });`)).toEqual(['[100%s] a b']);
  });
});

test.each(ways)('$way: a task gives what it was given', async ({ run }) => {
  expect(await run(delayed(note)(book.file, 'x', [inc(1)]))).toEqual([2]);
});

test('what is no context option is refused at once', () => {
  expect(() => delayed(() => {}, { ctx: 1 })).toThrow(OptionError);
  expect(() => delayed(5, { ctx: true })).toThrow(OptionError);
});

test('get and sleep stand beside: a raw graph runs a function with ctx', async () => {
  sleep(0);
  expect(await get({ x: delayed((ctx) => ctx.attempt, { ctx: true })() }, 'x')).toBe(1);
  expect(await compute(delayed((ctx, x) => x, { ctx: true })(inc(0)))).toBe(1);
});
