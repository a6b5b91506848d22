// The gate: which tasks may begin now, with every scheduler.
import { afterEach, describe, expect, test } from '@jest/globals';
import { Gate, OptionError, compute, config, delayed, watch } from 'heddle';
import { HELD, TraceModel, eventKinds, readTrace, statisticsOf, waitOf, writeTrace } from 'heddle/trace';
import { rejection } from './ways.mjs';

const inc = delayed(function inc(x) {
  return x + 1;
});
const add = delayed(function add(x, y) {
  return x + y;
});

let unwatch = () => {};
afterEach(() => {
  unwatch();
  config.gate = undefined;
});

/** The models of what runs from now on. */
function models() {
  const all = [];
  unwatch = watch((message) => {
    if (message.type === 'begin') all.push(new TraceModel(message));
    else all.at(-1).receive(message);
  });
  return all;
}

const begun = (model) => model.record.attempts.reduce((sum, attempts) => sum + attempts, 0);
const until = async (holds) => {
  for (const end = performance.now() + 10_000; !holds() && performance.now() < end; ) await new Promise((resume) => setTimeout(resume, 2));
};
const pause = () => new Promise((resume) => setTimeout(resume, 60));

const schedulers = [
  ['sync', { scheduler: 'sync' }],
  ['sync, strict', { scheduler: 'sync', strict: true }],
  ['threads', { scheduler: 'threads', workers: 2 }],
];

describe.each(schedulers)('with %s', (_, options) => {
  /*   a   b
   *    \ /
   *     z     */
  const graph = () => add(inc(1), inc(2));

  test('a gate that is shut lets nothing through, and each step one task', async () => {
    const gate = new Gate({ paused: true }), all = models();
    const result = graph().compute({ ...options, gate });
    for (let step = 0; step < 3; step++) {
      await until(() => all.length);
      await pause();
      expect(begun(all[0])).toBe(step);
      gate.step();
      await until(() => begun(all[0]) > step);
    }
    expect(await result).toBe(5);
    const { events } = all[0];
    expect(events.kind.includes(HELD)).toBe(true);
    expect(eventKinds[HELD]).toBe('held');
  });

  test('a gate that opens again lets everything through', async () => {
    const gate = new Gate({ paused: true });
    const result = graph().compute({ ...options, gate });
    await pause();
    gate.resume();
    expect(await result).toBe(5);
    expect(gate.state).toEqual({ how: 'open' });
  });

  test('a rate keeps the beginnings of tasks apart', async () => {
    const gate = new Gate(), all = models();
    gate.setRate(50);
    expect(gate.state).toEqual({ how: 'rate', rate: 50 });
    expect(await compute([1, 2, 3, 4].map((x) => inc(x)), { ...options, gate })).toEqual([2, 3, 4, 5]);
    const starts = Array.from(all[0].record.startMs).sort((a, b) => a - b);
    expect(starts[3] - starts[0]).toBeGreaterThan(45); /* three times 20, less what passes between the gate and a start */
  });

  test('a computation that waits at the gate can be cancelled', async () => {
    const gate = new Gate({ paused: true }), controller = new AbortController();
    const outcome = rejection(graph().compute({ ...options, gate, signal: controller.signal }));
    await pause();
    controller.abort();
    expect(await outcome).toMatchObject({ name: 'CancelledError' });
    gate.resume();
    expect(await graph().compute({ ...options, gate })).toBe(5);
  });

  test('the parts of a fused chain pass one by one', async () => {
    const gate = new Gate({ paused: true }), all = models();
    const result = inc(inc(inc(1))).compute({ ...options, gate });
    await until(() => all.length);
    for (let step = 0; step < 3; step++) {
      gate.step();
      await until(() => begun(all[0]) > step);
      await pause();
      expect(begun(all[0])).toBe(step + 1);
    }
    expect(await result).toBe(4);
  });

  test('a step right after compute counts, and one before it does not', async () => {
    const gate = new Gate({ paused: true }), all = models();
    gate.step(3);
    const result = graph().compute({ ...options, gate });
    gate.step();
    await until(() => all.length && begun(all[0]) > 0);
    await pause();
    expect(begun(all[0])).toBe(1);
    gate.resume();
    expect(await result).toBe(5);
  });

  test('a pause takes back the steps before it, and a step after it counts', async () => {
    const gate = new Gate({ paused: true }), all = models();
    const numbers = Array.from({ length: 20 }, (_, x) => x), isSerial = options.scheduler === 'sync';
    const result = compute(numbers.map((x) => inc(x)), { ...options, gate });
    await until(() => all.length);
    await pause();
    gate.step(3);
    gate.pause();
    await pause();
    const before = begun(all[0]); /* other threads may have been as quick */
    expect(before).toBeLessThanOrEqual(isSerial ? 0 : 3);
    gate.step(3);
    gate.pause();
    gate.step(2);
    await until(() => begun(all[0]) >= before + 2);
    await pause();
    expect(begun(all[0]) - before).toBeGreaterThanOrEqual(2);
    expect(begun(all[0]) - before).toBeLessThanOrEqual(isSerial ? 2 : 5);
    gate.resume();
    expect(await result).toEqual(numbers.map((x) => x + 1));
  });

  test('a gate that is opened when a computation is told to begin is open', async () => {
    const gate = new Gate({ paused: true });
    unwatch = watch(({ type }) => type === 'begin' && gate.resume());
    expect(await graph().compute({ ...options, gate })).toBe(5);
  });

  test('to set the same rate again lets nothing more through', async () => {
    const gate = new Gate(), all = models();
    gate.setRate(0.5);
    const result = compute([1, 2, 3, 4, 5].map((x) => inc(x)), { ...options, gate });
    await until(() => all.length && begun(all[0]) > 0);
    for (let again = 0; again < 10; again++) {
      gate.setRate(0.5);
      await new Promise((resume) => setTimeout(resume, 10));
    }
    expect(begun(all[0])).toBe(1);
    gate.setRate(1000); /* does not wait for the two seconds of before */
    expect(await result).toEqual([2, 3, 4, 5, 6]);
  });

  test('what waits while the gate is shut is said to wait for that', async () => {
    const gate = new Gate({ paused: true }), all = models();
    const result = graph().compute({ ...options, gate });
    await until(() => all.length && all[0].atMs > 30);
    expect(all[0].heldSinceMs).toBe(0);
    expect(waitOf(all[0], [0, 1, 2].find((task) => all[0].inputsOf(task).size === 0)).sentence).toMatch(/^It has waited \d+.* because the gate was shut\.$/);
    expect(statisticsOf(all[0]).heldMs).toBeGreaterThan(25);
    const replayed = await readTrace(await writeTrace(all[0]));
    expect(statisticsOf(replayed).heldMs).toBeGreaterThan(25);
    gate.resume();
    expect(await result).toBe(5);
    expect(all[0].heldSinceMs).toBeNaN();
  });

  test('config.gate is the gate of computations that are given none', async () => {
    config.gate = new Gate({ paused: true });
    const result = graph().compute(options);
    let done = false;
    result.then(() => (done = true));
    await pause();
    expect(done).toBe(false);
    config.gate.resume();
    expect(await result).toBe(5);
  });
});

test('one token is an interpreter lock: no two tasks run at a time', async () => {
  const busy = delayed(() => {
    const end = performance.now() + 20;
    while (performance.now() < end);
  });
  const gate = new Gate(), all = models();
  gate.setTokens(1);
  await compute([1, 2, 3, 4].map(() => busy()), { scheduler: 'threads', workers: 2, gate });
  const { startMs, elapsedMs } = all[0].record;
  const order = [0, 1, 2, 3].sort((a, b) => startMs[a] - startMs[b]);
  for (let at = 1; at < 4; at++) expect(startMs[order[at]]).toBeGreaterThanOrEqual(startMs[order[at - 1]] + elapsedMs[order[at - 1]] - 0.1);
});

test('a gate works for computeSync, also from the thread that hosts its pool', () => {
  const gate = new Gate();
  gate.setRate(100);
  expect(add(inc(1), inc(2)).computeSync({ scheduler: 'sync', gate })).toBe(5);
  expect(add(inc(1), inc(2)).computeSync({ scheduler: 'threads', workers: 2, gate })).toBe(5);
});

test.each([['sync', {}], ['threads', { workers: 2 }]])('computeSync at a gate that nobody could open is refused, with %s', (scheduler, more) => {
  for (const gate of [new Gate({ paused: true }), new Gate()]) {
    if (gate.state.how === 'open') gate.setTokens(0);
    expect(() => inc(1).computeSync({ scheduler, ...more, gate })).toThrow(expect.objectContaining({ name: 'UnsupportedError', message: expect.stringContaining('nobody could open it') }));
  }
});

/* Two threads change a gate at once: whatever one has done of a step when the other looks, each step counts once. */
test('a look between the two halves of another thread\'s step loses nothing, and lets nothing through twice', () => {
  const gate = new Gate({ paused: true }), words = new Int32Array(gate.shared), follower = gate.follow();
  expect(follower.changes()).toEqual([[1, 0]]);
  Atomics.add(words, 2, 5); /* its steps are there … */
  expect(follower.changes()).toEqual([]);
  gate.step(2); /* somebody else's, which makes the follower look */
  expect(follower.changes()).toEqual([[2, 7]]);
  Atomics.store(words, 1, 1);
  Atomics.add(words, 0, 1); /* … and now its word that they are */
  expect(follower.changes()).toEqual([]);
  gate.resume();
  Atomics.add(words, 2, 3); /* the first half, at a gate that is open */
  Atomics.add(words, 0, 1);
  expect(follower.changes()).toEqual([[0, 0]]);
  Atomics.store(words, 1, 1);
  Atomics.add(words, 0, 1);
  expect(follower.changes()).toEqual([[2, 3]]);
});

test.each([
  ['a rate as text', () => new Gate().setRate('5')], ['a step of nothing', () => new Gate().step(0)], ['half a step', () => new Gate().step(1.5)], ['a rate of 0', () => new Gate().setRate(0)],
  ['a rate that is none', () => new Gate().setRate('fast')], ['fewer tokens than none', () => new Gate().setTokens(-1)],
  ["words that are no gate's", () => new Gate({ shared: new ArrayBuffer(8) })], ['a gate that is none', () => compute(1, { gate: {} })],
])('%s is refused', async (_, act) => {
  await expect((async () => act())()).rejects.toThrow(OptionError);
});
