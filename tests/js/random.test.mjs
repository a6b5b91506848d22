// Random graphs: every scheduler gives what plain JavaScript gives. On failure fast-check prints the seed
// and the smallest graph it found; HEDDLE_SEED=… runs the same graphs again, HEDDLE_RUNS=… more of them.
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { bind, compute, delayed } from 'heddle';
import { isDeepStrictEqual } from 'node:util';
import { ways } from './ways.mjs';

const parameters = {
  ...(process.env.HEDDLE_SEED ? { seed: Number(process.env.HEDDLE_SEED) } : {}),
  numRuns: Number(process.env.HEDDLE_RUNS ?? 100),
  interruptAfterTimeLimit: Number(process.env.HEDDLE_RUNS ? Infinity : 20_000), // of shrinking, mostly
  asyncReporter: async (details) => {
    if (!details.failed) return;
    const text = await fc.asyncDefaultReportMessage(details);
    const short = text.length > 4000 ? `${text.slice(0, 3000)}\n… (run it again with the seed)\n${text.slice(-1000)}` : text;
    throw new Error(`HEDDLE_SEED=${details.seed}\n${short}`, { cause: details.errorInstance });
  },
};

/** Any value as a whole number below 2^31, by everything that is in it. */
function digest(value) {
  let hash = 7;
  const mix = (number) => (hash = (Math.imul(hash, 31) + (number | 0)) | 0);
  const text = (string) => [...string].forEach((letter) => mix(letter.codePointAt(0)));
  const todo = [value];
  while (todo.length) {
    const item = todo.pop();
    if (typeof item === 'number') Object.is(item, -0) ? mix(-7) : text(String(item));
    else if (ArrayBuffer.isView(item)) {
      text(item.constructor.name);
      const step = Math.ceil(item.length / 64);
      for (let i = 0; i < item.length; i += step) mix(Number(item[i]));
      mix(item.length);
    } else if (Array.isArray(item)) todo.push(item.length, ...item);
    else if (item instanceof Map) todo.push('map', ...[...item].flat());
    else if (item instanceof Set) todo.push('set', ...item);
    else if (item instanceof Date) mix(item.getTime());
    else if (item !== null && typeof item === 'object') todo.push('object', ...Object.entries(item).flat());
    else text(`${typeof item} ${String(item)}`);
  }
  return hash >>> 1;
}

/** What tasks do: each gives another kind of value, made of all its arguments. */
const operations = {
  number: (...args) => digest(args),
  text: (...args) => `n${digest(args)} é\ud83d\ude00`,
  list: (...args) => [digest(args), 'x', [args.length, null, undefined, -0]],
  object: (...args) => ({ hash: digest(args), inner: { first: [args.length] }, 'odd key': true }),
  containers: (...args) => new Map([['set', new Set([digest(args)])], [7, new Date(digest(args))]]),
  floats: (...args) => new Float64Array(1 + (digest(args) % 20)).fill(digest(args) / 3),
  bytes: (...args) => Uint8Array.from({ length: digest(args) % 40 }, (_, i) => i + args.length),
  bigints: (...args) => new BigInt64Array([BigInt(digest(args)), -1n]),
  long: (...args) => new Float32Array(20_000).fill(digest(args) % 1000), // 80 kB: shared when it is an input
  odd: (...args) => [undefined, null, NaN, true, BigInt(args.length), Infinity][digest(args) % 6],
  pass: (first, ...rest) => (ArrayBuffer.isView(first) || Object(first) !== first ? first : digest([first, rest])),
  wrap: (first, ...rest) => (ArrayBuffer.isView(first) ? { view: first, again: [first] } : [digest([first, rest])]),
  part: (first, ...rest) => (ArrayBuffer.isView(first) ? first.subarray(first.length >> 1) : digest([first, rest])),
};
const tasks = Object.fromEntries(Object.entries(operations).map(([name, fn]) => [name, delayed(fn, { name, scope: { digest } })]));

/**
 * An argument as fast-check makes it: a reference backwards, a value, or a nest of such. What a number
 * refers to is decided when the graph is made, so that a smaller graph stays a graph.
 */
const argument = fc.letrec((tie) => ({
  argument: fc.oneof({ depthSize: 'small' },
    { weight: 6, arbitrary: fc.record({ ref: fc.nat() }) },
    { weight: 2, arbitrary: fc.record({ value: fc.oneof(fc.integer(), fc.double(), fc.string(), fc.boolean(), fc.constant(undefined)) }) },
    { weight: 1, arbitrary: fc.record({ array: fc.array(tie('argument'), { maxLength: 4 }) }) },
    { weight: 1, arbitrary: fc.record({ object: fc.dictionary(fc.string(), tie('argument'), { maxKeys: 3 }) }) },
    { weight: 1, arbitrary: fc.record({ map: fc.array(tie('argument'), { maxLength: 3 }) }) }),
})).argument;

const node = fc.record({ operation: fc.constantFrom(...Object.keys(operations)), args: fc.array(argument, { maxLength: 4 }) });

/** `reach` makes the shape: 1 a chain, few a ladder, many a random graph; `roots` make fans. */
const graph = fc.record({
  reach: fc.constantFrom(1, 2, 8, 50, 300),
  fanTo: fc.option(fc.nat({ max: 3 }), { nil: undefined, freq: 4 }),
  nodes: fc.oneof(
    { weight: 4, arbitrary: fc.array(node, { minLength: 1, maxLength: 12, size: 'max' }) },
    { weight: 2, arbitrary: fc.array(node, { minLength: 12, maxLength: 80, size: 'max' }) },
    { weight: 1, arbitrary: fc.array(node, { minLength: 80, maxLength: 300, size: 'max' }) },
  ),
  wanted: fc.array(fc.nat(), { minLength: 1, maxLength: 5 }),
});

/** The graph with `call(operation, args)` for each node; gives the structure of what is wanted. */
function build({ reach, fanTo, nodes, wanted }, call) {
  const made = [];
  const resolve = (given) => {
    if ('ref' in given) {
      const near = Math.min(reach, made.length);
      return near === 0 ? given.ref : made[fanTo !== undefined && fanTo < made.length && given.ref % 2 ? fanTo : made.length - 1 - (given.ref % near)];
    }
    if ('array' in given) return given.array.map(resolve);
    if ('object' in given) return Object.fromEntries(Object.entries(given.object).map(([key, inner]) => [key, resolve(inner)]));
    if ('map' in given) return new Map(given.map.map((inner, i) => [`k${i}`, resolve(inner)]));
    return given.value;
  };
  for (const { operation, args } of nodes) made.push(call(operation, args.map(resolve)));
  return { last: made.at(-1), some: wanted.map((at) => made[at % made.length]), all: new Map([['first', [made[0]]]]) };
}

const plain = (spec) => build(spec, (operation, args) => operations[operation](...args));
const lazy = (spec) => build(spec, (operation, args) => tasks[operation](...args));

/** What `optimize` can be, with orders and budgets. */
const plan = fc.record({
  optimize: fc.oneof(fc.boolean(), fc.record({ cull: fc.boolean(), fuse: fc.boolean(), inline: fc.boolean() })),
  order: fc.constantFrom('fast', 'best'),
  budget: fc.option(fc.oneof(fc.integer({ min: 1, max: 50 }), fc.record({ bytes: fc.constantFrom(1, '1KB', '1MB') })), { nil: undefined }),
});

/** The same tasks, of which every other one is cheap and some go first. */
const mixedTasks = Object.fromEntries(Object.entries(operations).map(([name, fn], i) =>
  [name, delayed(fn, { name, scope: { digest }, inline: i % 2 === 0, priority: i % 5 === 0 ? i : undefined })]));
const lazyMixed = (spec) => build(spec, (operation, args) => mixedTasks[operation](...args));

const tested = ways.filter(({ way }) => ['sync', 'sync, strict', 'threads, 2 workers', 'threads, 4 workers', 'computeSync, threads'].includes(way));

describe.each(tested)('$way', ({ run }) => {
  test('random graphs give what plain JavaScript gives', async () => {
    await fc.assert(fc.asyncProperty(graph, async (spec) => {
      const result = await run(lazy(spec));
      const expected = plain(spec);
      if (!isDeepStrictEqual(result, expected)) expect(result).toEqual(expected); // shows what differs
      expect(isDeepStrictEqual(result, expected)).toBe(true);
    }), parameters);
  }, process.env.HEDDLE_RUNS ? 3_600_000 : 60_000);
});

describe.each(tested.filter(({ way }) => way !== 'computeSync, threads'))('$way, with any passes, order, budget and priorities', ({ run }) => {
  test('random graphs give what plain JavaScript gives, also as clones that wait', async () => {
    await fc.assert(fc.asyncProperty(graph, plan, fc.boolean(), async (spec, options, bound) => {
      const structure = lazyMixed(spec);
      const result = await run(bound ? bind(structure, structure) : structure, options);
      const expected = plain(spec);
      if (!isDeepStrictEqual(result, expected)) expect(result).toEqual(expected); // shows what differs
      expect(isDeepStrictEqual(result, expected)).toBe(true);
    }), parameters);
  }, process.env.HEDDLE_RUNS ? 3_600_000 : 60_000);
});

describe('large graphs', () => {
  const COUNT = 100_000;
  const mix = delayed((x) => (Math.imul(x, 31) + 7) | 0);
  const both = delayed((x, y) => (Math.imul(x, 31) + y) | 0);
  const all = delayed((...numbers) => numbers.reduce((hash, number) => (Math.imul(hash, 31) + number) | 0, 0));
  const mixed = (x) => (Math.imul(x, 31) + 7) | 0;

  test.each(tested)('a chain of 100,000 ($way)', async ({ run }) => {
    let node = mix(1), expected = mixed(1);
    for (let i = 1; i < COUNT; i++) {
      node = mix(node);
      expected = mixed(expected);
    }
    expect(await run(node)).toBe(expected);
  });

  test.each(tested)('100,000 side by side into one ($way)', async ({ run }) => {
    const numbers = Array.from({ length: COUNT }, (_, i) => i);
    const expected = numbers.map(mixed).reduce((hash, number) => (Math.imul(hash, 31) + number) | 0, 0);
    expect(await run(all(...numbers.map((i) => mix(i))))).toBe(expected);
  });

  test.each(tested)('100,000 wanted ($way)', async ({ run }) => {
    const result = await run(Array.from({ length: COUNT }, (_, i) => mix(i)));
    const wrong = result.flatMap((value, i) => (value === mixed(i) ? [] : [[i, value]]));
    expect(isDeepStrictEqual(result, Array.from({ length: COUNT }, (_, i) => mixed(i)))).toBe(true);
    expect({ length: result.length, wrong: wrong.length, some: wrong.slice(0, 5) }).toEqual({ length: COUNT, wrong: 0, some: [] });
  });

  test.each(tested)('a triangle of 300 rows, each number of two above ($way)', async ({ run }) => {
    let row = [mix(1)], numbers = [mixed(1)];
    for (let i = 1; i < 300; i++) {
      const [above, numbersAbove] = [row, numbers];
      row = Array.from({ length: i + 1 }, (_, k) => both(above[Math.max(0, k - 1)], above[Math.min(i - 1, k)]));
      numbers = row.map((_, k) => (Math.imul(numbersAbove[Math.max(0, k - 1)], 31) + numbersAbove[Math.min(i - 1, k)]) | 0);
    }
    expect(await run(row)).toEqual(numbers);
  });

  test('the heap grows while all workers allocate, and nothing is lost', async () => {
    //  120 arrays of 1 MB, all alive until their sums are wanted: the heap starts with 16 MB.
    const fill = delayed((i) => new Float64Array(131_072).fill(i));
    const check = delayed((i, array) => array.length === 131_072 && array.every((number) => number === i));
    const arrays = Array.from({ length: 120 }, (_, i) => fill(i));
    const checks = arrays.map((array, i) => check(i, array));
    const first = delayed((...many) => many.map((array) => array[0]));
    const results = await compute([first(...arrays), ...checks], { scheduler: 'threads', workers: 4 });
    expect(results).toEqual([arrays.map((_, i) => i), ...checks.map(() => true)]);
  });
});
