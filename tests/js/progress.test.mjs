// onProgress: how a computation is getting on.
import { describe, expect, test } from '@jest/globals';
import { compute, computeSync, delayed, get, sleep } from 'heddle';
import { rejection, ways } from './ways.mjs';

const inc = delayed((x) => x + 1, { name: 'inc' });
const half = delayed((x) => x / 2, { name: 'half' });
const bad = delayed((x) => { throw new RangeError(`bad ${x}`); }, { name: 'bad' });
const slow = delayed((ms) => { sleep(ms / 1000); return ms; }, { name: 'slow' });
const kinds = ['total', 'done', 'running', 'failed'];

/** What must hold of everything that is told. */
function check(told) {
  expect(told.length).toBeGreaterThan(0);
  let before = { done: 0, elapsedMs: 0 };
  for (const progress of told) {
    for (const kind of kinds) expect(Object.values(progress.names).reduce((sum, counts) => sum + counts[kind], 0)).toBe(progress[kind]);
    for (const counts of [progress, ...Object.values(progress.names)]) expect(counts.done + counts.running + counts.failed).toBeLessThanOrEqual(counts.total);
    expect(progress.total).toBe(told[0].total);
    expect(progress.done).toBeGreaterThanOrEqual(before.done);
    expect(progress.elapsedMs).toBeGreaterThanOrEqual(before.elapsedMs);
    if (progress.done) expect(progress.remainingMs).toBeGreaterThanOrEqual(0);
    for (const { key, fraction } of progress.tasks) {
      expect(key).toEqual(expect.any(String));
      expect(fraction).toBeGreaterThanOrEqual(0);
      expect(fraction).toBeLessThanOrEqual(1);
    }
    before = progress;
  }
}

describe.each(ways)('$way', ({ run, runGet }) => {
  /** What is told of a computation, and what came of it. */
  const follow = async (structure, more) => {
    const told = [];
    const result = await run(structure, { ...more, onProgress: (progress) => told.push(structuredClone(progress)) }).catch((error) => error);
    check(told);
    return { told, last: told.at(-1), result };
  };

  test('the last that is told is that all is done, for each name', async () => {
    const { last, result } = await follow(half([1, 2, 3].map((x) => inc(x)).reduce((a, b) => delayed((x, y) => x + y, { name: 'add' })(a, b))));
    expect(result).toBe(4.5);
    expect(last).toMatchObject({ total: 6, done: 6, running: 0, failed: 0, tasks: [], remainingMs: 0 });
    expect(last.names).toEqual({
      inc: { total: 3, done: 3, running: 0, failed: 0 }, add: { total: 2, done: 2, running: 0, failed: 0 }, half: { total: 1, done: 1, running: 0, failed: 0 },
    });
  });

  test('functions of one name are counted together, and what is culled not at all', async () => {
    const other = delayed((x) => x + 2, { name: 'inc' });
    expect((await follow([inc(1), other(1), inc(2)])).last.names).toEqual({ inc: { total: 3, done: 3, running: 0, failed: 0 } });
    const told = [];
    await runGet({ x: [(x) => x, 1], y: [(x) => x, 2] }, 'x', { onProgress: (progress) => told.push(progress) });
    expect(told.at(-1)).toMatchObject({ total: 1, done: 1 });
  });

  test('names that objects have of themselves are names', async () => {
    const odd = ['constructor', 'toString', '__proto__'].map((name) => delayed((x) => x, { name })(1));
    const { last } = await follow(odd);
    expect(last.total).toBe(3);
    expect(Object.keys(last.names).sort()).toEqual(['__proto__', 'constructor', 'toString'].sort());
  });

  test('of a long computation it is told on the way, with the time that is left', async () => {
    const { told } = await follow(Array.from({ length: 40 }, () => slow(10)), { workers: 1 });
    const between = told.filter(({ done, total }) => done > 0 && done < total);
    expect(between.length).toBeGreaterThan(0);
    for (const { done, total, elapsedMs, remainingMs } of between) expect(remainingMs).toBeCloseTo((elapsedMs / done) * (total - done), 3);
  });

  test('with stopOnError: false failed ones are counted, and what needs them is neither done nor failed', async () => {
    const { last, result } = await follow([inc(1), bad(1), bad(2), inc(bad(3))], { stopOnError: false });
    expect(result).toBeInstanceOf(AggregateError);
    expect(last).toMatchObject({ total: 5, done: 1, failed: 3, running: 0 });
    expect(last.names.bad).toEqual({ total: 3, done: 0, running: 0, failed: 3 });
  });

  test('an onProgress that throws makes the computation throw it, and the next one works', async () => {
    for (const nodes of [[inc(1)], Array.from({ length: 40 }, () => slow(10))]) {
      const error = await rejection(run(nodes, { onProgress: () => { throw new TypeError('mine'); } }));
      expect(error).toMatchObject({ name: 'TypeError', message: 'mine' });
      expect(await run(inc(1))).toBe(2);
    }
  });

  test('what it throws at last is thrown rather than the results', async () => {
    const error = await rejection(run([inc(1), inc(2)], { onProgress: ({ done, total }) => { if (done === total) throw new TypeError('last'); } }));
    expect(error).toMatchObject({ message: 'last' });
  });

  test('a thing that is no function is refused', async () => {
    expect(await rejection(run(inc(1), { onProgress: 5 }))).toMatchObject({ name: 'OptionError', option: 'onProgress' });
  });

  test('what tasks say of themselves is told while they run', async () => {
    const steps = delayed((ctx) => {
      for (let step = 1; step <= 30; step++) {
        ctx.progress(step / 30);
        for (const until = Date.now() + 10; Date.now() < until; );
      }
      return 'done';
    }, { ctx: true, name: 'steps' });
    const node = steps(), { told, last, result } = await follow([node, ...Array.from({ length: 5 }, () => slow(120))], { workers: 2 });
    expect(result[0]).toBe('done');
    expect(last.tasks).toEqual([]);
    const said = told.flatMap(({ tasks }) => tasks);
    for (const { key } of said) expect(key).toBe(node.key);
  });
});

const threads = ways.filter((way) => way.threads);

test.each(threads)('$way: repeated tasks are counted for each reader', async ({ run }) => {
    const cheap = delayed((x) => x + 1, { inline: true, name: 'cheap' }), node = cheap(1);
  const told = [], result = await run([inc(node), half(node)], { onProgress: (progress) => told.push(progress) }), last = told.at(-1);
  expect(result).toEqual([3, 1]);
  expect(last.done).toBe(last.total);
});

test.each(threads)('$way: a task says how far it is, and the time that is left counts that', async ({ run }) => {
  const steps = delayed((ctx, ms) => {
    for (const began = Date.now(); Date.now() - began < ms; ) ctx.progress(Math.min(1, (Date.now() - began) / ms));
    return ms;
  }, { ctx: true, key: 'steps', name: 'steps' });
  const told = [];
  await run(steps(500), { onProgress: (progress) => told.push(progress) });
  const fractions = told.flatMap(({ tasks }) => tasks.map(({ key, fraction }) => [key, fraction]));
  expect(fractions.length).toBeGreaterThan(1);
  expect(fractions.every(([key]) => key === 'steps')).toBe(true);
  expect(fractions.map(([, fraction]) => fraction)).toEqual(fractions.map(([, fraction]) => fraction).sort((a, b) => a - b));
  for (const { tasks, remainingMs } of told) if (tasks.length) expect(remainingMs).toBeGreaterThanOrEqual(0);
});

test.each(ways.filter(({ waits, threads }) => threads || !waits))('$way: of a task that waits too', async ({ run }) => {
  const steps = delayed(async (ctx) => {
    for (let step = 1; step <= 5; step++) {
      ctx.progress(step / 5);
      await new Promise((resolve) => setTimeout(resolve, 60));
    }
  }, { ctx: true });
  const told = [];
  await run([steps(), steps(), slow(1)], { onProgress: (progress) => told.push(progress) });
  expect(told.at(-1)).toMatchObject({ done: 3, total: 3, tasks: [] });
});

test('computeSync tells while it waits: before a task that waits for what is told', () => {
  const order = [];
  const result = computeSync([slow(400), slow(5)], { scheduler: 'threads', workers: 2, onProgress: ({ done, running }) => order.push([done, running]) });
  expect(result).toEqual([400, 5]);
  expect(order.length).toBeGreaterThan(1);
  expect(order[0][0]).toBeLessThan(2);
  expect(order.at(-1)).toEqual([2, 0]);
});

test('two computations at once are each told of their own', async () => {
  const told = [[], []];
  await Promise.all([3, 5].map((count, at) => compute(Array.from({ length: count }, (_, i) => inc(i)), { scheduler: 'threads', onProgress: ({ total }) => told[at].push(total) })));
  expect(told.map((totals) => new Set(totals))).toEqual([new Set([3]), new Set([5])]);
  expect(await get({ x: 1 }, 'x')).toBe(1);
});
