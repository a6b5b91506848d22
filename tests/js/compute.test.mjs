// compute, in every way there is: equal results, progress, cancelling, options.
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { CancelledError, OptionError, Runtime, compute, computeSync, config, delayed, sleep, spin } from 'heddle';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { meet, note, notebook, rejection, ways } from './ways.mjs';

const inc = delayed((x) => x + 1);
const add = delayed((x, y) => x + y);
const total = delayed((numbers) => numbers.reduce((all, number) => all + number, 0));
const same = delayed((...values) => values);
const noted = delayed(note);

/** A number from many tasks: add(inc(1), inc(2)), and a sum of 50. */
const small = () => compute([add(inc(1), inc(2)), total(Array.from({ length: 50 }, (_, i) => inc(i)))]);
const smallResult = [5, 1275];

let book;
beforeEach(() => (book = notebook()));
afterEach(() => book.remove());

describe.each(ways)('$way', ({ run, waits, threads }) => {
  /** After whatever went wrong, the next computation must be right. */
  const works = async () => expect(await run([add(inc(1), inc(2)), inc(3)])).toEqual([5, 4]);

  describe('gives', () => {
    test('the result of a Delayed', async () => {
      expect(await run(add(inc(1), inc(2)))).toBe(5);
    });

    test('results in a structure', async () => {
      const [x, y] = [inc(1), inc(2)];
      expect(await run({ x, list: [y, 'text', [x]], map: new Map([['y', y]]), set: new Set([x]) })).toEqual({
        x: 2, list: [3, 'text', [2]], map: new Map([['y', 3]]), set: new Set([2]),
      });
    });

    test('results in nested arguments, beside values', async () => {
      const [x, y] = [inc(1), inc(2)];
      const nested = same([x, 'text', { y, deep: [[x]] }], new Map([['x', x], ['n', null]]), new Set([y, 7n]), undefined, -0);
      expect(await run(nested)).toEqual([
        [2, 'text', { y: 3, deep: [[2]] }], new Map([['x', 2], ['n', null]]), new Set([3, 7n]), undefined, -0,
      ]);
    });

    test('the same node in several arguments', async () => {
      const x = same('x');
      expect(await run(same(x, [x], x))).toEqual([['x'], [['x']], ['x']]);
    });

    test('many arguments, and none', async () => {
      const many = Array.from({ length: 200 }, (_, i) => (i % 2 ? inc(i) : i));
      expect(await run(same(...many))).toEqual(many.map((_, i) => (i % 2 ? i + 1 : i)));
      expect(await run(same())).toEqual([]);
    });

    test('every part once', async () => {
      //   top        Each line is written by one run of a task.
      //  / | \
      // a  b  c
      //  \ | /
      //  bottom
      const top = noted(book.file, 'top', 1);
      const [a, b, c] = ['a', 'b', 'c'].map((line) => noted(book.file, line, top));
      const bottom = noted(book.file, 'bottom', [a, b, c, top]);
      expect(await run([bottom, a, top])).toEqual([[1, 1, 1, 1], 1, 1]);
      const lines = book.lines();
      expect([...lines].sort()).toEqual(['a', 'b', 'bottom', 'c', 'top']);
      expect([lines[0], lines[4]]).toEqual(['top', 'bottom']);
    });

    test('only what is needed', async () => {
      const needed = noted(book.file, 'needed', 1);
      noted(book.file, 'not needed', needed);
      await run(needed);
      expect(book.lines()).toEqual(['needed']);
    });

    test.each([
      ['an empty array', []], ['an empty object', {}], ['a number', 5], ['undefined', undefined], ['null', null],
      ['a structure without Delayed', { a: [1, new Map([['b', 2]])] }],
    ])('what holds no Delayed as it is: %s', async (_, structure) => {
      expect(await run(structure)).toEqual(structure);
    });

    test('a chain and a fan of 2,000', async () => {
      let chain = inc(0);
      for (let i = 1; i < 2000; i++) chain = inc(chain);
      const fan = total(Array.from({ length: 2000 }, (_, i) => inc(i)));
      expect(await run([chain, fan])).toEqual([2000, 2_001_000]);
    });
  });

  describe('asynchronous tasks', () => {
    const later = delayed(async (x) => {
      await null;
      return x + 1;
    });

    if (waits && !threads) {
      test('are refused, with the way out', async () => {
        const error = await rejection(run(later(1)));
        expect(error.message).toMatch(/promise.*await compute\(\)/s);
        expect(error.task).toMatchObject({ key: expect.stringMatching(/^task-|^later-/) });
        await works();
      });
      return;
    }

    test('give what their promise gives', async () => {
      expect(await run(add(later(later(1)), inc(1)))).toBe(5);
    });

    test('may wait for timers, more of them than a worker keeps open', async () => {
      const timed = delayed((x) => new Promise((resolve) => setTimeout(() => resolve(x), 1)));
      const results = await run(Array.from({ length: 300 }, (_, x) => timed(x)));
      expect(results).toEqual(Array.from({ length: 300 }, (_, x) => x));
    });

    test('settle while others keep their worker busy', async () => {
      // The worker turns to its event loop, where they settle, between two of the busy ones.
      const timed = delayed((x) => new Promise((resolve) => setTimeout(() => resolve([x]), x % 7)));
      const busy = delayed((x) => { spin(0.001); return [x]; });
      const results = await run(Array.from({ length: 160 }, (_, x) => (x % 4 ? busy(x) : timed(x))));
      expect(results).toEqual(Array.from({ length: 160 }, (_, x) => [x]));
    });
  });

  describe('onProgress', () => {
    test('is told how many of all tasks are done, and at the end that all are', async () => {
      const told = [];
      await run(total(Array.from({ length: 20 }, (_, i) => inc(i))), { onProgress: (progress) => told.push(progress) });
      expect(told.length).toBeGreaterThan(0);
      for (const { done, total: all } of told) {
        expect(all).toBe(21);
        expect(done).toBeGreaterThanOrEqual(0);
      }
      const counts = told.map(({ done }) => done);
      expect(counts).toEqual([...new Set(counts)].sort((a, b) => a - b));
      expect(counts.at(-1)).toBe(21);
    });

    test('that throws makes the computation throw it', async () => {
      const mine = new Error('from onProgress');
      const error = await rejection(run([inc(1), inc(2)], { onProgress: () => { throw mine; } }));
      expect(error).toBe(mine);
      await works();
    });
  });

  describe('a signal', () => {
    test('that is aborted before: CancelledError with its reason, and nothing runs', async () => {
      const reason = new Error('no longer wanted');
      const error = await rejection(run(noted(book.file, 'ran', 1), { signal: AbortSignal.abort(reason) }));
      expect(error).toBeInstanceOf(CancelledError);
      expect(error).toMatchObject({ name: 'CancelledError', code: 'CANCELLED' });
      expect(error.cause).toBe(reason);
      expect(book.lines()).toEqual([]);
      await works();
    });

    // A call that blocks the thread with the signal cannot be aborted meanwhile.
    if (!(waits && threads))
      test('that is aborted while tasks run: CancelledError, and those that wait never start', async () => {
        const controller = new AbortController();
        const step = delayed(function step(file, previous) {
          note(file, 'ran', previous);
          sleep(0.02);
          return previous;
        }, { scope: { note } });
        let chain = 0;
        for (let i = 0; i < 500; i++) chain = step(book.file, chain);
        const error = await rejection(run(chain, { signal: controller.signal, onProgress: () => controller.abort('enough') }));
        expect(error).toBeInstanceOf(CancelledError);
        expect(error.cause).toBe('enough');
        await works();
        expect(book.lines().length).toBeLessThan(500);
      });

    test('that is aborted afterwards changes nothing', async () => {
      const controller = new AbortController();
      const result = await run([inc(1)], { signal: controller.signal });
      controller.abort();
      expect(result).toEqual([2]);
      await works();
    });
  });

  describe('options', () => {
    test.each([
      ['no workers', { workers: 0 }, 'workers', '1 to 256'],
      ['less than none', { workers: -1 }, 'workers', '1 to 256'],
      ['too many workers', { workers: 10_000 }, 'workers', '10000'],
      ['one and a half workers', { workers: 1.5 }, 'workers', '1.5'],
      ['workers in words', { workers: 'two' }, 'workers', 'two'],
      ['workers that are null', { workers: null }, 'workers', 'null'],
      ['an unknown scheduler', { scheduler: 'processes' }, 'scheduler', "'sync' and 'threads'"],
      ['an unknown option', { worker: 2 }, 'worker', "no option 'worker'"],
      ['a controller as signal', { signal: new AbortController() }, 'signal', 'AbortController().signal'],
      ['a progress that is no function', { onProgress: true }, 'onProgress', 'function'],
      ['a runtime that is none', { runtime: {} }, 'runtime', 'Runtime'],
      ['a runtime not awaited', { runtime: Promise.resolve() }, 'runtime', 'await'],
      ['too little memory', { memory: '15MB' }, 'memory', '15MB'],
      ['a strict that is no boolean', { strict: 'yes' }, 'strict', 'true or false'],
      ['an optimize in words', { optimize: 'all' }, 'optimize', 'all'],
      ['an optimize that is null', { optimize: null }, 'optimize', 'null'],
      ['an unknown pass', { optimize: { fuse: true, prune: true } }, 'optimize', 'prune: true'],
      ['a pass that is no boolean', { optimize: { cull: 0 } }, 'optimize', 'cull: 0'],
      ['an unknown order', { order: 'good' }, 'order', "'fast' or 'best'"],
      ['an order that is null', { order: null }, 'order', 'null'],
      ['a budget of nothing', { budget: 0 }, 'budget', 'but got 0'],
      ['a budget of half a result', { budget: { results: 0.5 } }, 'budget', 'results: 0.5'],
      ['a budget of more results than there can be', { budget: 2 ** 32 }, 'budget', '4294967296'],
      ['a budget in words', { budget: '512MB' }, 'budget', '512MB'],
      ['a budget of bytes in words', { budget: { bytes: 'much' } }, 'budget', 'bytes: much'],
      ['a budget of no bytes', { budget: { bytes: '0MB' } }, 'budget', '0MB'],
      ['an unknown budget', { budget: { tasks: 5 } }, 'budget', 'tasks: 5'],
      ['a budget that is null', { budget: null }, 'budget', 'null'],
    ])('%s: OptionError, and nothing runs', async (_, options, option, words) => {
      const error = await rejection(run(noted(book.file, 'ran', 1), options));
      expect(error).toBeInstanceOf(OptionError);
      expect(error).toMatchObject({ name: 'OptionError', code: 'OPTION', option });
      expect(error.message).toContain(words);
      expect(book.lines()).toEqual([]);
      await works();
    });

    test('are checked also when there is nothing to run', async () => {
      expect(await rejection(run([], { workers: 0 }))).toBeInstanceOf(OptionError);
    });
  });
});

describe('several computations at once', () => {
  test('on threads share the pool, and each gets its own results', async () => {
    const results = await Promise.all(Array.from({ length: 25 }, (_, i) =>
      compute([total(Array.from({ length: 20 }, (_, k) => inc(i * 100 + k))), add(i, i)], { scheduler: 'threads' })));
    expect(results).toEqual(Array.from({ length: 25 }, (_, i) => [i * 2000 + 190 + 20, 2 * i]));
  });

  test('may share nodes, with schedulers mixed', async () => {
    const shared = inc(1);
    const results = await Promise.all(['sync', 'threads', 'sync', 'threads', 'threads'].map((scheduler, i) =>
      compute([shared, add(shared, i)], { scheduler })));
    expect(results).toEqual([0, 1, 2, 3, 4].map((i) => [2, 2 + i]));
  });

  test('with computeSync between them', async () => {
    const first = compute(inc(1), { scheduler: 'threads' });
    expect(computeSync(inc(2), { scheduler: 'threads' })).toBe(3);
    expect(computeSync(inc(3), { scheduler: 'sync' })).toBe(4);
    expect(await first).toBe(2);
  });

  test('one that is aborted leaves the others alone', async () => {
    const controller = new AbortController();
    const slow = delayed((x) => { sleep(0.01); return x; });
    const doomed = compute(Array.from({ length: 200 }, (_, i) => slow(i)), { signal: controller.signal });
    const others = Promise.all(Array.from({ length: 5 }, () => small()));
    controller.abort();
    expect(await rejection(doomed)).toBeInstanceOf(CancelledError);
    expect(await others).toEqual(Array(5).fill(smallResult));
  });

  test('one that fails leaves the others alone', async () => {
    const bad = delayed(() => { throw new RangeError('bad'); });
    const doomed = compute(bad());
    const others = Promise.all(Array.from({ length: 5 }, () => small()));
    expect(await rejection(doomed)).toBeInstanceOf(RangeError);
    expect(await others).toEqual(Array(5).fill(smallResult));
  });
});

describe('workers', () => {
  const meeting = delayed(meet);
  const thread = delayed(() => {
    sleep(0.001);
    return globalThis.process.getBuiltinModule('node:worker_threads').threadId;
  });

  test('two run two tasks at the same time', async () => {
    expect(await compute([meeting(book.file, 2), meeting(book.file, 2)], { workers: 2 })).toEqual([true, true]);
  });

  test('four run four tasks at the same time, also with computeSync', () => {
    const four = Array.from({ length: 4 }, () => meeting(book.file, 4));
    expect(computeSync(four, { scheduler: 'threads', workers: 4 })).toEqual([true, true, true, true]);
  });

  test.each([1, 2, 3])('at most %d threads do the work, though the pool has more', async (workers) => {
    await compute(Array.from({ length: 4 }, () => thread()), { workers: 4 });
    const threads = await compute(Array.from({ length: 60 }, () => thread()), { workers });
    expect(new Set(threads).size).toBeLessThanOrEqual(workers);
    expect(threads).not.toContain(0); // the main thread
  });

  test.each([['compute', compute], ['computeSync', async (...args) => computeSync(...args)]])(
    '%s with one worker does not make it one for those that follow', async (_, run) => {
      config.workers = 2; // what they have by default, whatever this machine has
      try {
        await run(inc(1), { workers: 1, scheduler: 'threads' });
        expect(await run([meeting(book.file, 2), meeting(book.file, 2)], { scheduler: 'threads' })).toEqual([true, true]);
      } finally {
        config.workers = undefined;
      }
    });

  test('with sync all runs in the caller', async () => {
    expect(await compute([thread(), thread()], { scheduler: 'sync' })).toEqual([0, 0]);
  });
});

test('with sync, results that nobody needs any more are let go on the way', async () => {
  //  a chain of 20, each needed by the next only
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc');
  setFlagsFromString('--no-expose-gc'); // other tests look at what a new context has
  const made = [];
  let most = 0;
  const step = delayed(async (previous) => {
    const mine = { number: previous.number + 1 };
    made.push(new WeakRef(mine));
    await new Promise((resume) => setTimeout(resume));
    collect();
    most = Math.max(most, made.filter((reference) => reference.deref()).length);
    return mine;
  });
  let node = step({ number: 0 });
  for (let i = 1; i < 20; i++) node = step(node);
  expect(await compute(node, { scheduler: 'sync' })).toEqual({ number: 20 });
  expect(most).toBeLessThanOrEqual(4); // the argument, the result, and what the engine still has in hand
});

describe('config', () => {
  afterEach(() => Object.assign(config, { scheduler: undefined, workers: undefined, memory: undefined, strict: false, optimize: true, order: 'fast', budget: undefined }));

  test('scheduler is the default, and an option goes before it', async () => {
    const outside = 5;
    const closure = delayed(() => outside);
    config.scheduler = 'sync';
    expect(await compute(closure())).toBe(5);
    expect((await rejection(compute(closure(), { scheduler: 'threads' }))).name).toBe('FunctionError');
  });

  test('strict is the default for sync, and an option goes before it', async () => {
    const outside = 5;
    const closure = delayed(() => outside);
    Object.assign(config, { scheduler: 'sync', strict: true });
    expect((await rejection(compute(closure()))).name).toBe('FunctionError');
    expect(() => computeSync(closure())).toThrow('outside');
    expect(await compute(closure(), { strict: false })).toBe(5);
  });

  test.each([
    ['scheduler', 'thread'], ['workers', 0], ['workers', 'all'], ['memory', '1TB'], ['strict', 1], ['optimize', 1], ['order', undefined], ['budget', -1],
  ])('a bad value is an OptionError when it is used: %s %p', async (option, value) => {
    config[option] = value;
    const error = await rejection(compute(inc(1)));
    expect(error).toBeInstanceOf(OptionError);
    expect(error).toMatchObject({ option });
    Object.assign(config, { [option]: undefined, strict: false, optimize: true, order: 'fast' });
    expect(await compute(inc(1))).toBe(2);
  });

  test('a Runtime that is given is used whatever scheduler is the default', async () => {
    config.scheduler = 'sync';
    const runtime = await Runtime.start({ workers: 1 });
    try {
      const onThread = delayed(() => globalThis.process.getBuiltinModule('node:worker_threads').threadId);
      expect(await compute(onThread(), { runtime })).toBeGreaterThan(0);
    } finally {
      await runtime.close();
    }
  });
});
