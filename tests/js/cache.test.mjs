// A cache of pure results: what it has need not run again, exactly, and within its bytes.
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { Cache, OptionError, asCompleted, compute, config, delayed, persist } from 'heddle';
import { note, notebook, ways } from './ways.mjs';

let book;
beforeEach(() => (book = notebook()));
afterEach(() => book.remove());

const noted = delayed(note, { pure: true });
const add = delayed((x, y) => x + y, { pure: true });
const list = delayed((file, length) => { globalThis.process.getBuiltinModule('node:fs').appendFileSync(file, 'list\n'); return Array.from({ length }, (_, i) => ({ i })); }, { pure: true });

describe.each(ways)('$way', ({ run }) => {
  test('a pure task whose result is there does not run again, nor does what only it needs', async () => {
    const cache = new Cache('1MB');
    const sum = () => add(noted(book.file, 'a', 1), noted(book.file, 'b', 2));
    expect(await run(sum(), { cache })).toBe(3);
    expect(book.lines().sort()).toEqual(['a', 'b']);
    expect(await run([sum(), add(noted(book.file, 'a', 1), 10)], { cache })).toEqual([3, 11]);
    expect(book.lines().sort()).toEqual(['a', 'b']);
    expect(cache.size).toBe(4);
  });

  test('results are copies: what is done to one is not seen in the next', async () => {
    const cache = new Cache('1MB');
    for (let round = 0; round < 3; round++) {
      const result = await run(list(book.file, 2), { cache });
      expect(result).toEqual([{ i: 0 }, { i: 1 }]);
      result[0].i = 99;
      result.push('more');
    }
    expect(book.lines()).toEqual(['list']);
  });

  test('tasks that are not pure, and pure ones that need them, run each time', async () => {
    const cache = new Cache('1MB');
    const impure = delayed(note)(book.file, 'impure', 1);
    const needs = noted(book.file, 'needs it', impure);
    for (let round = 0; round < 2; round++) expect(await run(needs, { cache })).toBe(1);
    expect(book.lines()).toEqual(['impure', 'needs it', 'impure', 'needs it']);
    expect(cache.size).toBe(0);
  });

  test('what fails is not kept', async () => {
    const cache = new Cache('1MB');
    const bad = delayed((file) => { globalThis.process.getBuiltinModule('node:fs').appendFileSync(file, 'tried\n'); throw new Error('bad'); }, { pure: true });
    for (let round = 0; round < 2; round++) await expect(run([add(1, 2), bad(book.file)], { cache })).rejects.toThrow('bad');
    expect(book.lines()).toEqual(['tried', 'tried']);
  });

  test('a result is kept as it was made, whatever is done to it later', async () => {
    const cache = new Cache('1MB');
    const make = delayed((n) => [n, 2, 3], { pure: true }), change = delayed((list) => { list.push(4); return list.length; });
    expect(await run(change(make(1)), { cache, optimize: false })).toBe(4);
    expect(await run(make(1), { cache })).toEqual([1, 2, 3]);
  });

  test('with stopOnError: false results are those that were wanted', async () => {
    const cache = new Cache('1MB');
    const bad = delayed(() => { throw new Error('bad'); });
    await expect(run([add(noted(book.file, 'a', 1), 10), bad()], { cache, stopOnError: false })).rejects.toMatchObject({ results: [11, undefined] });
  });

  test('without a cache all runs', async () => {
    for (let round = 0; round < 2; round++) await run(noted(book.file, 'a', 1));
    expect(book.lines()).toEqual(['a', 'a']);
  });
});

test('the cache of config is every computation\'s', async () => {
  config.cache = new Cache('1MB');
  try {
    for (let round = 0; round < 2; round++) expect(await compute(noted(book.file, 'a', 1))).toBe(1);
    const kept = await persist(noted(book.file, 'a', 1));
    expect(await kept.compute({ scheduler: 'sync' })).toBe(1);
    for await (const [, result] of asCompleted([noted(book.file, 'a', 1), add(1, 2)])) expect([1, 3]).toContain(result);
  } finally {
    config.cache = undefined;
  }
  expect(book.lines()).toEqual(['a']);
});

test('a full cache lets go of what was not used for longest', async () => {
  const cache = new Cache(3000);
  const text = (name) => noted(book.file, name, 'x'.repeat(800));
  for (const name of ['a', 'b', 'a', 'c', 'a', 'b']) await compute(text(name), { cache, scheduler: 'sync' });
  expect(book.lines()).toEqual(['a', 'b', 'c', 'b']);
  expect(cache.bytes).toBeLessThanOrEqual(3000);
  await compute(noted(book.file, 'large', 'x'.repeat(5000)), { cache, scheduler: 'sync' }); // fits never: nothing goes for it
  expect(cache.size).toBeGreaterThan(0);
  cache.clear();
  expect([cache.size, cache.bytes]).toEqual([0, 0]);
});

test('what cannot travel is not kept, and does not disturb', async () => {
  const cache = new Cache('1MB');
  const make = delayed(() => () => 1, { pure: true });
  expect((await compute(make(), { cache, scheduler: 'sync' }))()).toBe(1);
  expect(cache.size).toBe(0);
});

test.each([[undefined], ['lots'], [-1], [NaN], [{}]])('a Cache of %p is an OptionError', (bytes) => {
  expect(() => new Cache(bytes)).toThrow(OptionError);
});

test('cache is a Cache', async () => {
  await expect(compute([], { cache: new Map() })).rejects.toThrow(OptionError);
});
