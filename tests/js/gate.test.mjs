// The gate: which tasks may begin now, with every scheduler.
import { afterEach, describe, expect, test } from '@jest/globals';
import { Gate, OptionError, compute, config, delayed, watch } from 'heddle';
import { HELD, TraceModel, eventKinds } from 'heddle/trace';
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

test.each([
  ['a step of nothing', () => new Gate().step(0)], ['half a step', () => new Gate().step(1.5)], ['a rate of 0', () => new Gate().setRate(0)],
  ['a rate that is none', () => new Gate().setRate('fast')], ['fewer tokens than none', () => new Gate().setTokens(-1)],
  ["words that are no gate's", () => new Gate({ shared: new ArrayBuffer(8) })], ['a gate that is none', () => compute(1, { gate: {} })],
])('%s is refused', async (_, act) => {
  await expect((async () => act())()).rejects.toThrow(OptionError);
});
