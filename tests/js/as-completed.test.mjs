// asCompleted(): results in the order in which they come.
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { CancelledError, Runtime, asCompleted, compute, delayed, sleep } from 'heddle';
import { note, notebook, rejection } from './ways.mjs';

const inc = delayed((x) => x + 1);
const add = delayed((x, y) => x + y);
const noting = delayed(note);
const bad = delayed(function bad(message) { throw new RangeError(message); });

let book;
beforeEach(() => (book = notebook()));
afterEach(() => book.remove());

const ways = [
  ['sync', { scheduler: 'sync' }], ['sync, strict', { scheduler: 'sync', strict: true }], ['threads, 1 worker', { scheduler: 'threads', workers: 1 }],
  ['threads, 2 workers', { scheduler: 'threads', workers: 2 }],
];

/** Until a file has so many lines: then gives `value`. */
function after(file, count, value) {
  const fs = globalThis.process.getBuiltinModule('node:fs');
  for (const until = Date.now() + 10_000; Date.now() < until && fs.readFileSync(file, 'utf8').split('\n').length <= count; );
  return value;
}

describe.each(ways)('%s', (way, options) => {
  const all = async (structure, more) => {
    const pairs = [];
    for await (const pair of asCompleted(structure, { ...options, ...more })) pairs.push(pair);
    return pairs;
  };

  test('each node of a structure comes once, with its result', async () => {
    const a = inc(1), b = add(a, 2), c = inc(b);
    const pairs = await all({ c, list: [a, b, a], map: new Map([['a', a]]) });
    expect(new Map(pairs)).toEqual(new Map([[a, 2], [b, 4], [c, 5]]));
    expect(pairs).toHaveLength(3);
    if (options.scheduler === 'sync') expect(pairs.map(([node]) => node)).toEqual([a, b, c]); /* each needs the one before */
  });

  test('one node, and none', async () => {
    const node = inc(1);
    expect(await all(node)).toEqual([[node, 2]]);
    for (const empty of [[], {}, 5, new Map()]) expect(await all(empty)).toEqual([]);
  });

  test('what is shared, and not asked for, runs once and does not come', async () => {
    const shared = noting(book.file, 'shared', 1);
    expect((await all([inc(shared), add(shared, 5)])).map(([, result]) => result).sort()).toEqual([2, 6]);
    expect(book.lines()).toEqual(['shared']);
  });

  test('of equal pure calls each comes', async () => {
    const pure = delayed((x) => x + 1, { pure: true }), nodes = [pure(1), pure(1), pure(2)];
    const pairs = await all(nodes);
    expect(new Map(pairs)).toEqual(new Map([[nodes[0], 2], [nodes[1], 2], [nodes[2], 3]]));
  });

  test('in chains, and with all optimizations or none', async () => {
    const a = inc(1), b = inc(a), c = inc(b);
    for (const optimize of [true, false]) expect(new Map(await all([c, a], { optimize }))).toEqual(new Map([[a, 2], [c, 4]]));
  });

  test('results are exact: undefined, arrays, objects', async () => {
    const values = delayed((kind) => ({ none: undefined, array: new Float64Array(20_000), object: { a: [1n] } })[kind]);
    const pairs = await all(['none', 'array', 'object'].map((kind) => values(kind)));
    expect(pairs.map(([, result]) => result)).toEqual(expect.arrayContaining([undefined, new Float64Array(20_000), { a: [1n] }]));
  });

  test('hundreds come', async () => {
    const nodes = Array.from({ length: 500 }, (_, i) => inc(i));
    const pairs = await all(nodes);
    expect(new Set(pairs.map(([node]) => node))).toEqual(new Set(nodes));
    expect(pairs.every(([node, result]) => result === nodes.indexOf(node) + 1)).toBe(true);
  });

  test('an error is thrown after the results that came before it', async () => {
    const a = inc(1), came = [];
    const error = await rejection((async () => {
      for await (const [node, result] of asCompleted([a, bad(a)], { ...options, optimize: { fuse: false } })) came.push([node, result]);
    })());
    expect(error).toMatchObject({ name: 'RangeError', task: { name: 'bad' } });
    expect(came).toEqual([[a, 2]]);
  });

  test('stopOnError: false: what can be done comes, then all errors, with the results in the form of the structure', async () => {
    const a = inc(1), b = inc(2), failed = bad('x'), came = [];
    const error = await rejection((async () => {
      for await (const [node] of asCompleted({ a, list: [failed, b, inc(failed)] }, { ...options, stopOnError: false })) came.push(node);
    })());
    expect(error).toBeInstanceOf(AggregateError);
    expect(error.errors).toHaveLength(1);
    expect(error.results).toEqual({ a: 2, list: [undefined, 3, undefined] });
    expect(new Set(came)).toEqual(new Set([a, b]));
  });

  test('leaving the loop cancels the rest', async () => {
    const slow = delayed((file, x) => {
      globalThis.process.getBuiltinModule('node:fs').appendFileSync(file, `${x}\n`);
      for (const until = Date.now() + 5; Date.now() < until; );
      return x;
    });
    for await (const [, result] of asCompleted(Array.from({ length: 300 }, (_, i) => slow(book.file, i)), options)) {
      expect(result).toEqual(expect.any(Number));
      break;
    }
    expect(await compute(inc(1), options)).toBe(2);
    expect(book.lines().length).toBeLessThan(300);
  });

  test('leaving it by an error cancels the rest too, and is that error', async () => {
    const error = await rejection((async () => {
      for await (const _ of asCompleted([inc(1), delayed(() => new Promise(() => {}))()], options)) throw new TypeError('mine');
    })());
    expect(error).toMatchObject({ name: 'TypeError', message: 'mine' });
    expect(await compute(inc(1), options)).toBe(2);
  });

  test('the signal cancels it: before, and between two results', async () => {
    const error = await rejection(all(inc(1), { signal: AbortSignal.abort('early') }));
    expect(error).toBeInstanceOf(CancelledError);
    expect(error.cause).toBe('early');
    const controller = new AbortController();
    const late = await rejection((async () => {
      for await (const _ of asCompleted([inc(1), delayed(() => new Promise(() => {}))()], { ...options, signal: controller.signal })) controller.abort('late');
    })());
    expect(late).toBeInstanceOf(CancelledError);
    expect(late.cause).toBe('late');
  });

  test('options are checked', async () => {
    expect(await rejection(all(inc(1), { worker: 2 }))).toMatchObject({ name: 'OptionError', option: 'worker' });
  });

  test('onProgress is told, and an error of it is thrown', async () => {
    const told = [];
    await all([inc(1), inc(2)], { onProgress: ({ done }) => told.push(done) });
    expect(told.at(-1)).toBe(2);
    expect(await rejection(all([inc(1)], { onProgress: () => { throw new Error('teller'); } }))).toMatchObject({ message: 'teller' });
  });

  test('it can be asked step by step, and ended without having begun', async () => {
    const never = asCompleted(noting(book.file, 'ran', 1), options);
    expect(await never.return()).toEqual({ done: true, value: undefined });
    expect(book.lines()).toEqual([]);
    const steps = asCompleted([inc(1)], options);
    expect((await steps.next()).value[1]).toBe(2);
    expect(await steps.next()).toEqual({ done: true, value: undefined });
    expect(await steps.next()).toEqual({ done: true, value: undefined });
  });
});

test('threads: the one that is done first comes first, whatever the order of the nodes', async () => {
  const nodes = [2, 1, 0].map((place) => delayed(after)(book.file, place, place));
  const runtime = await Runtime.start({ workers: 3 });
  try {
    const came = [];
    for await (const [, result] of asCompleted(nodes, { runtime })) {
      came.push(result);
      note(book.file, 'next');
    }
    expect(came).toEqual([0, 1, 2]);
  } finally {
    await runtime.close();
  }
});

test('threads: a result comes while others still run', async () => {
  const waits = delayed(after)(book.file, 1, 'last'), first = inc(1), came = [];
  for await (const [, result] of asCompleted([waits, first], { scheduler: 'threads', workers: 2 })) {
    came.push(result);
    if (result === 2) note(book.file, 'go');
  }
  expect(came).toEqual([2, 'last']);
});

test('sync: it goes on only when it is asked', async () => {
  const nodes = [1, 2, 3].map((x) => noting(book.file, `task ${x}`, x));
  for await (const [, result] of asCompleted(nodes, { scheduler: 'sync' })) {
    note(book.file, `got ${result}`);
    await new Promise((resume) => setTimeout(resume, 2));
    sleep(0);
  }
  expect(book.lines()).toEqual([1, 2, 3].flatMap((x) => [`task ${x}`, `got ${x}`]));
});
