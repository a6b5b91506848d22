// delayed and compute in one thread: what is recorded, what runs, and how often.
import { beforeEach, describe, expect, jest, test } from '@jest/globals';
import { Delayed, FunctionError, HdError, OptionError, compute, delayed, sleep } from 'heddle';
import { inspect } from 'node:util';
import { rejection } from './ways.mjs';

const sync = { scheduler: 'sync' };

/** How often each of the functions below ran. */
let calls;
beforeEach(() => (calls = { inc: 0, add: 0, sum: 0 }));

const inc = delayed(function inc(x) {
  calls.inc++;
  return x + 1;
});
const add = delayed(function add(x, y) {
  calls.add++;
  return x + y;
});
const sum = delayed(function sum(numbers) {
  calls.sum++;
  return [...(numbers.values?.() ?? Object.values(numbers))].reduce((total, number) => total + number, 0);
});

describe("the lesson's programs", () => {
  const slowInc = delayed(function inc(x) {
    sleep(0.001);
    return x + 1;
  });
  const slowAdd = delayed(function add(x, y) {
    sleep(0.001);
    return x + y;
  });
  const slowDouble = delayed(function double(x) {
    sleep(0.001);
    return x * 2;
  });
  const total = delayed(function sum(numbers) {
    return numbers.reduce((all, number) => all + number, 0);
  });

  test.each([['sync'], ['threads']])('delayed: add(inc(1), inc(2)) is 5 (%s)', async (scheduler) => {
    expect(await slowAdd(slowInc(1), slowInc(2)).compute({ scheduler })).toBe(5);
  });

  test.each([['sync'], ['threads']])('a parallel loop: inc of 1 to 8 adds up to 44 (%s)', async (scheduler) => {
    const results = [1, 2, 3, 4, 5, 6, 7, 8].map((x) => slowInc(x));
    expect(await total(results).compute({ scheduler })).toBe(44);
  });

  test.each([['sync'], ['threads']])('a loop with flow control: even doubled, odd incremented, 90 (%s)', async (scheduler) => {
    const results = [];
    for (let x = 1; x <= 10; x++) results.push(x % 2 === 0 ? slowDouble(x) : slowInc(x));
    expect(await total(results).compute({ scheduler })).toBe(90);
  });

  test.each([['sync'], ['threads']])('computing: four parts add up beyond 2^32 (%s)', async (scheduler) => {
    const part = delayed(function part() {
      let all = 0;
      for (let number = 0; number < 100_000; number++) all += number;
      return all;
    });
    expect(await total([part(), part(), part(), part()]).compute({ scheduler })).toBe(19_999_800_000);
  });
});

describe('a call', () => {
  test('runs nothing before compute, and printing runs nothing', async () => {
    const z = add(inc(1), inc(2));
    expect(`${z} ${z.key} ${inspect({ z })}`).toContain('add');
    expect(calls).toEqual({ inc: 0, add: 0, sum: 0 });
    expect(await z.compute(sync)).toBe(5);
    expect(calls).toEqual({ inc: 2, add: 1, sum: 0 });
  });

  test('is a Delayed, which await does not compute', async () => {
    const z = inc(1);
    expect(z).toBeInstanceOf(Delayed);
    expect(await z).toBe(z);
    expect(calls.inc).toBe(0);
  });

  test('passes arguments on as they are: none, undefined, defaults, rest', async () => {
    const count = delayed(function () {
      return arguments.length;
    });
    const list = delayed((first = 'default', ...rest) => [first, rest]);
    expect(await compute([count(), count(undefined), count(1, 2, 3)], sync)).toEqual([0, 1, 3]);
    expect(await compute([list(), list(undefined, undefined), list(null, 1, 2)], sync)).toEqual([
      ['default', []], ['default', [undefined]], [null, [1, 2]],
    ]);
  });

  test('takes arrow functions, functions, methods and async functions', async () => {
    const object = { method(x) { return x + 1; } };
    const kinds = [(x) => x + 1, function (x) { return x + 1; }, object.method, async (x) => x + 1];
    for (const scheduler of ['sync', 'threads'])
      expect(await compute(kinds.map((fn) => delayed(fn)(1)), { scheduler })).toEqual([2, 2, 2, 2]);
  });

  test('is computed anew each time: results are not kept', async () => {
    const x = inc(1);
    expect([await x.compute(sync), await x.compute(sync)]).toEqual([2, 2]);
    expect(calls.inc).toBe(2);
  });
});

describe('keys', () => {
  test("are made of the function's name and a number, each once, and stay", () => {
    const made = Array.from({ length: 1000 }, (_, i) => (i % 2 ? inc(i) : add(i, i)));
    const keys = made.map((node) => node.key);
    expect(new Set(keys).size).toBe(1000);
    for (const [i, key] of keys.entries()) expect(key).toMatch(i % 2 ? /^inc-\d+$/ : /^add-\d+$/);
    expect(made.map((node) => node.key)).toEqual(keys);
  });

  test('two functions of one name have keys apart', () => {
    const other = delayed(function inc() {});
    const keys = [inc(1).key, other().key, inc(1).key];
    expect(new Set(keys).size).toBe(3);
  });

  test('of a function without a name are called task', () => {
    expect(delayed((() => () => 1)())().key).toMatch(/^task-\d+$/);
  });

  test('take the name that is given', () => {
    expect(delayed((x) => x, { name: 'load' })(1).key).toMatch(/^load-\d+$/);
  });

  test('may be given', () => {
    expect(delayed((x) => x, { key: 'the one' })(1).key).toBe('the one');
  });

  test('are what a Delayed prints', () => {
    const x = delayed((x) => x, { key: 'x' })(1);
    expect(String(x)).toBe('Delayed(x)');
    expect(inspect([x, { x }])).toBe('[ Delayed(x), { x: Delayed(x) } ]');
  });
});

describe('parts that are shared', () => {
  test('a node twice as an argument runs once', async () => {
    //  inc
    //  | |
    //  add
    const x = inc(1);
    expect(await add(x, x).compute(sync)).toBe(4);
    expect(calls).toEqual({ inc: 1, add: 1, sum: 0 });
  });

  test('the top of a diamond runs once', async () => {
    //    inc
    //   /   \
    //  add  add
    //   \   /
    //    add
    const top = inc(1);
    expect(await add(add(top, 10), add(top, 20)).compute(sync)).toBe(34);
    expect(calls).toEqual({ inc: 1, add: 3, sum: 0 });
  });

  test('a node in many places of arguments and of the structure runs once', async () => {
    const x = inc(1);
    const y = sum([x, [x].at(0), x]);
    const result = await compute({ x, all: [x, y, new Map([['x', x]])], y }, sync);
    expect(result).toEqual({ x: 2, all: [2, 6, new Map([['x', 2]])], y: 6 });
    expect(calls).toEqual({ inc: 1, add: 0, sum: 1 });
  });

  test('a ladder of 60 diamonds runs 60 times 3, not 2 to the 60th', async () => {
    let x = inc(0);
    for (let i = 0; i < 60; i++) x = add(inc(x), inc(x));
    expect(await x.compute(sync)).toBe(2 ** 60 + 2 * (2 ** 60 - 1));
    expect(calls).toEqual({ inc: 121, add: 60, sum: 0 });
  });

  test('only what is needed runs', async () => {
    const [x, y] = [inc(1), inc(2)];
    add(x, y);
    expect(await compute([x], sync)).toEqual([2]);
    expect(calls).toEqual({ inc: 1, add: 0, sum: 0 });
  });
});

describe('containers in arguments', () => {
  test.each([
    ['an array', () => [inc(0), inc(1), 3]],
    ['an object', () => ({ a: inc(0), b: inc(1), c: 3 })],
    ['an object without a prototype', () => Object.assign(Object.create(null), { a: inc(0), b: inc(1), c: 3 })],
    ['a Map', () => new Map([['a', inc(0)], ['b', inc(1)], ['c', 3]])],
    ['a Set', () => new Set([inc(0), inc(1), 3])],
  ])('%s has results in the places of its Delayed parts', async (_, make) => {
    expect(await sum(make()).compute(sync)).toBe(6);
    expect(calls).toEqual({ inc: 2, add: 0, sum: 1 });
  });

  test('are walked to any depth', async () => {
    const seen = delayed((value) => value);
    const deep = { a: [{ b: new Map([['c', [new Set([inc(1)]), inc(2)]]]) }] };
    expect(await seen(deep).compute(sync)).toEqual({ a: [{ b: new Map([['c', [new Set([2]), 3]]]) }] });
  });

  test('100,000 levels deep are walked', async () => {
    let nest = inc(1);
    for (let i = 0; i < 100_000; i++) nest = [nest];
    const depth = delayed((value) => {
      let levels = 0;
      for (; Array.isArray(value); value = value[0]) levels++;
      return levels * 10 + value;
    });
    expect(await depth(nest).compute(sync)).toBe(1_000_002);
  });

  test('keep what they share, their cycles and their holes', async () => {
    const part = [inc(1)];
    const whole = { left: part, right: part, holes: [, inc(2), ,] };
    whole.self = whole;
    const seen = await delayed((value) => value)(whole).compute(sync);
    expect(seen.left).toEqual([2]);
    expect(seen.right).toBe(seen.left);
    expect(seen.self).toBe(seen);
    expect(Object.keys(seen.holes)).toEqual(['1']);
    expect(seen.holes).toHaveLength(3);
    expect(calls.inc).toBe(2);
  });

  test('are not changed', async () => {
    const x = inc(1);
    const list = [x, { x }];
    await sum([list[0]]).compute(sync);
    await compute(list, sync);
    expect(list).toEqual([x, { x }]);
    expect(list[1].x).toBe(x);
  });
});

describe('the structure given to compute', () => {
  test.each([
    ['a Delayed', () => inc(1), 2],
    ['an array', () => [inc(1), 'x', [inc(2)]], [2, 'x', [3]]],
    ['an object', () => ({ a: inc(1), b: { c: inc(2) }, d: null }), { a: 2, b: { c: 3 }, d: null }],
    ['a Map', () => new Map([['a', inc(1)], ['b', 5]]), new Map([['a', 2], ['b', 5]])],
    ['a Set', () => new Set([inc(1), inc(2)]), new Set([2, 3])],
    ['a nest', () => [new Map([['a', { b: [new Set([inc(1)])] }]])], [new Map([['a', { b: [new Set([2])] }]])]],
  ])('%s comes back with results in it', async (_, make, expected) => {
    expect(await compute(make(), sync)).toEqual(expected);
  });

  test.each([
    ['a number', 5], ['undefined', undefined], ['null', null], ['a string', 'x'], ['an array', [1, [2]]],
    ['an empty array', []], ['an empty object', {}], ['an empty Map', new Map()], ['a Date', new Date(0)],
  ])('without any Delayed it comes back as it is: %s', async (_, structure) => {
    expect(await compute(structure, sync)).toEqual(structure);
  });

  test('keeps what it shares, its order and its own property __proto__', async () => {
    const part = [inc(1)];
    const structure = Object.assign(JSON.parse('{"z": 1, "__proto__": 2, "a": 3}'), { part, again: part });
    structure['z'] = inc(5);
    const result = await compute(structure, sync);
    expect(Object.keys(result)).toEqual(['z', '__proto__', 'a', 'part', 'again']);
    expect(Object.getOwnPropertyDescriptor(result, '__proto__').value).toBe(2);
    expect(Object.getPrototypeOf(result)).toBe(Object.prototype);
    expect(result.z).toBe(6);
    expect(result.again).toBe(result.part);
  });

  test('leaves instances of classes alone', async () => {
    class Point { x = inc(1); }
    class Rows extends Array {}
    class Index extends Map {}
    const objects = [new Point(), Rows.of(inc(1)), new Index([['x', inc(1)]])];
    const result = await compute([...objects, inc(2)], sync);
    objects.forEach((object, i) => expect(result[i]).toBe(object));
    expect(calls.inc).toBe(1);
  });

  test('keeps properties with symbols as keys', async () => {
    const sign = Symbol('sign');
    expect(await compute({ [sign]: 1, x: inc(1) }, sync)).toEqual({ [sign]: 1, x: 2 });
  });
});

describe('misuse', () => {
  test('a function that is delayed already is a FunctionError that says how to go on', () => {
    const scale = delayed((x) => x * 2, { name: 'scale' });
    for (const misuse of [() => delayed(scale), () => delayed(scale, { name: 'other' })]) {
      expect(misuse).toThrow(FunctionError);
      expect(misuse).toThrow('`scale` is delayed already: call it as it is, or give delayed the function that it was made of.');
    }
  });

  test('a scope with a function that is delayed is a FunctionError that says how to go on', () => {
    const misuse = () => delayed((x) => inc(x), { name: 'twice', scope: { inc } });
    expect(misuse).toThrow(FunctionError);
    expect(misuse).toThrow("the scope of 'twice' has 'inc', which records a task and runs nothing. " +
      'Inside a task call the function that it was made of: { scope: { inc: fn } }, or pass what inc(…) gives as an argument.');
  });

  test.each([
    ['an unknown option', { keys: 'x' }, 'keys', "'keys'"],
    ['an empty key', { key: '' }, 'key', 'key'],
    ['a key that is no string', { key: 5 }, 'key', 'key'],
    ['a name that is no string', { name: 5 }, 'name', 'name'],
    ['an empty name', { name: '' }, 'name', 'name'],
    ['a scope that is no object', { scope: 5 }, 'scope', 'scope'],
    ['a scope that is null', { scope: null }, 'scope', 'scope'],
    ['a scope that is a list of names', { scope: ['x'] }, 'scope', 'scope'],
    ['a scope that is a Map', { scope: new Map() }, 'scope', 'scope'],
    ['a traverse that is no boolean', { traverse: 0 }, 'traverse', 'traverse is true or false, but got 0.'],
    ['a pure that is no boolean', { pure: 'yes' }, 'pure', 'pure is true or false, but got yes.'],
    ['a ctx that is no boolean', { ctx: {} }, 'ctx', 'ctx is true or false, but got an object.'],
    ['a nout below 0', { nout: -1 }, 'nout', 'nout is a whole number from 0'],
    ['a nout with a fraction', { nout: 1.5 }, 'nout', 'but got 1.5'],
    ['more retries than 65535', { retries: 65536 }, 'retries', 'retries is a whole number from 0 to 65535, but got 65536.'],
    ['retries below 0', { retries: -1 }, 'retries', 'retries'],
    ['a timeoutMs of 0', { timeoutMs: 0 }, 'timeoutMs', 'timeoutMs is a number of milliseconds above 0, but got 0.'],
    ['a timeoutMs without end', { timeoutMs: Infinity }, 'timeoutMs', 'but got Infinity'],
    ['a timeoutMs that is NaN', { timeoutMs: NaN }, 'timeoutMs', 'but got NaN'],
    ['a key of a pure function', { key: 'x', pure: true }, 'key', 'leave out key, or pure'],
  ])('%s is an OptionError at once', (_, options, option, words) => {
    const fn = jest.fn();
    const make = () => delayed(fn, options);
    expect(make).toThrow(OptionError);
    expect(make).toThrow(HdError);
    expect(make).toThrow(words);
    try {
      make();
    } catch (error) {
      expect(error).toMatchObject({ name: 'OptionError', code: 'OPTION', option });
    }
  });

  test.each([
    ['a name that no variable can have', { 'no name': 1 }],
    ['a word of the language', { class: 1 }],
  ])('a scope with %s is an OptionError before anything runs', async (_, scope) => {
    const task = delayed(() => 1, { scope });
    for (const options of [{ scheduler: 'sync', strict: true }, { scheduler: 'threads' }]) {
      const error = await rejection(task().compute(options));
      expect(error).toBeInstanceOf(OptionError);
      expect(error.message).toContain(Object.keys(scope)[0]);
    }
  });
});
