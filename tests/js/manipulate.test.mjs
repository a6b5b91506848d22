// bind, clone, checkpoint, waitOn: graphs made of graphs, in every way there is.
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { Delayed, OptionError, bind, checkpoint, clone, compute, delayed, waitOn, watch } from 'heddle';
import { note, notebook, ways } from './ways.mjs';

const inc = delayed((x) => x + 1, { name: 'inc' });
const add = delayed((x, y) => x + y);
const unwrap = delayed(([x]) => x + 1);
const noted = delayed(note);
/** What a function sees of its call. */
const seen = delayed(function seen(...rest) {
  return [arguments.length, rest];
});

let book;
beforeEach(() => (book = notebook()));
afterEach(() => book.remove());

const tested = ways.filter(({ way }) => ['sync', 'sync, strict', 'threads, 2 workers', 'computeSync, threads'].includes(way));

describe.each(tested)('$way', ({ run }) => {
  describe('bind', () => {
    //  a1 a2        parents, slow to come
    //   ...         nothing of b starts before
    //  b1 b2
    //   \ /
    //    c
    test('starts nothing of the children before all parents are done', async () => {
      const parents = ['a1', 'a2', 'a3'].map((line) => noted(book.file, line, 0));
      const b = ['b1', 'b2'].map((line) => noted(book.file, line, 1));
      expect(await run(bind({ sum: add(...b), list: [b[0]] }, parents))).toEqual({ sum: 2, list: [1] });
      expect(book.lines().slice(0, 3).toSorted()).toEqual(['a1', 'a2', 'a3']);
      expect(book.lines().slice(3).toSorted()).toEqual(['b1', 'b2']);
    });

    test('changes nothing of what functions see', async () => {
      const parent = inc(1), big = new Float64Array(20_000).fill(2), list = [1, [2]];
      const calls = [seen(), seen(1, 'two', undefined, -0), seen(list, big), seen([inc(1)], { x: inc(2) }, new Map([['k', inc(3)]])), seen(inc(1), 5)];
      const expected = [[0, []], [4, [1, 'two', undefined, -0]], [2, [[1, [2]], big]], [3, [[2], { x: 3 }, new Map([['k', 4]])]], [2, [2, 5]]];
      expect(await run(bind(calls, parent))).toEqual(expected);
      expect(await run(bind(bind(calls, parent), [parent, inc(7)]))).toEqual(expected);
    });

    test('keeps what a call shares among its arguments', async () => {
      const list = [inc(1)];
      const shares = delayed((first, { second }, again) => [first === second, first === again, first]);
      expect(await run([bind(shares(list, { second: list }, list), inc(5)), clone(shares(list, { second: list }, list))])).toEqual([[true, true, [2]], [true, true, [2]]]);
    });

    test('leaves the children themselves as they were', async () => {
      const child = noted(book.file, 'child', 1);
      const bound = bind(child, noted(book.file, 'parent', 0));
      expect(bound.key).not.toBe(child.key);
      expect(await run(child)).toBe(1);
      expect(book.lines()).toEqual(['child']);
    });

    test('does not run again what is omitted; what needs it waits', async () => {
      //  shared -> child, and parent: shared runs once and at once
      const shared = noted(book.file, 'shared', 1);
      const child = noted(book.file, 'child', shared), parent = noted(book.file, 'parent', shared);
      expect(await run([bind(child, parent, { omit: [shared] }), shared])).toEqual([1, 1]);
      expect(book.lines()).toEqual(['shared', 'parent', 'child']);
    });

    test('with parents that hold nothing lazy binds to nothing', async () => {
      expect(await run(bind([inc(1), 5], ['x', {}]))).toEqual([2, 5]);
    });
  });

  describe('clone', () => {
    test('gives the same structure, which runs again', async () => {
      const a = noted(book.file, 'a', 1), b = add(a, inc(a));
      const again = clone({ b, inside: new Map([['b', [b]]]), text: 'x' });
      expect(await run({ b, again })).toEqual({ b: 3, again: { b: 3, inside: new Map([['b', [3]]]), text: 'x' } });
      expect(book.lines()).toEqual(['a', 'a']);
    });

    test('of a task with a key of its own may be in one graph with it', async () => {
      const one = delayed(note, { key: 'one' })(book.file, 'one', 1);
      expect(await run(add(one, clone(one)))).toBe(2);
      expect(book.lines()).toEqual(['one', 'one']);
    });

    test('shares what is omitted', async () => {
      const a = noted(book.file, 'a', 1), b = noted(book.file, 'b', a);
      expect(await run([b, clone(b, { omit: { a } })])).toEqual([1, 1]);
      expect(book.lines()).toEqual(['a', 'b', 'b']);
    });

    test('clones 100,000 in a chain, and nodes inside arguments', async () => {
      let node = inc([0].length);
      for (let i = 1; i < 100_000; i++) node = i % 1000 ? inc(node) : unwrap([node]);
      expect(await run(clone(node))).toBe(100_001);
    });
  });

  describe('checkpoint', () => {
    test('is null, and done when all is', async () => {
      const parts = Array.from({ length: 30 }, (_, i) => noted(book.file, `${i}`, i));
      expect(await run(checkpoint(parts[0], parts, { more: new Set([inc(1)]) }))).toBe(null);
      expect(book.lines().toSorted()).toEqual(parts.map((_, i) => `${i}`).toSorted());
    });

    test('of nothing is null at once', async () => {
      expect(await run([checkpoint(), checkpoint(5, [])])).toEqual([null, null]);
    });
  });

  describe('waitOn', () => {
    test('gives results only when all are there', async () => {
      const parts = ['a', 'b', 'c'].map((line) => noted(book.file, line, line));
      const [first, { rest }] = waitOn(parts[0], { rest: parts.slice(1) });
      expect(await run([noted(book.file, 'after', first), rest])).toEqual(['a', ['b', 'c']]);
      expect(book.lines().at(-1)).toBe('after');
    });

    test('of one structure gives that structure', async () => {
      expect(waitOn(inc(1))).toBeInstanceOf(Delayed);
      expect(await run([waitOn(inc(1)), waitOn([inc(1), 'x']), waitOn(5)])).toEqual([2, [2, 'x'], 5]);
    });
  });
});

describe('keys of clones', () => {
  test('are new, begin like the originals\', and are equal for equal seeds', () => {
    const node = inc(1), given = delayed((x) => x, { key: 'total' })(inc(node));
    for (const original of [node, given]) {
      const keys = [clone(original), clone(original), clone(original, { seed: 1 }), clone(original, { seed: 2 }), clone(original, { seed: '1' })].map(({ key }) => key);
      expect(new Set([original.key, ...keys]).size).toBe(6);
      expect(clone(original, { seed: 1 }).key).toBe(keys[2]);
      for (const key of keys) expect(key).toMatch(original === node ? /^inc-[0-9a-f]{16}$/ : /^total-[0-9a-f]{16}$/);
    }
  });

  test('are all different in a large graph', async () => {
    const nodes = Array.from({ length: 50_000 }, (_, i) => inc(i));
    expect(new Set(clone(nodes, { seed: 'x' }).map(({ key }) => key)).size).toBe(50_000);
  });
});

test('a checkpoint is a tree, so results are released early', async () => {
  let graph;
  const unwatch = watch((message) => message.type === 'begin' && (graph = message.graph));
  await compute(checkpoint(Array.from({ length: 100 }, (_, i) => inc(i))), { scheduler: 'sync' });
  unwatch();
  const widths = Array.from({ length: graph.count }, (_, task) => graph.offsets[task + 1] - graph.offsets[task]);
  expect(Math.max(...widths)).toBe(8);
  expect(graph.count).toBe(100 + 100 + 13 + 2 + 1);
});

test.each([
  ['an unknown option', () => clone(inc(1), { sed: 1 }), 'sed'], ['a seed that is no text', () => bind(inc(1), inc(2), { seed: {} }), 'seed'],
  ['a seed that is null', () => clone(inc(1), { seed: null }), 'seed'],
])('%s is an OptionError', (_, misuse, option) => {
  expect(misuse).toThrow(OptionError);
  expect(misuse).toThrow(expect.objectContaining({ option }));
});
