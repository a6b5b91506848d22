// persist(): results that stay in memory, as nodes that later computations start from.
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { CancelledError, Delayed, HdError, Runtime, annotate, asCompleted, bind, clone, compute, computeSync, delayed, get, optimize, persist, release, tokenize } from 'heddle';
import { note, notebook, rejection, ways } from './ways.mjs';

const inc = delayed((x) => x + 1);
const add = delayed((x, y) => x + y);
const sum = delayed((xs) => xs.reduce((a, b) => a + b, 0));
const noting = delayed(note);

let book;
beforeEach(() => (book = notebook()));
afterEach(() => book.remove());

const makers = [['sync', { scheduler: 'sync' }], ['sync, strict', { scheduler: 'sync', strict: true }], ['threads', { scheduler: 'threads', workers: 2 }]];

describe.each(makers)('persisted with %s', (_, options) => {
  const keep = (structure, more) => persist(structure, { ...options, ...more });

  test('a structure stays what it is, with nodes of the same keys in place of nodes', async () => {
    const a = inc(1), b = add(a, 2);
    const kept = await keep({ a, list: [b, 'text', a], map: new Map([['b', b]]), set: new Set([a]), n: 5 });
    expect(kept.a).toBeInstanceOf(Delayed);
    expect(kept.a).not.toBe(a);
    expect([kept.a.key, kept.list[0].key]).toEqual([a.key, b.key]);
    expect(kept.list[2]).toBe(kept.a);
    expect(kept.map.get('b')).toBe(kept.list[0]);
    expect([...kept.set]).toEqual([kept.a]);
    expect([kept.list[1], kept.n]).toEqual(['text', 5]);
    expect(await compute(kept, options)).toEqual({ a: 2, list: [4, 'text', 2], map: new Map([['b', 4]]), set: new Set([2]), n: 5 });
  });

  test('what holds no node is given back as it is', async () => {
    const empty = { list: [] };
    expect(await keep(empty)).toBe(empty);
    expect(await keep(5)).toBe(5);
  });

  test.each(ways)('$way: what is kept is not computed again, however often it is read', async ({ run }) => {
    const kept = await noting(book.file, 'made', [1, 2, 3]).persist(options);
    expect(await run([sum(kept), kept, sum(kept)])).toEqual([6, [1, 2, 3], 6]);
    expect(await run(add(sum(kept), 1), { optimize: false })).toBe(7);
    expect(book.lines()).toEqual(['made']);
  });

  test.each(ways)('$way: large typed arrays, texts and exact values stay what they are', async ({ run }) => {
    const values = delayed(() => ({ array: Float64Array.from({ length: 50_000 }, (_, i) => i), text: 'é'.repeat(1000), big: 10n ** 30n, nan: NaN, minus: -0, none: undefined, date: new Date(5) }));
    const array = delayed((n) => new Float64Array(n).fill(3));
    const kept = await keep([values(), array(100_000), delayed(() => undefined)()]);
    const [all, plain, nothing] = await run(kept);
    expect(all).toEqual(await values().compute(options));
    expect(Object.is(all.minus, -0)).toBe(true);
    expect(plain).toEqual(new Float64Array(100_000).fill(3));
    expect(nothing).toBeUndefined();
    expect(await run(delayed((xs) => xs.length + xs[99_999])(kept[1]))).toBe(100_003);
  });

  test('a released result is an error for who reads it, and once more is no error', async () => {
    const kept = await keep([inc(1), inc(2)]);
    kept[0].release();
    kept[0].release();
    for (const read of [{ scheduler: 'sync' }, { scheduler: 'sync', strict: true }, { scheduler: 'threads' }]) {
      const error = await rejection(compute(add(kept[0], 1), read));
      expect(error).toBeInstanceOf(HdError);
      expect(error).toMatchObject({ code: 'RELEASED' });
      expect(error.message).toMatch(/persist it again/);
      expect(() => computeSync(kept[0], read)).toThrow(expect.objectContaining({ code: 'RELEASED' }));
    }
    expect(await compute(kept[1], options)).toBe(3);
    release(kept, { nested: [kept] }, 5, inc(1));
    expect(await rejection(compute(kept[1], options))).toMatchObject({ code: 'RELEASED' });
  });

  test('persisted again it is another node of the same result, which stays when the first is released', async () => {
    const first = await keep(noting(book.file, 'made', 'x')), second = await first.persist(options);
    expect(second.key).toBe(first.key);
    first.release();
    expect(await compute(second, options)).toBe('x');
    expect(book.lines()).toEqual(['made']);
  });

  test('copies, and what waits, start from it', async () => {
    const kept = await keep(noting(book.file, 'made', 4));
    const copy = clone(inc(kept), { omit: kept }), whole = clone(kept), bound = bind(inc(1), kept);
    expect(await compute([copy, whole, bound], options)).toEqual([5, 4, 2]);
    expect(book.lines()).toEqual(['made']);
  });

  test('its items and methods are nodes too, also with nout', async () => {
    const pair = delayed((a, b) => [a, b], { nout: 2 });
    const kept = await keep(pair(1, [2]));
    expect(kept.length).toBe(2);
    const [a, b] = kept;
    expect(await compute([a, b.get(0), kept.call('join', '-')], options)).toEqual([1, 2, '1-2']);
  });

  test('raw graphs, optimize and asCompleted take it', async () => {
    const kept = await keep(inc(1));
    expect(await get({ x: kept, y: [(x) => x * 10, 'x'] }, 'y', options)).toBe(20);
    expect(await compute(optimize(add(kept, inc(kept))), options)).toBe(5);
    const pairs = [];
    for await (const pair of asCompleted([kept], options)) pairs.push(pair);
    expect(pairs).toEqual([[kept, 2]]);
  });

  test('annotations of a pure function do no harm, and its token is its key\'s', async () => {
    const pure = delayed((x) => x + 1, { pure: true }), node = annotate({ retries: 1 }, () => pure(1));
    const kept = await keep(node);
    expect(await compute([kept, pure(2)], options)).toEqual([2, 3]);
    expect(tokenize(kept)).toBe(tokenize(await keep(node)));
  });

  test('errors and cancelling are as with compute', async () => {
    const bad = delayed(() => { throw new RangeError('mine'); }, { name: 'bad' });
    expect(await rejection(keep([inc(1), bad()]))).toMatchObject({ name: 'RangeError', task: { name: 'bad' } });
    expect(await rejection(keep(inc(1), { signal: AbortSignal.abort('no') }))).toBeInstanceOf(CancelledError);
    expect(await rejection(keep(inc(1), { worker: 1 }))).toMatchObject({ name: 'OptionError', option: 'worker' });
    const { errors, results } = await rejection(keep({ a: inc(1), b: [bad()] }, { stopOnError: false }));
    expect(errors).toHaveLength(1);
    expect(results).toEqual({ a: 2, b: [undefined] });
  });

  test('onProgress is told', async () => {
    const told = [];
    await keep([inc(1), inc(2)], { onProgress: ({ done, total }) => told.push([done, total]) });
    expect(told.at(-1)).toEqual([2, 2]);
  });
});

describe('what is kept of a Runtime', () => {
  test('another uses it, and it outlives the one that made it', async () => {
    const first = await Runtime.start({ workers: 1 }), second = await Runtime.start({ workers: 2 });
    try {
      const array = delayed((n) => new Float64Array(n).fill(1)), kept = await persist({ array: array(100_000), n: inc(1) }, { runtime: first });
      await first.close();
      expect(await compute([sum(kept.array), kept.n], { runtime: second })).toEqual([100_000, 2]);
      expect(computeSync([sum(kept.array), kept.n], { workers: 1 })).toEqual([100_000, 2]);
      expect(computeSync(sum(kept.array), { scheduler: 'sync' })).toBe(100_000);
    } finally {
      await second.close();
    }
  });

  test('is not in its heap: live bytes are what they were before', async () => {
    const runtime = await Runtime.start({ workers: 1 });
    try {
      const array = delayed((n) => new Float64Array(n).fill(1)), use = async () => {
        const kept = await persist(array(100_000), { runtime });
        expect(await compute(sum(kept), { runtime })).toBe(100_000);
        kept.release();
      };
      await use();
      const { live } = runtime.memory;
      for (let i = 0; i < 3; i++) await use();
      expect(runtime.memory.live).toBe(live);
    } finally {
      await runtime.close();
    }
  });

  test('a task that writes to what it was given does not change it', async () => {
    const spoil = delayed((list) => { list.push('spoilt'); return list.length; });
    for (const options of [{ scheduler: 'threads', workers: 1 }, { scheduler: 'sync', strict: true }]) {
      const kept = await persist(delayed(() => [1])(), options);
      expect(await compute([spoil(kept), spoil(kept)], { ...options, optimize: { fuse: false } })).toEqual([2, 2]);
      expect(await compute(kept, options)).toEqual([1]);
    }
  });

  test('what was computed from it is the reader\'s own', async () => {
    const kept = await persist(delayed(() => [1])(), { scheduler: 'threads' });
    (await kept.compute()).push('mine');
    expect(await kept.compute()).toEqual([1]);
    expect(await kept.compute({ scheduler: 'sync' })).toEqual([1]);
  });
});
