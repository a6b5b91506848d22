// What one task does to its worker is not held against the others that run there.
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { Runtime, TimeoutError, compute, delayed } from 'heddle';
import { rejection } from './ways.mjs';

let runtime;
beforeEach(async () => (runtime = await Runtime.start({ workers: 1 })));
afterEach(() => runtime.close());

const wait = delayed((ms) => new Promise((resolve) => setTimeout(() => resolve(ms), ms)), { name: 'wait' });
const hog = delayed(() => { for (;;); }, { name: 'hog', timeoutMs: 50, retries: 2 });

describe('a task that waits on a worker', () => {
  test('which is ended again and again for another runs to its end', async () => {
    const { errors, results } = await rejection(compute([wait(1500), hog()], { runtime, stopOnError: false }));
    expect(errors).toHaveLength(1);
    expect(errors[0]).toBeInstanceOf(TimeoutError);
    expect(results).toEqual([1500, undefined]);
  }, 20_000);

  test('does not fail for what another has left behind', async () => {
    const careless = delayed(() => {
      setTimeout(() => { Promise.reject(new Error('stray')); }, 20);
      globalThis.console.error = () => {}; // which would say so
      return new Promise((resolve) => setTimeout(() => resolve('careless'), 1));
    });
    expect(await compute([careless(), wait(200)], { runtime })).toEqual(['careless', 200]);
  });
});

test('time limits hold while others with limits come and go', async () => {
  const own = await Runtime.start({ workers: 2 });
  try {
    const quick = delayed((x) => x, { timeoutMs: 10_000 });
    let ended = false;
    const hogging = rejection(compute(delayed(() => { for (;;); }, { timeoutMs: 50 })(), { runtime: own })).finally(() => (ended = true));
    for (const until = Date.now() + 10_000; !ended && Date.now() < until; ) await compute(quick(1), { runtime: own });
    expect(ended).toBe(true);
    expect(await hogging).toBeInstanceOf(TimeoutError);
  } finally {
    await own.close();
  }
}, 20_000);

test.each([['sync'], ['threads']])('a limit of months is one (%s)', async (scheduler) => {
  const patient = delayed(async (x) => { await new Promise((resolve) => setTimeout(resolve, 5)); return x; }, { timeoutMs: 3e9 });
  expect(await patient(1).compute({ scheduler })).toBe(1);
});

test.each([['sync', undefined], ['sync', true]])('signals of tasks leave no listeners at the one that cancels (%s, strict: %p)', async (scheduler, strict) => {
  const { signal } = new AbortController();
  let listeners = 0;
  const { addEventListener, removeEventListener } = signal;
  signal.addEventListener = (...args) => (listeners++, addEventListener.apply(signal, args));
  signal.removeEventListener = (...args) => (listeners--, removeEventListener.apply(signal, args));
  await compute(Array.from({ length: 20 }, () => delayed((ctx) => ctx.signal.aborted, { ctx: true })()), { scheduler, strict, signal });
  expect(listeners).toBeLessThanOrEqual(0);
});
