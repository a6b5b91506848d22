// Values as nodes, items and methods of results, and taking results apart, in every way there is.
import { describe, expect, test } from '@jest/globals';
import { Delayed, FunctionError, HdError, OptionError, bind, clone, compute, delayed, waitOn, watch } from 'heddle';
import { inspect } from 'node:util';
import { rejection, ways } from './ways.mjs';

const inc = delayed((x) => x + 1, { name: 'inc' });
const seen = delayed((...values) => values);

const tested = ways.filter(({ way }) => ['sync', 'sync, strict', 'threads, 2 workers', 'computeSync, threads'].includes(way));

describe.each(tested)('$way', ({ run }) => {
  test.each([
    ['a number', () => 5], ['undefined', () => undefined], ['null', () => null], ['text', () => 'x'], ['an object', () => ({ a: [1] })],
    ['a typed array', () => new Float64Array([1, 2])], ['an object with a name', () => ({ name: 'x' })],
    ['what is almost a module', () => ({ module: 'x', name: 'y', more: 1 })],
  ])('delayed of %s is a node that holds it', async (_, make) => {
    expect(delayed(make())).toBeInstanceOf(Delayed);
    expect(await run([delayed(make()), seen(delayed(make()))])).toEqual([make(), [make()]]);
  });

  test('Delayed inside the containers of a value are found', async () => {
    const node = delayed({ a: [inc(1)], b: new Map([['c', inc(2)]]) });
    expect(await run(node)).toEqual({ a: [2], b: new Map([['c', 3]]) });
  });

  test('get gives an item: of an array, an object, a Map; known beforehand or not', async () => {
    const node = delayed({ list: [10, 20], map: new Map([['k', 1], [2, 'two']]) });
    expect(await run([node.get('list').get(1), node.get('map').get('k'), node.get('map').get(inc(1)), node.get('list').get(inc(-1)), node.get('none')]))
      .toEqual([20, 1, 'two', 10, undefined]);
  });

  test('call calls a method, with arguments that may be Delayed', async () => {
    const node = delayed([3, 1, 2]);
    expect(await run([node.call('slice', inc(0)).call('join', '-'), node.call('concat', [[inc(6)]]), delayed('abc').call('toUpperCase')]))
      .toEqual(['1-2', [3, 1, 2, [7]], 'ABC']);
  });

  test('a method that is not there is a TypeError that names it and the task', async () => {
    const error = await rejection(run(delayed([1]).call('nothing')));
    expect(error).toBeInstanceOf(TypeError);
    expect(error).toMatchObject({ message: "the result has no method 'nothing'", task: { name: 'nothing' } });
  });

  test('with nout a node can be taken apart', async () => {
    const minMax = delayed((list) => [Math.min(...list), Math.max(...list)], { nout: 2 });
    const [low, high] = minMax([3, inc(1), 7]);
    expect(await run({ low, high })).toEqual({ low: 2, high: 7 });
    const [a, , c] = delayed([1, 2, 3], { nout: 3 });
    expect(await run(seen(a, c))).toEqual([1, 3]);
  });

  test('what waits, and a clone, can be taken apart as the first', async () => {
    const pair = delayed((x) => [x, x + 1], { nout: 2 })(1);
    const [[a], [, b], [c]] = [waitOn(pair), clone(pair), bind(pair, inc(1))];
    expect(await run([a, b, c])).toEqual([1, 2, 1]);
  });
});

describe('a value', () => {
  test('is called value, or as it is told, and its task likewise', () => {
    expect(delayed(5).key).toMatch(/^value-\d+$/);
    expect(delayed(5, { name: 'five' }).key).toMatch(/^five-\d+$/);
    expect(delayed(5, { key: 'the five' }).key).toBe('the five');
  });

  test('that is a Delayed is the same node', () => {
    const node = inc(1);
    expect(delayed(node)).toBe(node);
    expect(delayed(node, { traverse: false })).toBe(node);
    for (const option of ['name', 'key']) expect(() => delayed(node, { [option]: 'x' })).toThrow(expect.objectContaining({ name: 'OptionError', option }));
  });

  test('with traverse: false keeps its Delayed as they are', async () => {
    const inside = inc(1);
    const [list] = [await compute(delayed([inside], { traverse: false }), { scheduler: 'sync' })];
    expect(list[0]).toBe(inside);
    expect(await rejection(compute(delayed([inside], { traverse: false }), { scheduler: 'threads' }))).toMatchObject({ name: 'ValueError' });
  });

  test.each([['scope', { scope: {} }], ['retries', { retries: 1 }], ['ctx', { ctx: true }], ['name', { name: '' }], ['nout', { nout: -1 }]])(
    'takes no wrong option: %s', (option, options) => {
      expect(() => delayed(5, options)).toThrow(expect.objectContaining({ name: 'OptionError', option }));
    });

  test('that is given twice with one key is a DuplicateKeyError, and its clones are not', async () => {
    const one = delayed(1, { key: 'one' });
    expect(await rejection(compute([one, delayed(2, { key: 'one' })], { scheduler: 'sync' }))).toMatchObject({ name: 'DuplicateKeyError', key: 'one' });
    expect(await compute([one, clone(one, { seed: 1 }), clone(one, { seed: 1 })], { scheduler: 'sync' })).toEqual([1, 1, 1]);
  });
});

describe('a function with traverse: false', () => {
  const length = delayed((list) => list.length, { traverse: false });

  test('does not look for Delayed in containers, and finds them beside', async () => {
    const first = delayed((list, x) => [list[0] instanceof Object, x], { traverse: false });
    expect(await compute(first([inc(1)], inc(1)), { scheduler: 'sync' })).toEqual([true, 2]);
    expect(await compute(length([1, 2]), { scheduler: 'threads' })).toBe(2);
  });

  test('is not walked by clone and bind either', async () => {
    let reads = 0;
    const list = Object.defineProperty({}, 'length', { enumerable: true, get: () => ++reads });
    clone(length(list)), bind(length(list), inc(1));
    expect(reads).toBe(0);
  });
});

describe('names and numbers of items', () => {
  test('tasks are called getitem, and as their method', async () => {
    let graph;
    const unwatch = watch((message) => message.type === 'begin' && (graph = message.graph));
    const list = delayed([1], { name: 'list' });
    const nodes = [list.get(0), list.call('at', 0), list.call('concat', 2)];
    await compute(nodes, { scheduler: 'sync' });
    unwatch();
    expect(nodes.map(({ key }) => key.replace(/\d+$/, '#'))).toEqual(['getitem-#', 'at-#', 'concat-#']);
    expect(graph.keys.map((key, task) => [key, graph.names[graph.nameOf[task]]]).slice(0, 3)).toEqual(nodes.map(({ key }) => [key, key.replace(/-\d+$/, '')]));
  });

  test.each([[''], [5], [undefined], [Symbol('x')]])('a method called %p is an OptionError', (method) => {
    expect(() => inc(1).call(method)).toThrow(expect.objectContaining({ name: 'OptionError', option: 'method' }));
  });

  test('length is nout, also 0', () => {
    expect([0, 3].map((nout) => delayed(() => [], { nout })().length)).toEqual([0, 3]);
    expect([...delayed(() => [], { nout: 0 })()]).toEqual([]);
    expect(inc(1).length).toBe(undefined);
  });

  test('without nout taking apart is an OptionError that says what to do', () => {
    const node = delayed((x) => x, { key: 'pair' })(1);
    const misuse = () => { const [a] = node; return a; };
    expect(misuse).toThrow(OptionError);
    expect(misuse).toThrow("'pair' cannot be taken apart, as nobody knows yet how many items it has: say so with delayed(…, { nout: 2 }), or use node.get(0).");
    expect(() => [...node]).toThrow(HdError);
  });

  test('nodes can be shown and compared, and awaited without running', async () => {
    const plain = delayed((x) => x, { key: 'x' })(1), pair = delayed((x) => x, { key: 'pair', nout: 2 })(1);
    for (const node of [plain, pair]) {
      expect(inspect({ node })).toBe(`{ node: Delayed(${node.key}) }`);
      expect([node, { node }]).toEqual([node, { node }]);
      expect(await node).toBe(node);
      expect(node.then).toBe(undefined);
    }
  });
});

describe("a module's function", () => {
  const url = new URL('file:///tasks.js');

  test('is made by its module and name, given as text or URL', () => {
    for (const module of [url, url.href]) {
      const inc = delayed({ module, name: 'inc' }, { retries: 2, name: 'more' });
      expect(inc(1).key).toMatch(/^more-\d+$/);
      expect(delayed({ module, name: 'inc' })(1).key).toMatch(/^inc-\d+$/);
      expect(inc(1).annotations).toEqual({ retries: 2 });
    }
  });

  test('has no scope, and is not delayed twice', () => {
    expect(() => delayed({ module: url, name: 'inc' }, { scope: {} })).toThrow(expect.objectContaining({ name: 'OptionError', option: 'scope' }));
    expect(() => delayed(delayed({ module: url, name: 'inc' }))).toThrow(FunctionError);
  });

  test('is a property of delayed.module, made once; symbols and then are none', async () => {
    const tasks = delayed.module(url);
    expect(tasks.inc(1)).toBeInstanceOf(Delayed);
    expect(tasks.inc).toBe(tasks.inc);
    expect([tasks.then, tasks[Symbol.iterator], tasks[Symbol.toPrimitive]]).toEqual([undefined, undefined, undefined]);
    expect(await tasks).toBe(tasks);
    expect(tasks.toString(1)).toBeInstanceOf(Delayed);
    expect(() => { tasks.inc = 1; }).toThrow(TypeError);
    expect(inspect(tasks)).toContain('{}');
    for (const none of [5, undefined, null]) expect(() => delayed.module(none)).toThrow(expect.objectContaining({ name: 'OptionError', option: 'module' }));
  });
});
