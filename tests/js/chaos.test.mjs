// Chaos: workers that are killed at any step, computations that are cancelled at any moment, tasks that fail anywhere. What
// comes out is right or an error of the expected type; the next computation is right; nothing hangs, and nothing is left
// behind. HEDDLE_SEED=… does the same again, HEDDLE_RUNS=… is how many graphs there are (npm run test:long).
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { CancelledError, Runtime, WorkerLostError, compute, computeSync, config, delayed, spin } from 'heddle';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { Worker } from 'node:worker_threads';
import { randomFrom, randomGraph } from './random-graph.mjs';
import { meet, rejection } from './ways.mjs';

const SEED = Number(process.env.HEDDLE_SEED ?? Date.now() % 1_000_000);
const GRAPHS = Number(process.env.HEDDLE_RUNS ?? 40);
const AT_ONCE = 3;
const LONG = process.env.HEDDLE_RUNS ? 3_600_000 : 240_000;
/** On a busy machine not every step is taken after so long, but in the long test. */
const EVERY_STEP_MS = process.env.HEDDLE_RUNS ? Infinity : 30_000;

const inc = delayed((x) => x + 1);
const add = delayed((x, y) => x + y);
const meeting = delayed(meet);

/** Threads that were started, until they end. */
const threads = new Set();
const { postMessage } = Worker.prototype;
const folder = mkdtempSync(path.join(tmpdir(), 'heddle-chaos-'));
let files = 0;
const newFile = () => path.join(folder, String(++files));

beforeAll(() => {
  Worker.prototype.postMessage = function (...args) {
    if (!threads.has(this)) {
      threads.add(this);
      this.once('exit', () => threads.delete(this));
    }
    return Reflect.apply(postMessage, this, args);
  };
});
afterAll(() => {
  Worker.prototype.postMessage = postMessage;
  rmSync(folder, { recursive: true });
});

/** Runs with a Runtime and closes it. */
async function using(options, run) {
  const runtime = await Runtime.start(options);
  try {
    return await run(runtime);
  } finally {
    await runtime.close();
  }
}

/** Waits until something is so; not for ever. */
async function until(holds, what = String(holds), ms = 15_000) {
  for (const end = Date.now() + ms; !holds(); await new Promise((resume) => setTimeout(resume, 1)))
    if (Date.now() > end) throw new Error(`in ${ms} ms it did not come to this: ${what}`);
}

/** A promise that must settle in 10 s, or all that is known of the runtime is thrown. */
function soon(promise, runtime, what) {
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`${what} hangs: ${JSON.stringify({ workers: runtime.workers, ...runtime.memory, closed: runtime.closed, threads: threads.size })}`)), 10_000);
  });
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}

const same = (seed, more = '') => `; the same again: HEDDLE_SEED=${seed} HEDDLE_RUNS=1 ${more}npm run test:js -- chaos`;

/** The pool computes, with all its workers. */
async function works(runtime, workers, what) {
  expect(await soon(compute([add(inc(1), inc(2)), inc(3)], { runtime }), runtime, `what comes after ${what}`)).toEqual([5, 4]);
  const file = newFile();
  expect(await soon(compute(Array.from({ length: workers }, () => meeting(file, workers)), { runtime }), runtime, `a meeting after ${what}`)).toEqual(Array(workers).fill(true));
}

describe('a worker that ends', () => {
  test(`by itself at each step of ${GRAPHS} random graphs: the result is right, or a WorkerLostError`, async () => {
    let lost = 0, ended = 0;
    const thorough = Date.now() + EVERY_STEP_MS;
    const some = (first) => using({ workers: 2 }, async (runtime) => {
      for (let seed = SEED + first; seed < SEED + GRAPHS; seed += AT_ONCE) {
        const { build, count } = randomGraph(seed);
        const expected = await compute(build(), { scheduler: 'sync' });
        for (let at = 1; at <= count; at += Date.now() < thorough ? 1 : 9) {
          const file = newFile(), what = `step ${at} of ${count}${same(seed)}`;
          try {
            const result = await soon(compute(build(file, at), { runtime }), runtime, what);
            if (!isDeepStrictEqual(result, expected)) throw new Error(`another result, ${what}`);
          } catch (error) {
            if (!(error instanceof WorkerLostError)) throw new Error(`${what}: ${error.message}`, { cause: error });
            lost++;
          }
          if (existsSync(`${file}.ended`)) ended++;
        }
        await works(runtime, 2, `graph ${seed}`);
      }
    });
    await Promise.all(Array.from({ length: AT_ONCE }, (_, first) => some(first)));
    expect(ended).toBeGreaterThan(2 * GRAPHS);
    expect(lost).toBeLessThan(ended / 2); // those of tasks that had been tried before
  }, LONG);

  test('because it is terminated at a random moment, also in the core, also all at once', async () => {
    await using({ workers: 3 }, async (runtime) => {
      const random = randomFrom(SEED);
      for (let seed = SEED; seed < SEED + GRAPHS; seed++) {
        const { build } = randomGraph(seed), what = `the termination in graph ${seed}${same(seed)}`;
        const expected = await compute(build(), { scheduler: 'sync' });
        for (let round = 0; round < 2; round++) {
          const computing = soon(compute(build(newFile()), { runtime }), runtime, what).then((result) => ({ result }), (error) => ({ error }));
          if (random() < 0.8) await new Promise((resume) => setTimeout(resume, random() * 6));
          const victims = [...threads].slice(random() < 0.2 ? -3 : -1);
          await Promise.all(victims.map((victim) => victim.terminate()));
          const { result, error } = await computing;
          if (error ? !(error instanceof WorkerLostError) : !isDeepStrictEqual(result, expected)) throw new Error(`another outcome, ${what}`, { cause: error });
          await works(runtime, 3, what);
        }
      }
    });
  }, LONG);

  test('before it has come to life: another takes its place', async () => {
    for (let round = 0; round < 5; round++)
      await using({ workers: 2 }, async (runtime) => {
        const ends = [...threads].slice(-2).map((thread) => thread.terminate());
        expect(await soon(compute(inc(1), { runtime }), runtime, 'a computation')).toBe(2);
        await Promise.all(ends);
        await works(runtime, 2, 'an end at the start');
      });
  });

  test('at each of some steps of a graph during computeSync', () => {
    const { build, count } = randomGraph(SEED);
    const expected = computeSync(randomGraph(SEED).build(), { scheduler: 'threads', workers: 2 });
    for (let at = 1; at <= count; at += 4) {
      try {
        expect(computeSync(build(newFile(), at), { scheduler: 'threads', workers: 2 })).toEqual(expected);
      } catch (error) {
        if (!(error instanceof WorkerLostError)) throw error;
      }
      expect(computeSync([inc(1), add(inc(1), 2)], { scheduler: 'threads', workers: 2 })).toEqual([2, 4]);
    }
  });

  test('while the Runtime is closed, and while another Runtime works', async () => {
    await using({ workers: 2 }, async (other) => {
      for (let round = 0; round < 10; round++) {
        const runtime = await Runtime.start({ workers: 2 });
        const exit = delayed(() => globalThis.process.reallyExit(1));
        const computing = rejection(compute([exit(), exit()], { runtime }));
        const others = compute(Array.from({ length: 50 }, (_, i) => inc(i)), { runtime: other });
        await new Promise((resume) => setTimeout(resume, round * 3));
        await soon(runtime.close(), runtime, 'close');
        expect(['CANCELLED', 'WORKER_LOST']).toContain((await soon(computing, runtime, 'what was under way')).code);
        expect(await others).toEqual(Array.from({ length: 50 }, (_, i) => i + 1));
      }
    });
  });
});

describe('a computation that is cancelled', () => {
  const short = delayed((file, x) => {
    globalThis.process.getBuiltinModule('node:fs').appendFileSync(file, '.');
    spin(0.0002);
    return x;
  });
  const waiting = delayed(async (ctx, file) => {
    const fs = globalThis.process.getBuiltinModule('node:fs');
    fs.appendFileSync(file, '+');
    try {
      await new Promise((_, reject) => ctx.signal.addEventListener('abort', () => reject(ctx.signal.reason)));
    } finally {
      fs.appendFileSync(file, '-');
    }
  }, { ctx: true });
  const looking = delayed((ctx) => { while (!ctx.signal.aborted); }, { ctx: true });
  const roomy = delayed((ctx) => { ctx.empty(Uint8Array, 5000); for (;;); }, { ctx: true });
  const stuck = delayed(() => { for (;;); });
  const flood = delayed(async () => { for (;;) await null; });

  const moments = {
    now: (controller) => controller.abort(),
    turn: (controller) => void setImmediate(() => controller.abort()),
    soon: (controller, random) => void setTimeout(() => controller.abort(), random() * 6),
    twice: (controller) => void setTimeout(() => { controller.abort(); controller.abort('again'); }, 1),
  };

  test('1,000 times at random moments: right or a CancelledError, and the pool is whole', async () => {
    config.graceMs = 20;
    try {
      await using({ workers: 2 }, async (runtime) => {
        const random = randomFrom(SEED), whole = (below) => Math.floor(random() * below);
        const numbers = Array.from({ length: 20 }, (_, i) => i);
        let cancelled = 0;
        for (let round = 0; round < 1000; round++) {
          const file = newFile(), what = `cancel ${round}${same(SEED)}`;
          const controller = new AbortController(), moment = Object.keys(moments)[whole(4)];
          const kind = round % 25 === 0 ? [stuck(), inc(stuck())] : round % 41 === 0 ? [roomy(), looking()] : round % 111 === 0 ? [flood(), inc(1)]
            : round % 7 === 0 ? [waiting(file), inc(waiting(file))] : numbers.map((x) => short(file, short(file, x)));
          const usual = kind.length === 20;
          const signal = usual && whole(5) === 0 ? AbortSignal.timeout(whole(5)) : controller.signal;
          let seen;
          const computing = compute(kind, { runtime, signal });
          moments[moment](controller, random);
          try {
            expect(await soon(computing, runtime, what)).toEqual(numbers);
          } catch (error) {
            if (!(error instanceof CancelledError)) throw new Error(`${what}: ${error.message}`, { cause: error });
            seen = existsSync(file) ? readFileSync(file, 'utf8').length : 0;
            cancelled++;
          }
          if (round % 10) continue;
          expect(await soon(compute([add(inc(1), inc(2)), inc(3)], { runtime }), runtime, `what comes after ${what}`)).toEqual([5, 4]);
          if (seen === undefined || !usual) continue;
          // At most what each worker had in its hands at that moment came to life later.
          expect(readFileSync(file, { encoding: 'utf8', flag: 'a+' }).length).toBeLessThanOrEqual(seen + 2);
        }
        expect(cancelled).toBeGreaterThan(500);
        await works(runtime, 2, '1,000 cancels');
        expect(runtime.workers).toBe(2);
      });
    } finally {
      config.graceMs = 250;
    }
  }, LONG);

  test('tells tasks that wait: each hears of it, and comes to its end', async () => {
    await using({ workers: 2 }, async (runtime) => {
      for (let round = 0; round < 20; round++) {
        const file = newFile(), controller = new AbortController();
        const computing = rejection(compute(Array.from({ length: 6 }, () => waiting(file)), { runtime, signal: controller.signal }));
        await until(() => existsSync(file) && readFileSync(file, 'utf8').length === 6);
        controller.abort();
        expect(await computing).toBeInstanceOf(CancelledError);
        await until(() => readFileSync(file, 'utf8').length === 12, 'all six have heard of it');
      }
    });
  });

  test('while the core is being replaced ends at once', async () => {
    const killInside = async (runtime) => {
      // A worker that is ended in the core, if it happens; else it is as any other end.
      const busy = compute(Array.from({ length: 3000 }, (_, i) => inc(i)), { runtime }).catch((error) => error);
      await new Promise((resume) => setTimeout(resume, 1));
      await Promise.all([...threads].slice(-2).map((thread) => thread.terminate()));
      return busy;
    };
    await using({ workers: 2 }, async (runtime) => {
      for (let round = 0; round < 20; round++) {
        const controller = new AbortController();
        const computing = soon(compute(Array.from({ length: 1000 }, (_, i) => inc(i)), { runtime, signal: controller.signal }), runtime, 'cancel').catch((error) => error);
        const killing = killInside(runtime);
        setTimeout(() => controller.abort(), round % 6);
        const outcome = await computing;
        expect(Array.isArray(outcome) || outcome instanceof CancelledError || outcome instanceof WorkerLostError).toBe(true);
        await soon(killing, runtime, 'what went on');
        await works(runtime, 2, 'an end and a cancel');
      }
    });
  }, 60_000);
});

describe('what goes wrong leaves nothing behind', () => {
  const exit = delayed((ctx) => { ctx.empty(Uint8Array, 10_000); globalThis.process.reallyExit(1); }, { ctx: true });
  const fails = delayed((ctx) => { ctx.empty(Uint8Array, 10_000); throw new Error('no'); }, { ctx: true });
  const never = delayed((ctx) => { ctx.empty(Uint8Array, 10_000); return new Promise(() => {}); }, { ctx: true });
  const overdue = delayed((ctx) => { ctx.empty(Uint8Array, 10_000); for (;;); }, { ctx: true, timeoutMs: 20 });

  test('200 killed workers: bytes of the core, threads and the heap are what they were', async () => {
    const threadsBefore = threads.size;
    config.graceMs = 10;
    try {
      await using({ workers: 2 }, async (runtime) => {
        const settled = async (live) => {
          /* Workers keep a little room once they have had some. */
          await works(runtime, 2, 'kills');
          // What killed workers leave is looked at when their threads are gone for sure, 5 s later.
          await until(() => live === undefined || runtime.memory.live === live, `live bytes are ${live} again, not ${runtime.memory.live}`, 20_000);
          return runtime.memory.live;
        };
        const live = await settled();
        let bytes;
        for (let round = 0; round < 2; round++) {
          for (let i = 0; i < 25; i++) {
            expect(await rejection(compute([exit(), exit(), inc(1)], { runtime }))).toBeInstanceOf(WorkerLostError);
            expect((await rejection(compute([fails(), inc(1)], { runtime }))).message).toBe('no');
            expect((await rejection(compute([never(), never()], { runtime, signal: AbortSignal.timeout(2) }))).code).toBe('CANCELLED');
            if (i % 5 === 0) expect((await rejection(compute([overdue()], { runtime }))).code).toBe('TIMED_OUT');
          }
          expect(await settled(live)).toBe(live);
          expect(runtime.workers).toBe(2);
          expect(threads.size).toBe(threadsBefore + 2);
          bytes ??= runtime.memory.bytes;
        }
        expect(runtime.memory.bytes).toBeLessThanOrEqual(bytes * 1.5);
      });
      expect(threads.size).toBe(threadsBefore);
    } finally {
      config.graceMs = 250;
    }
  }, 120_000);
});

describe.each([
  ['sync', { scheduler: 'sync' }],
  ['sync, strict', { scheduler: 'sync', strict: true }],
  ...[1, 2, 4].map((workers) => [`threads, ${workers} workers`, { scheduler: 'threads', workers }]),
])('with stopOnError: false (%s)', (_, options) => {
  const works = delayed((...args) => args.length + args.reduce((sum, arg) => sum + (typeof arg === 'number' ? arg : 0), 0));
  const lateWorks = delayed(async (...args) => { await null; return args.length; });
  const fails = delayed(() => { throw new Error('no'); });
  const lateFails = delayed(async () => { await null; throw new Error('no'); });

  test('random graphs: what fails, what needs it, and what is done are as they are to be', async () => {
    for (let seed = SEED; seed < SEED + 30; seed++) {
      const random = randomFrom(seed), whole = (below) => Math.floor(random() * below);
      const count = 5 + whole(60), nodes = [], expected = [], failing = new Set();
      for (let i = 0; i < count; i++) {
        const from = i === 0 ? [] : [...new Set(Array.from({ length: whole(4) }, () => i - 1 - whole(Math.min(i, 8))))];
        const bad = random() < 0.15, late = random() < 0.3, args = from.map((at) => nodes[at]);
        const node = (bad ? (late ? lateFails : fails) : late ? lateWorks : works)(i, ...args);
        nodes.push(node);
        if (from.some((at) => expected[at] === undefined)) expected.push(undefined);
        else if (bad) {
          expected.push(undefined);
          failing.add(node.key);
        } else expected.push(late ? args.length + 1 : from.reduce((sum, at) => sum + expected[at], args.length + 1 + i));
      }
      let results, errors = [];
      try {
        results = await compute(nodes, { ...options, stopOnError: false });
      } catch (error) {
        if (!error.errors) throw new Error(`graph ${seed}: ${error.message}`, { cause: error });
        ({ results, errors } = error);
      }
      expect({ seed, results, failed: errors.map(({ task }) => task.key).sort() }).toEqual({ seed, results: expected, failed: [...failing].sort() });
    }
  });
});
