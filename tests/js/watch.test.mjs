// watch(): what computations do, as batches, with every scheduler.
import { afterEach, describe, expect, test } from '@jest/globals';
import { OptionError, Runtime, compute, delayed, get, sleep, taskStates, watch } from 'heddle';
import { rejection } from './ways.mjs';
import { wholeBatches } from './whole.mjs';

const inc = delayed(function inc(x) {
  sleep(0.03);
  return x + 1;
});
const add = delayed(function add(x, y) {
  return x + y;
});
const fail = delayed(function fail() {
  throw new Error('no');
});

let unwatch = () => {};
afterEach(() => unwatch());

/** Everything that is told from now on; batches as how every task stands then. */
function messages() {
  const all = [], whole = wholeBatches();
  unwatch = watch((message) => all.push(whole(message)));
  return all;
}

const words = (states) => Array.from(states, (state) => taskStates[state]);
/** States by key in a batch. */
const byKey = (begin, batch) => Object.fromEntries(begin.graph.keys.map((key, task) => [key, taskStates[batch.states[task]]]));

const schedulers = [
  ['sync', { scheduler: 'sync' }],
  ['sync, strict', { scheduler: 'sync', strict: true }],
  ['threads', { scheduler: 'threads', workers: 2 }],
];

describe.each(schedulers)('with %s', (_, options) => {
  /*   a    b
   *    \  /
   *     z        wanted: z and a   */
  test('a computation is told as its graph, batches and its end', async () => {
    const a = inc(1), b = inc(2), z = add(a, b);
    const all = messages();
    expect(await compute([z, a], options)).toEqual([5, 2]);
    const [begin, ...rest] = all, end = rest.pop();
    expect(begin).toMatchObject({ type: 'begin', scheduler: options.scheduler, workers: options.workers ?? 1 });
    expect(begin.graph.count).toBe(3);
    expect(begin.graph.keys.toSorted()).toEqual([z.key, a.key, b.key].toSorted());
    const task = (key) => begin.graph.keys.indexOf(key);
    const { offsets, inputs } = begin.graph;
    const inputsOf = (key) => Array.from(inputs.subarray(offsets[task(key)], offsets[task(key) + 1]));
    expect([inputsOf(z.key), inputsOf(a.key), inputsOf(b.key)]).toEqual([[task(a.key), task(b.key)], [], []]);
    expect(Array.from(begin.graph.outputs)).toEqual([task(z.key), task(a.key)]);
    expect(Array.from(begin.graph.nameOf, (name) => begin.graph.names[name])[task(z.key)]).toBe('add');
    expect(end).toMatchObject({ type: 'end', run: begin.run, outcome: 'done' });
    expect(rest.length).toBeGreaterThan(0);
    expect(rest.every(({ type, run }) => type === 'batch' && run === begin.run)).toBe(true);
    expect(byKey(begin, rest.at(-1))).toEqual({ [z.key]: 'done', [a.key]: 'done', [b.key]: 'released' });
  });

  test('every batch is a state that a legal run can be in', async () => {
    const layers = [Array.from({ length: 6 }, (_, x) => inc(x))];
    for (let layer = 1; layer < 3; layer++) layers.push(layers[layer - 1].map((x, i, row) => add(x, row[(i + 1) % row.length])));
    const all = messages();
    await compute(layers.at(-1), options);
    const [{ graph }] = all;
    let before = new Uint8Array(graph.count), last = -1;
    for (const batch of all.filter(({ type }) => type === 'batch')) {
      expect(batch.atMs).toBeGreaterThanOrEqual(last);
      last = batch.atMs;
      batch.states.forEach((state, task) => {
        expect(state).toBeGreaterThanOrEqual(before[task]); /* nothing goes backwards here */
        if (state >= 2) {
          expect(batch.startMs[task]).toBeGreaterThanOrEqual(0);
          for (let at = graph.offsets[task]; at < graph.offsets[task + 1]; at++)
            expect(words([batch.states[graph.inputs[at]]])[0]).toMatch(/done|released/);
        }
      });
      before = batch.states;
    }
    expect(words(before).every((state) => state === 'done' || state === 'released')).toBe(true);
    const batch = all.at(-2);
    const starts = batch.startMs, ends = starts.map((start, task) => start + batch.elapsedMs[task]);
    for (let task = 0; task < graph.count; task++)
      for (let at = graph.offsets[task]; at < graph.offsets[task + 1]; at++)
        expect(ends[graph.inputs[at]]).toBeLessThan(starts[task] + 0.1); /* floats of milliseconds */
  });

  /*  a -> b -> c       one chain
      cheap -> d -> f   each of d and e runs the cheap one again
      cheap -> e -> f                                              */
  test('the graph says which tasks run in one go', async () => {
    const a = add(1, 2), b = add(a, 1), c = add(b, 1);
    const cheap = delayed((x) => x, { inline: true })(1), d = add(cheap, 1), e = add(cheap, 2), f = add(d, e);
    const all = messages();
    await compute([c, f], options);
    const { keys, groups } = all[0].graph;
    const firstOf = Object.fromEntries(keys.map((key, task) => [key, keys[groups[task]]]));
    expect(firstOf).toMatchObject({ [a.key]: a.key, [b.key]: a.key, [c.key]: a.key, [d.key]: d.key, [e.key]: e.key, [f.key]: f.key });
    expect([d.key, e.key]).toContain(firstOf[cheap.key]);
    unwatch();
    const apart = messages();
    await compute([c, f], { ...options, optimize: { fuse: false, inline: false } });
    expect(Array.from(apart[0].graph.groups)).toEqual(apart[0].graph.keys.map((_, task) => task));
  });

  test('a task that is culled is in no group, and stays as it was', async () => {
    const all = messages();
    expect(await get({ x: 1, y: [(x) => x, 'x'], unread: [(x) => x, 'x'], more: [(x) => x, 'unread'] }, 'y', options)).toBe(1);
    const { keys, groups, count } = all[0].graph;
    expect(Object.fromEntries(keys.map((key, task) => [key, groups[task]]))).toMatchObject({ unread: 4294967295, more: 4294967295 });
    expect(all.at(-2).states.length).toBe(count);
    expect(byKey(all[0], all.at(-2))).toEqual({ x: 'released', y: 'done', unread: 'waiting', more: 'waiting' });
  });

  test('a cheap task that runs more often than the graph has tasks is told well', async () => {
    const cheap = delayed((x) => x, { inline: true })(1), rows = Array.from({ length: 50 }, (_, i) => add(cheap, i));
    const all = messages();
    expect(await compute(rows, options)).toEqual(rows.map((_, i) => 1 + i));
    expect(all.at(-2).states.length).toBe(51);
    expect(words(all.at(-2).states).every((state) => state === 'done' || state === 'released')).toBe(true);
  });

  test('a task that fails is erred, what needs it is cancelled', async () => {
    const broken = fail(), z = add(broken, 1);
    const all = messages();
    expect(await rejection(z.compute(options))).toMatchObject({ message: 'no' });
    expect(byKey(all[0], all.at(-2))).toEqual({ [broken.key]: 'erred', [z.key]: 'cancelled' });
    expect(all.at(-1)).toMatchObject({ type: 'end', outcome: 'failed' });
  });

  test('a run that is cancelled ends as cancelled', async () => {
    const row = Array.from({ length: 20 }, (_, x) => inc(x));
    const controller = new AbortController();
    const all = messages();
    const outcome = rejection(compute(row.reduce((x, y) => add(x, y)), { ...options, signal: controller.signal,
      onProgress: () => controller.abort() }));
    expect(await outcome).toMatchObject({ name: 'CancelledError' });
    while (all.at(-1).type !== 'end') await new Promise((resume) => setTimeout(resume, 5));
    expect(all.at(-1).outcome).toBe('cancelled');
    expect(words(all.at(-2).states)).toContain('cancelled');
  });

  test('raw graphs are watched too', async () => {
    const all = messages();
    expect(await get({ x: 1, y: [(x) => x + 1, 'x'] }, 'y', options)).toBe(2);
    expect(all[0].graph.keys).toContain('y');
    expect(all.at(-1).outcome).toBe('done');
  });
});

test('nobody is told after watching has ended, and each watcher has arrays of its own', async () => {
  const first = [], second = [];
  const stop = watch((message) => first.push(message));
  unwatch = watch((message) => second.push(message));
  await inc(1).compute({ scheduler: 'sync' });
  stop();
  const told = first.length;
  await inc(2).compute({ scheduler: 'sync' });
  expect(first.length).toBe(told);
  expect(second.length).toBeGreaterThan(told);
  expect(first[1].states).not.toBe(second[1].states);
});

test('tasks of a parallel run overlap in time on different workers', async () => {
  const slow = delayed(() => sleep(0.2));
  const all = messages();
  await compute([slow(), slow()], { scheduler: 'threads', workers: 2 });
  const { startMs, elapsedMs, worker } = all.at(-2);
  expect(new Set(worker)).toEqual(new Set([0, 1]));
  expect(startMs[0]).toBeLessThan(startMs[1] + elapsedMs[1]);
  expect(startMs[1]).toBeLessThan(startMs[0] + elapsedMs[0]);
});

test.each(schedulers)('a watcher that throws is told no more, and the computation goes on (%s)', async (_, options) => {
  const said = [], before = console.error;
  console.error = (...args) => said.push(args.join(' '));
  const told = [];
  unwatch = watch(({ type }) => {
    told.push(type);
    if (type === 'batch') throw new Error('not today');
  });
  try {
    expect(await add(inc(1), inc(2)).compute(options)).toBe(5);
  } finally {
    console.error = before;
  }
  expect(told).toEqual(['begin', 'batch']);
  expect(said).toEqual([expect.stringContaining('not today')]);
});

test('what was running when its Runtime is closed ends as cancelled', async () => {
  const runtime = await Runtime.start({ workers: 1 });
  const all = messages();
  const outcome = rejection(compute(add(delayed(() => sleep(0.2))(), 1), { runtime }));
  while (!all.some(({ states }) => states?.includes(2))) await new Promise((resume) => setTimeout(resume, 1));
  await runtime.close();
  expect(await outcome).toMatchObject({ name: 'CancelledError' });
  expect(words(all.at(-2).states)).toEqual(['cancelled', 'cancelled']);
  expect(all.at(-1)).toMatchObject({ type: 'end', outcome: 'cancelled' });
});

test('watch takes a function', () => {
  expect(() => watch('all')).toThrow(OptionError);
});
