// Runtimes: their life, their memory, their threads; and info and config.
import { afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { CancelledError, HdError, OptionError, Runtime, compute, computeSync, config, delayed, get, info, sleep, spin, version } from 'heddle';
import { readFileSync, readdirSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { meet, notebook, rejection } from './ways.mjs';

const inc = delayed((x) => x + 1);
const add = delayed((x, y) => x + y);
const meeting = delayed(meet);

let book;
beforeEach(() => (book = notebook()));
afterEach(() => book.remove());

/** Runs with a Runtime and closes it. */
async function using(options, run) {
  const runtime = await Runtime.start(options);
  try {
    return await run(runtime);
  } finally {
    await runtime.close();
  }
}

/** Threads of this process, as the system counts them. */
const threadCount = () => readdirSync('/proc/self/task').length;

describe('Runtime.start', () => {
  test('has the workers that are asked for, and they work at the same time', async () => {
    await using({ workers: 3 }, async (runtime) => {
      expect(runtime.workers).toBe(3);
      expect(await compute([meeting(book.file, 3), meeting(book.file, 3), meeting(book.file, 3)], { runtime })).toEqual([true, true, true]);
    });
  });

  test('has one for each processor, at most 8, if it is asked for nothing', async () => {
    await using(undefined, (runtime) => expect(runtime.workers).toBe(Math.min(availableParallelism(), 8)));
  });

  test.each([0, -1, 1.5, 257, NaN, '2', null])('refuses %p workers with an OptionError', async (workers) => {
    expect(await rejection(Runtime.start({ workers }))).toMatchObject({ name: 'OptionError', option: 'workers' });
  });

  test.each([['a misspelt option', { worker: 2 }], ['a number of workers by itself', '2']])('refuses %s with an OptionError', async (_, options) => {
    expect(await rejection(Runtime.start(options))).toBeInstanceOf(OptionError);
  });

  test('takes memory as bytes or as text, up to all 4 GB', async () => {
    for (const memory of [64 * 1024 ** 2, '64MB', '64 mb', '0.25GB', '4GB'])
      await using({ workers: 1, memory }, async (runtime) => {
        expect(await compute(inc(1), { runtime })).toBe(2);
        expect(runtime.memory.bytes).toBeGreaterThanOrEqual(16 * 1024 ** 2);
      });
  });

  test('memory grows with what is in it, and says so', async () => {
    await using({ workers: 1 }, async (runtime) => {
      const { bytes } = runtime.memory;
      expect(await compute(delayed(() => new Uint8Array(64 * 1024 ** 2))(), { runtime })).toHaveLength(64 * 1024 ** 2);
      expect(runtime.memory.bytes).toBeGreaterThan(bytes);
    });
  });
});

describe('the option runtime', () => {
  test('is where the tasks run', async () => {
    const thread = delayed(() => globalThis.process.getBuiltinModule('node:worker_threads').threadId);
    const mine = await using({ workers: 1 }, async (runtime) => {
      const ids = new Set(await compute(Array.from({ length: 10 }, () => thread()), { runtime }));
      expect(ids.size).toBe(1);
      return [...ids][0];
    });
    expect(await compute(thread(), { scheduler: 'threads' })).not.toBe(mine);
  });

  test('works with get too', async () => {
    await using({ workers: 1 }, async (runtime) => expect(await get({ x: 1, y: [(x) => x + 1, 'x'] }, 'y', { runtime })).toBe(2));
  });

  test('with workers uses at most so many of it, or makes it larger', async () => {
    await using({ workers: 2 }, async (runtime) => {
      const thread = delayed(() => { sleep(0.001); return globalThis.process.getBuiltinModule('node:worker_threads').threadId; });
      expect(new Set(await compute(Array.from({ length: 30 }, () => thread()), { runtime, workers: 1 })).size).toBe(1);
      const four = Array.from({ length: 4 }, () => meeting(book.file, 4));
      expect(await compute(four, { runtime, workers: 4 })).toEqual([true, true, true, true]);
      expect(runtime.workers).toBe(4);
    });
  });

  test('without workers uses those that it was started with, whatever config says', async () => {
    config.workers = 1;
    try {
      await using({ workers: 2 }, async (runtime) =>
        expect(await compute([meeting(book.file, 2), meeting(book.file, 2)], { runtime })).toEqual([true, true]));
    } finally {
      config.workers = undefined;
    }
  });

  test('is an OptionError with computeSync, which would wait for its own thread', async () => {
    await using({ workers: 1 }, (runtime) => {
      expect(() => computeSync(inc(1), { runtime })).toThrow(OptionError);
      expect(() => computeSync(inc(1), { runtime })).toThrow('await compute()');
    });
  });

  test('two Runtimes at once are apart: heaps, threads, functions', async () => {
    await using({ workers: 1 }, (first) => using({ workers: 2 }, async (second) => {
      const [a, b] = await Promise.all([
        compute(Array.from({ length: 100 }, (_, i) => inc(i)), { runtime: first }),
        compute(Array.from({ length: 100 }, (_, i) => add(i, i)), { runtime: second }),
      ]);
      expect(a).toEqual(Array.from({ length: 100 }, (_, i) => i + 1));
      expect(b).toEqual(Array.from({ length: 100 }, (_, i) => 2 * i));
      await first.close();
      expect(await compute(inc(1), { runtime: second })).toBe(2);
    }));
  });
});

describe('close', () => {
  beforeAll(() => using({ workers: 1 }, () => {})); // what Node itself starts with the first is there now

  test('cancels what is under way, and what is asked for later is refused', async () => {
    const runtime = await Runtime.start({ workers: 2 });
    const slow = delayed((x) => { sleep(0.05); return x; });
    let running;
    /* Until some of its tasks are done. A second computation would not do: earlier ones come first. */
    await new Promise((resolve) => {
      running = compute(Array.from({ length: 100 }, (_, i) => slow(i)), { runtime, onProgress: resolve });
      running.catch(() => {});
    });
    expect(runtime.closed).toBe(false);
    await runtime.close();
    expect(runtime.closed).toBe(true);
    const error = await rejection(running);
    expect(error).toBeInstanceOf(CancelledError);
    expect(error.message).toMatch(/closed/);
    const late = await rejection(compute(inc(1), { runtime }));
    expect(late).toBeInstanceOf(HdError);
    expect(late).toMatchObject({ code: 'CLOSED' });
    expect(late.message).toMatch(/closed.*start/);
  });

  test('twice is once, also at the same time', async () => {
    const runtime = await Runtime.start({ workers: 1 });
    await Promise.all([runtime.close(), runtime.close()]);
    await runtime.close();
    expect(runtime.workers).toBe(0);
  });

  test('ends threads in whatever they do: loops, sleeps, promises', async () => {
    const before = threadCount();
    const runtime = await Runtime.start({ workers: 3 });
    const started = delayed((file, how) => {
      globalThis.process.getBuiltinModule('node:fs').appendFileSync(file, 'on\n');
      if (how === 'loop') for (;;);
      if (how === 'sleep') sleep(3600);
      return new Promise(() => {});
    });
    const running = compute(['loop', 'sleep', 'promise'].map((how) => started(book.file, how)), { runtime });
    running.catch(() => {});
    while (book.lines().length < 3) await new Promise((resume) => setTimeout(resume, 1));
    await runtime.close();
    expect(await rejection(running)).toBeInstanceOf(CancelledError);
    /* Other pools of this process may just be replacing a thread. */
    for (const until = Date.now() + 5000; threadCount() > before && Date.now() < until; ) await new Promise((resume) => setTimeout(resume, 1));
    expect(threadCount()).toBeLessThanOrEqual(before);
  });

  test('leaves the default Runtime alone', async () => {
    expect(await compute(inc(1), { scheduler: 'threads' })).toBe(2);
    await using({ workers: 1 }, () => {});
    expect(await compute(inc(1), { scheduler: 'threads' })).toBe(2);
  });

  test('is what await using calls', async () => {
    const runtime = await Runtime.start({ workers: 1 });
    await runtime[Symbol.asyncDispose ?? Symbol.for('Symbol.asyncDispose')]();
    expect(runtime.closed).toBe(true);
  });

  test('40 times after a start leaves no thread behind', async () => {
    await using({ workers: 2 }, (runtime) => compute(inc(1), { runtime }));
    const before = threadCount();
    for (let i = 0; i < 40; i++)
      await using({ workers: 2 }, async (runtime) => expect(await compute(add(inc(i), inc(i)), { runtime })).toBe(2 * i + 2));
    expect(threadCount()).toBeLessThanOrEqual(before);
  });

  test('at once after a start, without any computation', async () => {
    const before = threadCount();
    for (let i = 0; i < 10; i++) await (await Runtime.start({ workers: 4 })).close();
    expect(threadCount()).toBeLessThanOrEqual(before);
  });
});

describe('live bytes are after each computation what they were before', () => {
  const bad = delayed(() => { throw new Error('no'); });
  const cancelled = (runtime) => {
    const controller = new AbortController();
    const slow = delayed((x) => { sleep(0.002); return [x]; });
    return compute(Array.from({ length: 200 }, (_, i) => slow(i)), { runtime, signal: controller.signal, onProgress: () => controller.abort() });
  };
  /** A result that its graph does not need any more is released on the way, and one that is wanted at the end. */
  const kinds = [
    ['numbers', (runtime) => compute(add(inc(1), inc(2)), { runtime })],
    ['strings, lists and nested arguments', (runtime) => compute([delayed((x) => `${x}!`)(['a', { b: inc(1) }]), { c: inc(2) }], { runtime })],
    ['typed arrays and parts of them', (runtime) => {
      const array = delayed(() => new Float64Array(20_000))();
      return compute([delayed((x) => x.subarray(5))(array), delayed((x) => x.subarray(7))(delayed((x) => x.subarray(1))(array))], { runtime });
    }],
    ['a wide graph', (runtime) => compute(delayed((...all) => all.length)(...Array.from({ length: 3000 }, (_, i) => inc(i))), { runtime })],
    ['given keys', (runtime) => get({ x: 1, y: [(x) => x + 1, 'x'], z: ['x', 'y'] }, ['y', 'z'], { runtime })],
    ['asynchronous tasks', (runtime) => compute(Array.from({ length: 100 }, (_, i) => delayed(async (x) => { await null; return { x }; })(i)), { runtime })],
    ['an error', (runtime) => rejection(compute([inc('x'), bad(), inc([1])], { runtime }))],
    ['a result that cannot travel', (runtime) => rejection(compute([inc('x'), delayed(() => () => {})()], { runtime }))],
    ['an argument that cannot travel', (runtime) => rejection(compute([inc('text'), inc({ list: ['text'] }), inc(Symbol('x'))], { runtime }))],
    ['a cycle', (runtime) => rejection(get({ x: ['text', 'y'], y: [(x) => x, 'x'] }, 'x', { runtime }))],
    ['two tasks with one key', (runtime) => rejection(compute([1, 2].map((i) => delayed((x) => x, { key: 'k' })(`text ${i}`)), { runtime }))],
    ['a cancelled computation', (runtime) => rejection(cancelled(runtime))],
  ];

  test.each(kinds)('%s', async (_, run) => {
    await using({ workers: 2 }, async (runtime) => {
      // Each worker keeps a little room for arguments, once it has had some.
      const warm = () => compute(Array.from({ length: 2 }, () => meeting(`${book.file}`, book.lines().length + 2)), { runtime });
      const settled = async (live) => {
        // A cancelled computation is over for its user while its last task still runs.
        for (const until = Date.now() + 10_000; runtime.memory.live !== live && Date.now() < until; ) await new Promise((resume) => setTimeout(resume, 1));
        return runtime.memory.live;
      };
      await warm();
      await run(runtime);
      await warm();
      const { live } = runtime.memory;
      for (let i = 0; i < 10; i++) {
        await run(runtime);
        expect(await settled(live)).toBe(live);
      }
    });
  });

  test('100,000 tasks, five times over', async () => {
    await using({ workers: 2 }, async (runtime) => {
      const all = delayed((...numbers) => numbers.length);
      const large = () => compute(all(...Array.from({ length: 100_000 }, (_, i) => inc(i))), { runtime });
      await large();
      const { live } = runtime.memory;
      let { bytes } = runtime.memory;
      for (let i = 0; i < 5; i++) {
        expect(await large()).toBe(100_000);
        expect(runtime.memory.live).toBe(live);
        if (i === 0) ({ bytes } = runtime.memory);
      }
      expect(runtime.memory.bytes).toBeLessThan(2 * bytes); // nor does the heap grow and grow
    });
  });
});

describe('info', () => {
  test('says what is here', async () => {
    await compute(inc(1), { scheduler: 'threads', workers: 2 });
    const { running, memory, ...rest } = await info();
    expect(rest).toEqual({
      version, scheduler: 'threads', threads: true, processors: availableParallelism(),
      workers: Math.min(availableParallelism(), 8), platform: 'node',
    });
    expect(running).toBeGreaterThanOrEqual(2);
    expect(memory).toEqual({ bytes: expect.any(Number), live: expect.any(Number) });
  });

  test('follows config', async () => {
    Object.assign(config, { scheduler: 'sync', workers: 3 });
    try {
      expect(await info()).toMatchObject({ scheduler: 'sync', workers: 3 });
    } finally {
      Object.assign(config, { scheduler: undefined, workers: undefined });
    }
  });
});

describe('config', () => {
  test('has these defaults', () => {
    expect(config).toEqual({ scheduler: undefined, workers: undefined, memory: undefined, strict: false,
      optimize: true, order: 'fast', budget: undefined, cache: undefined, graceMs: 250 });
  });

  test('has no other names: a misspelt one is an error at once', () => {
    expect(() => { config.worker = 2; }).toThrow(TypeError);
  });

  test('workers is how many a new Runtime has', async () => {
    config.workers = 3;
    try {
      await using({}, (runtime) => expect(runtime.workers).toBe(3));
    } finally {
      config.workers = undefined;
    }
  });

  test('memory is how large a new Runtime may grow', async () => {
    config.memory = '16MB';
    try {
      await using({ workers: 1 }, async (runtime) =>
        expect((await rejection(compute(delayed(() => new Uint8Array(2 ** 25))(), { runtime }))).code).toBe('OUT_OF_MEMORY'));
    } finally {
      config.memory = undefined;
    }
  });
});

test("version is the package's", () => {
  expect(version).toBe(JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')).version);
});

describe('sleep and spin', () => {
  test.each([[sleep], [spin]])('take the seconds they are told, and not less', (pause) => {
    const start = performance.now();
    pause(0.03);
    expect(performance.now() - start).toBeGreaterThanOrEqual(29);
    pause(0);
  });

  test.each([[-1], ['1'], [NaN], [undefined], [null]])('refuse %p', (seconds) => {
    expect(() => sleep(seconds)).toThrow(OptionError);
    expect(() => spin(seconds)).toThrow(OptionError);
  });

  test('are there in tasks without being carried', async () => {
    const both = delayed(() => { sleep(0.001); spin(0.001); return 1; });
    expect(await compute(both(), { scheduler: 'threads' })).toBe(1);
    expect(await compute(both(), { scheduler: 'sync', strict: true })).toBe(1);
  });

  test('sleep in one worker does not stop another', async () => {
    const asleep = delayed((file) => {
      const read = () => globalThis.process.getBuiltinModule('node:fs').readFileSync(file, 'utf8');
      for (const until = Date.now() + 20_000; read() === '' && Date.now() < until; ) sleep(0.01);
      return read();
    });
    const awake = delayed((file) => globalThis.process.getBuiltinModule('node:fs').appendFileSync(file, 'awake\n'));
    expect((await compute([asleep(book.file), awake(book.file)], { workers: 2 }))[0]).toBe('awake\n');
  });
});
