// Who is told of a computation may do anything then: cancel it, close its Runtime, begin others, throw. What is told stays
// in order, and nothing is lost or freed twice.
import { afterEach, describe, expect, test } from '@jest/globals';
import { Gate, Runtime, compute, delayed, watch } from 'heddle';
import { CANCELLED, DONE, ERRED, RELEASED, TraceModel } from 'heddle/trace';
import { rejection } from './ways.mjs';

const inc = delayed(function inc(x) {
  return x + 1;
});
const add = delayed(function add(...xs) {
  return xs.reduce((sum, x) => sum + x, 0);
});
const bad = delayed(function bad() {
  throw new Error('bad');
});

let unwatch = () => {};
afterEach(() => unwatch());

/** What is told, as words. @param {(message: any) => void} [act] */
function told(act = () => {}) {
  const log = [];
  unwatch = watch((message) => {
    log.push(message.type === 'end' ? `end ${message.outcome}` : message.type);
    act(message);
  });
  return log;
}
const isInOrder = (log) => /^begin( batch)* end (done|failed|cancelled)$/.test(log.join(' '));
const numbers = (count) => Array.from({ length: count }, (_, x) => inc(x));

describe.each([['sync', { scheduler: 'sync' }], ['threads', { scheduler: 'threads', workers: 2 }]])('with %s', (scheduler, options) => {
  test.each(['begin', 'batch', 'end', 'progress'])('a computation can be cancelled when %s is told, and the next one is as ever', async (when) => {
    for (let round = 0; round < 5; round++) {
      const controller = new AbortController();
      const log = told(({ type }) => type === when && controller.abort());
      const outcome = await compute(numbers(20), { ...options, signal: controller.signal, onProgress: () => when === 'progress' && controller.abort() }).catch((error) => error);
      await new Promise((resume) => setTimeout(resume, 5));
      unwatch();
      expect(isInOrder(log)).toBe(true);
      if (Array.isArray(outcome)) expect(outcome.length).toBe(20);
      else expect(outcome.name).toBe('CancelledError');
      expect(await compute(add(...numbers(10)), options)).toBe(55);
    }
  });

  test('a watcher may begin another computation', async () => {
    const inner = [];
    const log = told(({ type }) => {
      if (type === 'begin' && !inner.length) inner.push(compute(add(inc(1), 2), options));
    });
    expect(await compute(add(...numbers(5)), options)).toBe(15);
    expect(await inner[0]).toBe(4);
    expect(log.filter((word) => word.startsWith('end')).length).toBe(2);
  });

  test('a watcher that comes while a computation runs is told only of what begins from then on', async () => {
    const late = [], leaves = [];
    const log = told(({ type }) => {
      if (type === 'batch' && !leaves.length) leaves.push(watch(({ type: word }) => late.push(word)));
    });
    await compute(numbers(5), options);
    expect([log.at(-1), late]).toEqual(['end done', []]);
    await compute(numbers(5), options);
    leaves[0]();
    expect([late[0], late.at(-1)]).toEqual(['begin', 'end']);
  });

  test('what failed is told as failed, and what needed it as cancelled, also when the rest goes on', async () => {
    let model;
    unwatch = watch((message) => (message.type === 'begin' ? (model = new TraceModel(message)) : model.receive(message)));
    const broken = bad();
    await rejection(compute([inc(inc(broken)), inc(2)], { ...options, stopOnError: false }));
    const counts = Array.from(model.counts);
    expect([counts[ERRED], counts[CANCELLED], counts[DONE] + counts[RELEASED]]).toEqual([1, 2, 1]);
  });

  test('a computation that was cancelled is told as cancelled, whatever its tasks made of it', async () => {
    const controller = new AbortController(), log = told();
    const waits = delayed((ctx) => new Promise((_, reject) => ctx.signal.addEventListener('abort', () => reject(new Error('away')))), { ctx: true, name: 'waits' });
    const outcome = rejection(compute(waits(), { ...options, signal: controller.signal }));
    setTimeout(() => controller.abort(), 50);
    expect((await outcome).name).toBe('CancelledError');
    for (const end = performance.now() + 5000; !log.at(-1).startsWith('end') && performance.now() < end; ) await new Promise((resume) => setTimeout(resume, 5));
    expect(log.at(-1)).toBe('end cancelled');
  });

  test('names and keys of any length are told shortened, and apart', async () => {
    let begin;
    unwatch = watch((message) => message.type === 'begin' && (begin = message));
    const long = 'n'.repeat(5000), named = (key) => delayed((x) => x, { name: long, key: `${long}${key}` })(1);
    await compute([named('a'), named('b'), delayed((x) => x, { name: '\ud800' })(1)], options);
    expect(begin.graph.keys.every((key) => key.length <= 1000)).toBe(true);
    expect(new Set(begin.graph.keys).size).toBe(3);
    expect(begin.graph.names.map((name) => name.length)).toEqual([expect.any(Number), 1]);
    expect(begin.graph.names[0].length).toBeLessThanOrEqual(1000);
  });
});

test.each(['begin', 'batch', 'end', 'progress'])('a Runtime can be closed when %s is told', async (when) => {
  const runtime = await Runtime.start({ workers: 2 }), gate = when === 'batch' ? new Gate({ paused: true }) : undefined;
  const log = told(({ type }) => type === when && void runtime.close());
  const outcome = await compute(numbers(5), { runtime, gate, onProgress: () => when === 'progress' && void runtime.close() }).catch((error) => error);
  if (!Array.isArray(outcome)) expect(outcome).toMatchObject({ name: 'CancelledError', message: expect.stringContaining('closed') });
  expect(isInOrder(log)).toBe(true);
  await runtime.close();
  expect(await compute(add(...numbers(3)), { scheduler: 'threads', workers: 2 })).toBe(6);
});
