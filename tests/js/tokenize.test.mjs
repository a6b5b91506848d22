// tokenize(), and pure calls, which are one task when they are equal.
import { describe, expect, test } from '@jest/globals';
import { ValueError, bind, clone, compute, delayed, tokenize, watch } from 'heddle';
import { execFileSync } from 'node:child_process';
import { note, notebook, ways } from './ways.mjs';

const cycle = (more) => {
  const list = [...more];
  list.push(list);
  return list;
};
const shared = (part) => [part, part];
const sparse = (length, items) => Object.assign(new Array(length), items);
const impure = delayed((x) => x), node = impure(1), other = impure(1);
const double = (x) => x * 2;
const named = (name, fn) => Object.defineProperty(fn, 'name', { value: name });

/** Makers of values; no two of them are equal. */
const different = [
  ['nothing', []], ['undefined', [undefined]], ['null', [null]], ['two undefined', [undefined, undefined]],
  ['0', [0]], ['-0', [-0]], ['NaN', [NaN]], ['Infinity', [Infinity]], ['1', [1]], ['text 1', ['1']], ['true', [true]], ['1n', [1n]],
  ['text true', ['true']], ['text', ['a']], ['no text', ['']], ['half a letter', ['\ud800']], ['the other half', ['\udc00']],
  ['[]', [[]]], ['{}', [{}]], ['without prototype', [Object.create(null)]], ['[[]]', [[[]]]],
  ['1, [2]', [1, [2]]], ['[1], 2', [[1], 2]], ['[1, [2]]', [[1, [2]]]], ['[[1], 2]', [[[1], 2]]], ['1, 2', [1, 2]], ['[1, 2]', [[1, 2]]], ['12', [12]],
  ['a Map', [new Map([[1, 2]])]], ['a Set', [new Set([1, 2])]], ['a Map of text', [new Map([['1', 2]])]], ['entries', [[[1, 2]]]], ['an empty Map', [new Map()]], ['an empty Set', [new Set()]],
  ['a, b', [{ a: 1, b: 2 }]], ['b, a', [{ b: 2, a: 1 }]], ['undefined property', [{ a: undefined }]],
  ['a Date', [new Date(5)]], ['another Date', [new Date(6)]], ['its text', [new Date(5).toISOString()]], ['no Date', [new Date(NaN)]],
  ['a RegExp', [/a/]], ['with flags', [/a/g]], ['its text', ['/a/']],
  ...[Int8Array, Uint8Array, Uint8ClampedArray, Int16Array, Float32Array, Float64Array, BigInt64Array, BigUint64Array, Uint32Array, Int32Array, Uint16Array]
    .map((Class) => [Class.name, [new Class(8 / Class.BYTES_PER_ELEMENT)]]),
  ['an ArrayBuffer', [new ArrayBuffer(8)]], ['a DataView', [new DataView(new ArrayBuffer(8))]], ['a Buffer', [Buffer.alloc(8)]], ['a shorter one', [new Uint8Array(7)]],
  ['a hole', [sparse(1, {})]], ['[undefined]', [[undefined]]], ['two holes', [sparse(2, {})]], ['[, 1]', [sparse(2, { 1: 1 })]], ['[1, ,]', [sparse(2, { 0: 1 })]], ['far holes', [sparse(1000, { 500: 1 })]],
  ['shared', [shared({ x: 1 })]], ['twice', [[{ x: 1 }, { x: 1 }]]], ['shared between values', [...shared({ x: 1 })]],
  ['shared bytes', [shared(new Uint8Array(3))]], ['bytes twice', [[new Uint8Array(3), new Uint8Array(3)]]],
  ['a cycle', [cycle([1])]], ['a longer one', [cycle([1, 1])]], ['cycles in a row', [[1, cycle([1])]]],
  ['a function', [double]], ['of another name', [named('other', (x) => x * 2)]], ['of another text', [named('double', (x) => x * 3)]], ['its text', ['(x) => x * 2']],
  ['a delayed function', [delayed(double)]], ['with a scope', [delayed(double, { scope: { y: 1 } })]], ['with another', [delayed(double, { scope: { y: 2 } })]],
  ['with a context', [delayed(double, { ctx: true })]], ["a module's", [delayed({ module: 'file:///x.js', name: 'double' })]], ["another module's", [delayed({ module: 'file:///y.js', name: 'double' })]],
  ['a Delayed', [node]], ['another', [other]], ['its key', [node.key]], ['a Delayed inside', [[node]]], ['as a key', [new Map([[node, 1]])]],
  ['a shared key', [new Map([shared({})])]], ['a key and its like', [new Map([[{}, {}]])]],
];

describe('tokenize', () => {
  test('gives 32 hexadecimal digits, the same each time', () => {
    for (const [, values] of different) expect([tokenize(...values), tokenize(...values)]).toEqual([expect.stringMatching(/^[0-9a-f]{32}$/), tokenize(...values)]);
  });

  test('gives all that can be told apart different tokens', () => {
    const found = new Map();
    for (const [name, values] of different) {
      const token = tokenize(...values);
      expect([name, found.get(token)]).toEqual([name, undefined]);
      found.set(token, name);
    }
  });

  test('gives equal values the same, wherever they are', () => {
    const make = () => [{ a: [1, -0, new Map([['k', new Set([undefined])]])], d: new Date(5) }, shared([1]), cycle([2]), new Float64Array([1.5]), (x) => x];
    expect(tokenize(...make())).toBe(tokenize(...make()));
    const big = new Uint8Array(100).fill(7);
    expect(tokenize(big.subarray(10, 20))).toBe(tokenize(new Uint8Array(10).fill(7)));
    expect(tokenize(Buffer.from('heddle'))).toBe(tokenize(Buffer.from('heddle')));
  });

  test('gives the same in another process', () => {
    const values = "1, 'two', [new Map([[3, new Float32Array([4])]])], (x) => x";
    const script = `import { tokenize } from 'heddle'; console.log(tokenize(${values}))`;
    const said = execFileSync(process.execPath, ['--input-type=module', '-e', script], { encoding: 'utf8' });
    expect(said.trim()).toBe(tokenize(1, 'two', [new Map([[3, new Float32Array([4])]])], (x) => x));
  });

  class Point {}
  test.each([
    ['an instance', [1, { at: [new Point()] }], '[1].at[0]', 'Point'], ['a symbol', [Symbol('x')], '[0]', 'symbol'], ['a promise', [{ p: Promise.resolve() }], '[0].p', 'promise'],
    ['a built-in function', [[Math.sqrt]], '[0][0]', 'a function'], ['a bound function', [double.bind(null)], '[0]', 'a function'], ['a class', [Point], '[0]', 'a function'],
    ['a getter that throws', [{ get x() { throw new Error('no'); } }], '[0].x', 'throws'], ['named properties of a list', [Object.assign([1], { x: 1 })], '[0]', 'named'],
  ])('%s is a ValueError with its path', (_, values, path, words) => {
    const take = () => tokenize(...values);
    expect(take).toThrow(ValueError);
    expect(take).toThrow(expect.objectContaining({ path, message: expect.stringContaining(words) }));
  });

  test('nests too deep are a ValueError, and long lists are not', () => {
    let nest = [];
    for (let i = 0; i < 100_000; i++) nest = [nest];
    expect(() => tokenize(nest)).toThrow(ValueError);
    expect(tokenize(Array.from({ length: 100_000 }, (_, i) => i))).toHaveLength(32);
  });
});

describe('pure calls', () => {
  const pure = (fn, options) => delayed(fn, { pure: true, ...options });
  const inc = pure((x) => x + 1, { name: 'inc' });
  const sum = pure((list) => list.reduce((all, x) => all + x, 0), { name: 'sum' });

  test('have keys of what they compute', () => {
    expect(inc(1).key).toMatch(/^inc-[0-9a-f]{32}$/);
    expect(inc(1).key).toBe(inc(1).key);
    const keys = [inc(1), inc('1'), inc(), inc(undefined), inc(inc(1)), sum([1]), sum([inc(1)]), pure((x) => x + 2, { name: 'inc' })(1), pure((x) => x + 1, { name: 'more' })(1),
      pure((x) => x + y, { scope: { y: 1 }, name: 'inc' })(1), pure((x) => x + y, { scope: { y: 2 }, name: 'inc' })(1)].map(({ key }) => key);
    expect(new Set(keys).size).toBe(keys.length);
    expect(delayed([1], { pure: true }).key).toBe(delayed([1], { pure: true }).key);
    expect(delayed([1], { pure: true, name: 'list' }).key).toMatch(/^list-[0-9a-f]{32}$/);
  });

  test('with items and methods: as pure as what they are of', () => {
    const [one, same] = [1, 1].map((x) => pure((x) => [x], { name: 'list', nout: 1 })(x));
    expect([same.get(0).key, same.call('at', 0).key, [...same][0].key]).toEqual([one.get(0).key, one.call('at', 0).key, one.get(0).key]);
    expect(one.get(0).key).not.toBe(one.get(1).key);
    expect(delayed([1]).get(0).key).not.toBe(delayed([1]).get(0).key);
    expect(clone(one).get(0).key).toMatch(/^getitem-\d+$/);
  });

  describe.each(ways.filter(({ way }) => ['sync', 'threads, 2 workers', 'computeSync, threads'].includes(way)))('$way', ({ run }) => {
    test('that are equal run once', async () => {
      const book = notebook();
      try {
        const noted = pure(note);
        const make = (x) => noted(book.file, 'ran', x);
        expect(await run([make(1), sum([make(1), make(2)]), { a: make(1) }, make(2)])).toEqual([1, 3, { a: 1 }, 2]);
        expect(book.lines()).toEqual(['ran', 'ran']);
      } finally {
        book.remove();
      }
    });

    test('but for clones and what is bound: they run again', async () => {
      const book = notebook();
      try {
        const noted = pure(note), one = noted(book.file, 'ran', 1), same = noted(book.file, 'ran', 1);
        expect(await run([one, clone(one), bind(same, inc(1)), clone([one, same])])).toEqual([1, 1, 1, [1, 1]]);
        expect(book.lines()).toHaveLength(4);
      } finally {
        book.remove();
      }
    });
  });

  test('are one task in a graph that is watched', async () => {
    const graphs = [];
    const unwatch = watch((message) => message.type === 'begin' && graphs.push(message.graph.count));
    const tree = (depth) => (depth ? sum([tree(depth - 1), tree(depth - 1)]) : inc(1));
    expect(await compute([tree(10), tree(10)], { scheduler: 'sync' })).toEqual([2048, 2048]);
    unwatch();
    expect(graphs).toEqual([11]);
  });

  test('equal results are one value, as those of one node are', async () => {
    const list = pure(() => [1]);
    const [a, b] = await compute([list(), list()], { scheduler: 'threads' });
    expect(a).toBe(b);
  });

  test('with arguments that cannot be told are a ValueError at once', () => {
    expect(() => inc(new (class Point {})())).toThrow(ValueError);
    expect(() => pure(Math.sqrt)(4)).toThrow(expect.objectContaining({ name: 'FunctionError' }));
  });

  test('a chain of 20,000, and one over 50,000 nodes, come in time', async () => {
    let chain = inc(0);
    for (let i = 1; i < 20_000; i++) chain = inc(chain);
    const parts = Array.from({ length: 50_000 }, (_, i) => impure(i));
    expect(await compute([chain, sum(parts)], { scheduler: 'sync' })).toEqual([20_000, 1_249_975_000]);
  });
});
