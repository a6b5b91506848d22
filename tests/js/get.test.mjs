// get: Dask's graphs as plain data, in every way to compute.
import { describe, expect, test } from '@jest/globals';
import { CycleError, DuplicateKeyError, OptionError, UnknownKeyError, delayed, get, getSync, quote, ref } from 'heddle';
import { notebook, note, rejection, ways } from './ways.mjs';

const inc = (x) => x + 1;
const add = (x, y) => x + y;
const sum = (numbers) => numbers.reduce((total, number) => total + number, 0);
const same = (...values) => values;

describe.each(ways)('$way', ({ runGet }) => {
  // The test of Dask's first commit.
  //  x -> inc -> y      x and y -> add -> z
  test('x = 1, y = inc(x), z = add(x, y)', async () => {
    const graph = { x: 1, y: [inc, 'x'], z: [add, 'x', 'y'] };
    expect(await runGet(graph, 'x')).toBe(1);
    expect(await runGet(graph, 'y')).toBe(2);
    expect(await runGet(graph, 'z')).toBe(3);
  });

  test('keys in nested lists give values in lists of the same shape', async () => {
    const graph = { x: 1, y: [inc, 'x'], z: [add, 'x', 'y'] };
    expect(await runGet(graph, ['x', 'z'])).toEqual([1, 3]);
    expect(await runGet(graph, [['x', ['y']], [], 'z', 'x'])).toEqual([[1, [2]], [], 3, 1]);
    expect(await runGet(graph, [])).toEqual([]);
  });

  test('lists in arguments are walked, at any depth', async () => {
    const graph = { x: 1, y: [inc, 'x'], total: [sum, ['x', 'y', 10]], deep: [same, [['x', ['y']], []], 'x'] };
    expect(await runGet(graph, ['total', 'deep'])).toEqual([13, [[[1, [2]], []], 1]]);
  });

  test('a list as a value has its keys replaced', async () => {
    expect(await runGet({ x: 1, all: ['x', ['x', 'text'], 5] }, 'all')).toEqual([1, [1, 'text'], 5]);
  });

  test('a string that is no key is just a string', async () => {
    expect(await runGet({ x: 'hello', y: [same, 'x', 'no key', ['x', 'hello']] }, 'y')).toEqual(['hello', 'no key', ['hello', 'hello']]);
  });

  test('objects, Maps and Sets in arguments are not walked', async () => {
    const graph = { x: 1, y: [same, { x: 'x' }, new Map([['x', 'x']]), new Set(['x'])] };
    expect(await runGet(graph, 'y')).toEqual([{ x: 'x' }, new Map([['x', 'x']]), new Set(['x'])]);
  });

  test('an alias follows the chain: z -> y -> x', async () => {
    expect(await runGet({ z: 'y', y: 'x', x: [inc, 1] }, ['z', 'y', 'x'])).toEqual([2, 2, 2]);
  });

  test('a task within arguments, and within lists of them, runs too', async () => {
    expect(await runGet({ x: 1, y: [add, [inc, [inc, 'x']], [sum, [[inc, 'x'], 'x']]] }, 'y')).toBe(6);
  });

  test('a task without arguments, and a task of no results', async () => {
    expect(await runGet({ one: [() => 1], none: [() => {}] }, ['one', 'none'])).toEqual([1, undefined]);
  });

  test.each([
    ['null', null], ['undefined', undefined], ['an empty list', []], ['an empty string', ''], ['a typed array', new Uint8Array([1, 2])],
    ['an object', { a: ['x'] }], ['a Date', new Date(5)],
  ])('any other value is a value: %s', async (_, value) => {
    expect(await runGet({ x: 1, value, y: [same, 'value'] }, ['value', 'y'])).toEqual([value, [value]]);
  });

  test('a graph may be a Map', async () => {
    const graph = new Map([['z', [add, 'x', '__proto__']], ['x', 1], ['__proto__', [inc, 'x']]]);
    expect(await runGet(graph, ['z', '__proto__'])).toEqual([3, 2]);
  });

  test('keys may be any text', async () => {
    const keys = ['', ' ', '0', 'a b', 'ü', '\u{1f600}', 'constructor', 'toString', "'", '\n', 'x'.repeat(10_000)];
    const graph = Object.fromEntries(keys.map((key, i) => [key, [inc, i]]));
    expect(await runGet(graph, keys)).toEqual(keys.map((_, i) => i + 1));
  });

  test('a key that is wanted by many runs once', async () => {
    const book = notebook();
    try {
      const graph = { file: [same, book.file], x: [note, book.file, 'ran', 1], y: [add, 'x', 'x'], z: [sum, ['x', 'y', 'x']] };
      expect(await runGet(graph, ['x', 'z', 'x'])).toEqual([1, 4, 1]);
      expect(book.lines()).toEqual(['ran']);
    } finally {
      book.remove();
    }
  });

  test('an empty graph has nothing to give', async () => {
    expect(await runGet({}, [])).toEqual([]);
    expect(await runGet(new Map(), [[], []])).toEqual([[], []]);
  });

  test('the graph is left as it was', async () => {
    const graph = { x: 1, y: [add, 'x', ['x'].at(0)], list: ['x', ['y']] };
    await runGet(graph, ['y', 'list']);
    expect(graph).toEqual({ x: 1, y: [add, 'x', 'x'], list: ['x', ['y']] });
  });

  describe('a wanted key that is not there', () => {
    test('is an UnknownKeyError that names it and says what is there', async () => {
      const error = await rejection(runGet({ x: 1, y: [inc, 'x'] }, ['x', ['zz']]));
      expect(error).toBeInstanceOf(UnknownKeyError);
      expect(error).toMatchObject({ name: 'UnknownKeyError', code: 'UNKNOWN_KEY', key: 'zz' });
      expect(error.message).toBe("'zz' is not a key of the graph, but it is wanted; it has 'x', 'y'.");
    });

    test('in an empty graph, in a large one, and one that is no string', async () => {
      expect((await rejection(runGet({}, 'x'))).message).toContain('it has no keys');
      const large = Object.fromEntries(Array.from({ length: 20 }, (_, i) => [`k${i}`, i]));
      expect((await rejection(runGet(large, 'x'))).message).toContain("'k7' and 12 more");
      expect(await rejection(runGet({ 5: 1 }, 5))).toBeInstanceOf(UnknownKeyError);
      expect(await rejection(runGet({ x: 1 }, 'toString'))).toBeInstanceOf(UnknownKeyError);
    });
  });

  describe('a cycle', () => {
    //  x -> a -> b -> c -> a
    const cyclic = { x: 1, a: [add, 'x', 'c'], b: [inc, 'a'], c: [inc, 'b'] };

    test('is a CycleError with its path: each needs the next, the last the first', async () => {
      const error = await rejection(runGet(cyclic, 'a'));
      expect(error).toBeInstanceOf(CycleError);
      expect(error).toMatchObject({ name: 'CycleError', code: 'CYCLE' });
      expect([...error.path].sort()).toEqual(['a', 'b', 'c']);
      const next = { a: 'c', b: 'a', c: 'b' };
      error.path.forEach((key, i) => expect(next[key]).toBe(error.path[(i + 1) % 3]));
      expect(error.message).toContain([...error.path, error.path[0]].join(' -> '));
    });

    test('of one key that needs itself has that key', async () => {
      expect((await rejection(runGet({ a: [inc, 'a'] }, 'a'))).path).toEqual(['a']);
      expect((await rejection(runGet({ a: 'a' }, 'a'))).path).toEqual(['a']);
      expect((await rejection(runGet({ a: [[['a']]] }, 'a'))).path).toEqual(['a']);
    });

    test('is found also when the wanted key does not touch it', async () => {
      expect(await rejection(runGet(cyclic, 'x'))).toBeInstanceOf(CycleError);
    });

    test('of 1,000 keys is shown cut, and whole in its path', async () => {
      const graph = Object.fromEntries(Array.from({ length: 1000 }, (_, i) => [`k${i}`, [inc, `k${(i + 1) % 1000}`]]));
      const error = await rejection(runGet(graph, 'k0'));
      expect(error.path).toHaveLength(1000);
      expect(error.message).toContain('(992 more)');
    });

    test('of a task that has itself as an argument', async () => {
      const task = [add, 'x'];
      task.push(task);
      expect(await rejection(runGet({ x: 1, y: task }, 'y'))).toBeInstanceOf(CycleError);
    });
  });

  test('a list that holds itself comes back so, with its keys replaced', async () => {
    const list = ['x'];
    list.push(list);
    const result = await runGet({ x: 1, list }, 'list');
    expect(result[0]).toBe(1);
    expect(result[1]).toBe(result);
  });

  test('lists that share lists are walked once: 2 to the 60th places', async () => {
    let list = ['x'];
    for (let i = 0; i < 60; i++) list = [list, list];
    let result = await runGet({ x: 1, list }, 'list');
    for (let i = 0; i < 60; i++) result = result[i % 2];
    expect(result).toEqual([1]);
  });

  test.each([
    ['a list', ['x']], ['null', null], ['a function', inc], ['a class instance', new (class Graph {})()], ['a Map with a number as key', new Map([[1, 2]])],
  ])('a graph that is none is an OptionError: %s', async (_, graph) => {
    const error = await rejection(runGet(graph, 'x'));
    expect(error).toBeInstanceOf(OptionError);
    expect(error.option).toBe('graph');
  });

  describe('keys that are tuples', () => {
    //  ('x', 0) -> inc -> ('x', 1), and both -> add -> total
    const x0 = ['x', 0], graph = () => new Map([[x0, 1], [['x', 1], [inc, ['x', 0]]], ['total', [add, ['x', 0], x0]], ['all', [['x', 0], [[['x', 1]], 'x', 0]]]]);

    test('are found by lists that equal them, anywhere', async () => {
      expect(await runGet(graph(), ['x', 1])).toBe(2);
      expect(await runGet(graph(), [['x', 1], [x0, 'total'], ['x', 0]])).toEqual([2, [1, 2], 1]);
      expect(await runGet(graph(), 'all')).toEqual([1, [[2], 'x', 0]]);
      expect(await runGet(graph(), { a: ['x', 0] })).toEqual({ a: 1 });
    });

    test('stand in tasks inside tasks, and are values of other keys', async () => {
      const more = graph().set('alias', ['x', 1]).set('deep', [inc, [sum, [['x', 0], [inc, ['x', 1]], 'alias']]]);
      expect(await runGet(more, ['alias', 'deep'])).toEqual([2, 7]);
    });

    test('may hold tuples; text, numbers and their order count', async () => {
      const keys = [['x', [0, 1]], ['x', [0, '1']], ['x', 0, 1], [0, 'x', 1], ['x', ['0', 1]], ["x', 0"], ['x\\', 0], [['x'], 0], ['x', [0]], [0], [[0]], ['x', 0.5], ['x', -1], ['x', NaN]];
      const many = new Map(keys.map((key, i) => [key, [inc, i]]));
      expect(await runGet(many, keys.map((key) => structuredClone(key)))).toEqual(keys.map((_, i) => i + 1));
    });

    test('win over lists of keys, and other lists stay lists', async () => {
      const both = new Map([['a', 1], ['b', 2], [['a', 'b'], 3], ['list', [same, ['a', 'b'], ['b', 'a'], ['a'], ['a', 'b', 'a'], []]]]);
      expect(await runGet(both, [['a', 'b'], ['b', 'a']])).toEqual([3, [2, 1]]);
      expect(await runGet(both, 'list')).toEqual([3, [2, 1], [1], [1, 2, 1], []]);
    });

    test('are beside a text that looks like them', async () => {
      expect(await runGet(new Map([[['x', 0], 1], ["('x', 0)", 2], ['y', [same, "('x', 0)", ['x', 0]]]]), ['y', "('x', 0)"])).toEqual([[2, 1], 2]);
    });

    test("stand in messages in Dask's form", async () => {
      expect(await rejection(runGet(new Map([[['x', 0], [() => { throw new RangeError('no'); }]]]), ['x', 0]))).toMatchObject({ task: { key: "('x', 0)" } });
      expect((await rejection(runGet(new Map([[['x', 0], 1], [[['y', [1]]], 2], [['z'], 3]]), 'w'))).message)
        .toBe("'w' is not a key of the graph, but it is wanted; it has ('x', 0), (('y', (1,)),), ('z',).");
      const cycle = await rejection(runGet(new Map([[['x', 0], [inc, ['x', 1]]], [['x', 1], [inc, ['x', 0]]]]), ['x', 0]));
      expect(cycle).toBeInstanceOf(CycleError);
      expect(cycle.path.toSorted()).toEqual(["('x', 0)", "('x', 1)"]);
    });

    test('two that are equal are a DuplicateKeyError', async () => {
      expect(await rejection(runGet(new Map([[['x', 0], 1], [['x', 0], 2]]), ['x', 0]))).toBeInstanceOf(DuplicateKeyError);
    });

    const hollow = ['x'];
    hollow.push(hollow);
    test.each([['an empty list', []], ['with an object', ['x', {}]], ['with a function', [inc]], ['with an empty list', ['x', []]], ['that holds itself', hollow], ['with null', [null]]])(
      'are none, which is an OptionError: %s', async (_, key) => {
        expect(await rejection(runGet(new Map([[key, 1]]), []))).toMatchObject({ name: 'OptionError', option: 'graph' });
      });

    test('do not make long and shared lists slow', async () => {
      let twins = ['x', 0];
      for (let i = 0; i < 60; i++) twins = [twins, twins];
      const long = Array.from({ length: 50_000 }, (_, i) => [i]);
      let [length, part] = await runGet(new Map([[['x', 0], 1], ['long', [(list) => list.length, long]], ['twins', twins]]), ['long', 'twins']);
      expect(length).toBe(50_000);
      for (let i = 0; i < 60; i++) part = part[i % 2];
      expect(part).toBe(1);
    });
  });

  describe('quote', () => {
    test('protects what looks like a key, a task or a list', async () => {
      const graph = new Map([['x', 1], [['x', 0], 2], ['y', [same, quote('x'), quote(['x', ['x', 0]]), [quote('x'), 'x', quote(['x', 0])]]], ['value', quote('x')], ['list', quote(['x'])], ['none', [same, quote(undefined), [quote(undefined)]]]]);
      expect(await runGet(graph, ['y', 'value', 'list', 'none'])).toEqual([['x', ['x', ['x', 0]], ['x', 1, ['x', 0]]], 'x', ['x'], [undefined, [undefined]]]);
    });
  });

  describe('ref', () => {
    test('is a key, wherever it stands', async () => {
      const graph = new Map([['x', 1], [['x', 0], 2], ['y', [sum, [ref('x'), [inc, ref(['x', 0])], ref('x')]]], ['alias', ref('y')]]);
      expect(await runGet(graph, ['y', 'alias', ref('x'), [ref(['x', 0])]])).toEqual([5, 5, 1, [2]]);
    });

    test('that is missing is an UnknownKeyError that names who refers to it, wanted or not', async () => {
      const error = await rejection(runGet({ x: 1, y: [same, [[inc, ref('zz')]]] }, 'x'));
      expect(error).toBeInstanceOf(UnknownKeyError);
      expect(error).toMatchObject({ key: 'zz', message: "'zz' is not a key of the graph, but 'y' refers to it; it has 'x', 'y'." });
      expect((await rejection(runGet(new Map([[['y', 1], [inc, ref(['x', 0])]]]), []))).message)
        .toBe("('x', 0) is not a key of the graph, but ('y', 1) refers to it; it has ('y', 1).");
      expect(await rejection(runGet({ x: 1 }, ref('y')))).toMatchObject({ name: 'UnknownKeyError', key: 'y' });
    });
  });

  test('functions that are delayed are tasks with what they were told', async () => {
    const scale = 3;
    const scaled = delayed((x) => x * scale, { scope: { scale }, key: 'mine' });
    expect(await runGet({ x: 2, y: [scaled, 'x'], z: [scaled, [scaled, 'y']] }, ['y', 'z'])).toEqual([6, 54]);
  });

  test('wrong options are an OptionError', async () => {
    expect(await rejection(runGet({ x: 1 }, 'x', { cache: true }))).toMatchObject({ name: 'OptionError', option: 'cache' });
  });

  test('what a task throws is thrown, with its key', async () => {
    const fail = () => { throw new RangeError('no'); };
    const error = await rejection(runGet({ x: 1, bad: [fail, 'x'], y: [inc, 'bad'] }, 'y'));
    expect(error).toBeInstanceOf(RangeError);
    expect(error).toMatchObject({ message: 'no', task: { key: 'bad', name: 'fail' } });
  });
});

test('a chain of 100,000 keys, given backwards', async () => {
  const graph = {};
  for (let i = 100_000; i > 0; i--) graph[`k${i}`] = [inc, `k${i - 1}`];
  graph.k0 = 0;
  expect(await get(graph, 'k100000', { scheduler: 'threads' })).toBe(100_000);
  expect(getSync(graph, 'k100000', { scheduler: 'sync' })).toBe(100_000);
});

test('a tuple key in lists nested 10,000 deep, and in a long list of keys', async () => {
  let deep = ['x', 0];
  for (let i = 0; i < 10_000; i++) deep = [deep];
  const flat = (list) => {
    while (Array.isArray(list)) [list] = list;
    return [list];
  };
  expect(await get(new Map([[['x', 0], 1], ['deep', [flat, deep]]]), 'deep', { scheduler: 'sync' })).toEqual([1]);
  const keys = Array.from({ length: 10_000 }, (_, i) => ['x', i]);
  expect(await get(new Map(keys.map((key) => [key, [inc, key[1]]])), keys, { scheduler: 'sync' })).toEqual(keys.map(([, i]) => i + 1));
});

test('tasks nested 10,000 deep in arguments', async () => {
  let task = 0;
  for (let i = 0; i < 10_000; i++) task = [inc, task];
  expect(await get({ deep: task }, 'deep')).toBe(10_000);
});

test.each([['a number', 5], ['an empty list', []], ['a list with an object', ['x', {}]], ['nothing', undefined]])('a ref to what can be no key is an OptionError: %s', (_, key) => {
  expect(() => ref(key)).toThrow(expect.objectContaining({ name: 'OptionError', option: 'key' }));
});
