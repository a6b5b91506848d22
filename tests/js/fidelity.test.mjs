// The table of wasm/js/values/README.md, row by row: what it says travels arrives exactly, what it says is refused is.
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { ValueError, delayed } from 'heddle';
import { readFileSync } from 'node:fs';
import { rejection, ways } from './ways.mjs';

/**
 * Where two values differ first, or ''. It tells -0 from 0, holes from undefined, classes, the order of properties
 * and whether they are enumerable, sharing and cycles. Stacks are compared only where both are wanted: `stacks`.
 * Needs nothing from outside, so that a task can look at what it was given.
 */
function differs(a, b, stacks = false) {
  const partners = [new Map(), new Map()];
  const todo = [['value', a, b]];
  const tag = (value) => Object.prototype.toString.call(value);
  const bytes = (value) => String(ArrayBuffer.isView(value) ? new Uint8Array(value.buffer, value.byteOffset, value.byteLength) : new Uint8Array(value));
  for (const [path, left, right] of todo) {
    if (left === null || right === null || typeof left !== 'object' || typeof right !== 'object') {
      if (!Object.is(left, right)) return path;
      continue;
    }
    if (partners[0].has(left) || partners[1].has(right)) {
      if (partners[0].get(left) !== right || partners[1].get(right) !== left) return `${path}: sharing`;
      continue;
    }
    partners[0].set(left, right);
    partners[1].set(right, left);
    const isBuffer = tag(left) === '[object ArrayBuffer]'; // Jest has two such classes: its own, and that of literals
    if ((!isBuffer && Object.getPrototypeOf(left) !== Object.getPrototypeOf(right)) || tag(left) !== tag(right)) return `${path}: class`;
    const isView = ArrayBuffer.isView(left);
    if (isView && globalThis.Buffer?.isBuffer(left)) {
      if (bytes(left) !== bytes(right)) return `${path}: bytes`;
      continue; // it lies in a pool, here and there
    }
    if (isView) {
      if (left.byteOffset !== right.byteOffset || left.byteLength !== right.byteLength) return `${path}: place in its buffer`;
      todo.push([`${path}.buffer`, left.buffer, right.buffer]);
      continue;
    }
    if (isBuffer && bytes(left) !== bytes(right)) return `${path}: bytes`;
    if (left instanceof Date && !Object.is(left.getTime(), right.getTime())) return `${path}: time`;
    if (left instanceof RegExp && (left.source !== right.source || left.flags !== right.flags)) return `${path}: pattern`;
    if (left instanceof Map || left instanceof Set) {
      const [lefts, rights] = [[...left], [...right]];
      if (lefts.length !== rights.length) return `${path}: size`;
      lefts.forEach((entry, at) => {
        if (left instanceof Set) todo.push([`${path}(${at})`, entry, rights[at]]);
        else todo.push([`${path}(key ${at})`, entry[0], rights[at][0]], [`${path}(${at})`, entry[1], rights[at][1]]);
      });
    }
    const isError = left instanceof Error || (typeof DOMException === 'function' && left instanceof DOMException);
    if (isError && (left.name !== right.name || String(left.message) !== String(right.message) || left.code !== right.code)) return `${path}: name, message or code`;
    if (isError && stacks && left.stack !== right.stack) return `${path}: stack`;
    const keys = (value) => Reflect.ownKeys(value).filter((key) => !isError || key !== 'stack');
    if (keys(left).length !== keys(right).length || keys(left).some((key, at) => key !== keys(right)[at])) return `${path}: keys`;
    for (const key of keys(left)) {
      const [one, other] = [left, right].map((value) => Object.getOwnPropertyDescriptor(value, key));
      if (!('value' in one && 'value' in other) || ['enumerable', 'writable', 'configurable'].some((is) => one[is] !== other[is]))
        return `${path}.${String(key)}: kind of property`;
      todo.push([`${path}.${String(key)}`, one.value, other.value]);
    }
  }
  return '';
}

test('the comparison sees what it should', () => {
  const shared = [];
  const pairs = [
    [0, -0], [[,], [undefined]], [{ a: 1, b: 2 }, { b: 2, a: 1 }], [{}, Object.create(null)], [[shared, shared], [[], []]],
    [[[], []], [shared, shared]], [/a/g, Object.assign(/a/g, { lastIndex: 1 })], [new Error('a'), new TypeError('a')], [new Date(0), new Date(NaN)],
    [new Uint8Array([1]), new Int8Array([1])], [new Uint8Array(2).subarray(1), new Uint8Array(1)], [new Map([[1, 2]]), new Map([[1, 3]])],
    [new Set([1, 2]), new Set([2, 1])], [1n, 1], ['\ud800', '\ufffd'], [Object.freeze({ a: 1 }), { a: 1 }], [[1], Object.defineProperty([], 0, { value: 1 })],
    [Object.assign(new Error('x'), { cause: 1 }), new Error('x', { cause: 1 })],
  ];
  for (const [a, b] of pairs) expect(differs(a, b)).not.toBe('');
  for (const [a] of pairs.slice(0, -3)) expect(differs(a, a)).toBe('');
});

/**
 * By rows of the first table: name, what makes the value, and what makes that which arrives, if it is not the same.
 * `alone`: that only holds of the value by itself.
 */
const travelling = {
  'numbers, booleans, `null`, `undefined`': [
    ['-0', () => -0], ['NaN', () => NaN], ['-Infinity', () => -Infinity], ['the largest number', () => Number.MAX_VALUE],
    ['the smallest number', () => 5e-324], ['undefined', () => undefined], ['null', () => null], ['false', () => false],
  ],
  strings: [
    ['a lone surrogate', () => '\udc00\ud800'], ['separators and a NUL', () => '\0\u2028\u2029\ufeff<'], ['an empty string', () => ''],
  ],
  BigInt: [['a large BigInt', () => -(2n ** 200n)], ['0n', () => 0n]],
  'plain objects': [
    ['keys with lone surrogates', () => ({ '\ud800': 1, '\udc00\ud800': { '\udfff': undefined } })],
    ['integer keys among others', () => ({ z: 1, 7: 2, '-1': 3, 4294967295: 4, '07': 5 })],
    ['without a prototype', () => Object.assign(Object.create(null), { b: -0, a: Object.create(null) })],
    ['an own property __proto__', () => JSON.parse('{"__proto__":{"polluted":1},"b":[{"__proto__":null}]}')],
    ['a __proto__ beside what JSON lacks', () => ({ a: JSON.parse('{"7":1,"__proto__":[1],"3":2,"b":3}'), b: 1n })],
    ['a __proto__ in an object without a prototype', () => Object.defineProperty(Object.create(null), '__proto__', { value: undefined, enumerable: true, writable: true, configurable: true })],
    ['an object in itself by its __proto__', () => { const it = JSON.parse('{"__proto__":[1],"b":2}'); Object.getOwnPropertyDescriptor(it, '__proto__').value.push(it, new Map([[it, it]])); return it; }],
    ['names that objects have', () => ({ constructor: 1, toString: null, hasOwnProperty: undefined, valueOf: 2n, toJSON: 'x', then: 'no promise', length: 3 })],
    ['200 properties', () => Object.fromEntries(Array.from({ length: 200 }, (_, i) => [`k${(i * 7) % 200}`, i]))],
  ],
  arrays: [
    ['holes and undefined', () => [, undefined, , null, ,]], ['only holes', () => new Array(5)], ['a hole at the end', () => [1, ,]],
    ['very sparse', () => Object.assign([], { 70: 'x', 5000: -0, length: 10_000 })], ['a million holes', () => Object.assign([], { length: 1_000_000 })],
    ['-0 and NaN far inside', () => Object.assign(Array.from({ length: 100 }, (_, i) => i), { 90: -0, 91: NaN })],
    ['a hole far inside', () => { const list = Array.from({ length: 100 }, (_, i) => i); delete list[77]; return list; }],
  ],
  '`Map`, `Set`': [
    ['a Map with odd keys', () => new Map([[NaN, 1], [null, 2], [undefined, 3], [{ a: 1 }, 4], [new Map([[[], 5]]), new Set([new Set()])], ['__proto__', 6], [1n, 7]])],
    ['a Set with odd values', () => new Set([NaN, undefined, '', [], new Date(NaN), /x/y, -1n])], ['empty ones', () => [new Set(), new Map()]],
  ],
  'parts that are shared, cycles': [
    ['a part in many places', () => { const part = { n: 1 }; return [part, { part }, new Map([[part, part]]), new Set([part])]; }],
    ['an object in itself', () => { const it = { list: [] }; it.list.push(it, it.list); return it; }],
    ['a Map and a Set in themselves', () => { const map = new Map(), set = new Set([map]); map.set(set, map); set.add(set); return map; }],
    ['a Date and a RegExp twice', () => { const date = new Date(1), pattern = /a/g; return [date, pattern, date, pattern]; }],
    ['long equal arrays, one of them twice', () => { const long = () => Array.from({ length: 100 }, (_, i) => i); const one = long(); return [one, long(), one]; }],
  ],
  '`Date`': [['an invalid Date', () => new Date(NaN)], ['the first and the last', () => [new Date(-864e13), new Date(864e13)]], ['before the year 0', () => new Date(-1e14)]],
  '`RegExp`': [
    ['with lastIndex', () => Object.assign(/a\/[/\]]\n/dgimsuy, { lastIndex: 3 })], ['lastIndex -0 and NaN', () => [Object.assign(/a/, { lastIndex: NaN }), Object.assign(/a/, { lastIndex: -0 })]],
    ['without text', () => new RegExp('')], ['with a line end and a lone surrogate', () => [new RegExp('\n'), new RegExp('\ud800')]],
  ],
  '`Error` and its built-in classes': [
    ...['Error', 'EvalError', 'RangeError', 'ReferenceError', 'SyntaxError', 'TypeError', 'URIError'].map((name) => [name, new Function(`return new ${name}('it')`)]),
    ['without a message', () => new Error()], ['own properties', () => Object.assign(new Error('x'), { code: 'E', when: new Date(0), inner: new TypeError('y'), 7: -0 })],
    ['a name of its own', () => Object.assign(new Error('x'), { name: 'Mine' })], ['an AggregateError', () => new AggregateError([new TypeError('a'), 5n, [new RangeError('b')]], 'all')],
    ['a chain of causes', () => new Error('a', { cause: new TypeError('b', { cause: new AggregateError([], 'c', { cause: { code: -0 } }) }) })],
    ['cause undefined, which is not the same as none', () => [new Error('a', { cause: undefined }), new Error('a')]],
    ['an error that is its own cause', () => { const error = new Error('round'); error.cause = error; return error; }],
    ['causes in a circle, by a list', () => { const a = new Error('a'), b = new TypeError('b', { cause: [a] }); a.cause = { b }; a.again = b; return [b, a]; }],
    ['one error in many places', () => { const error = new Error('x'); return [error, new AggregateError([error, error]), new Map([[error, error]])]; }],
    ['200 causes', () => { let error = new Error('0'); for (let i = 1; i < 200; i++) error = new Error(`${i}`, { cause: error }); return error; }],
    ['frozen', () => Object.freeze(new Error('x')), () => new Error('x')],
    ['a message that is no text', () => { const error = new Error(); error.message = [1]; return error; }],
    ['a message that cannot be written', () => Object.defineProperty(new Error('x'), 'message', { value: 'y' }), () => new Error('y')],
    ['from Node.js, with a code', () => { try { globalThis.process.getBuiltinModule('node:path').join(5); } catch (error) { return Object.assign(new Error(error.message), { code: error.code }); } }],
  ],
  'errors of your classes': [
    ['by its name', () => new (class DiskError extends Error { name = 'DiskError'; blocks = [1]; })('broken'), () => { const error = new Error('broken'); error.name = 'DiskError'; Object.defineProperty(error, 'name', { enumerable: true }); return Object.assign(error, { blocks: [1] }); }],
    ['of the nearest class', () => { class MyError extends RangeError {} MyError.prototype.name = 'MyError'; return new MyError('x'); }, () => Object.defineProperty(new RangeError('x'), 'name', { value: 'MyError', writable: true, configurable: true })],
  ],
  '`DOMException`': [['an AbortError', () => new DOMException('stopped', 'AbortError')], ['in a cause', () => new Error('x', { cause: new DOMException('y', 'DataCloneError') })]],
  'typed arrays': [
    ...['Int8Array', 'Uint8Array', 'Uint8ClampedArray', 'Int16Array', 'Uint16Array', 'Int32Array', 'Uint32Array', 'Float32Array', 'Float64Array',
      ...(typeof Float16Array === 'function' ? ['Float16Array'] : [])].map((name) => [name, new Function(`return ${name}.from([0, 1, -1, 300, 1e9, NaN, -0])`)]),
    ['a BigInt64Array', () => new BigInt64Array([-1n, 2n ** 63n - 1n])], ['a BigUint64Array', () => new BigUint64Array([2n ** 64n - 1n])],
    ['NaNs with their bits', () => new Float64Array(new BigUint64Array([0x7ff8_0000_dead_beefn, 0xfff4_0000_0000_0001n]).buffer)],
    ['a part of a buffer', () => new Uint16Array([1, 2, 3, 4]).subarray(1, 3), () => new Uint16Array([2, 3]), 'alone'], ['none', () => new Float32Array(0)],
  ],
  '`ArrayBuffer`, `DataView`, `Buffer`': [
    ['an ArrayBuffer', () => new Uint8Array([1, 2, 255]).buffer], ['an empty ArrayBuffer', () => new ArrayBuffer(0)], ['a DataView', () => new DataView(new Uint8Array([1, 2]).buffer)],
    ['a DataView of a part', () => new DataView(new Uint8Array([9, 1, 9]).buffer, 1, 1), () => new DataView(new Uint8Array([1]).buffer), 'alone'], ['a Buffer', () => globalThis.Buffer.from('text ü')],
  ],
  'views in containers': [
    ['two views of one buffer', () => { const { buffer } = new Uint8Array([1, 2, 3, 4]); return { whole: new Uint8Array(buffer), part: new Uint16Array(buffer, 2, 1), view: new DataView(buffer, 1, 2), buffer }; }],
    ['one typed array twice', () => { const array = new Float64Array([1]); return [array, { array }]; }], ['a part, with its buffer', () => [new Uint8Array([9, 1, 9]).subarray(1, 2)]],
  ],
  'frozen and sealed objects, proxies': [
    ['frozen', () => Object.freeze({ a: Object.freeze([1, Object.freeze([])]) }), () => ({ a: [1, []] })], ['sealed', () => Object.seal({ a: 1 }), () => ({ a: 1 })],
    ['a long frozen array', () => Object.freeze(Array.from({ length: 100 }, (_, i) => i)), () => Array.from({ length: 100 }, (_, i) => i)],
    ['proxies', () => new Proxy({ a: new Proxy([1, , 2], {}) }, {}), () => ({ a: [1, , 2] })],
    ['properties that are not writable', () => Object.defineProperty({}, 'a', { value: 1, enumerable: true }), () => ({ a: 1 })],
  ],
};

/** By rows of the second table: name, what makes the value, words of the message, the path within the value. */
const refused = {
  functions: [['a function', () => () => 1, 'a function'], ['a method in an object', () => ({ toJSON() { return 1; } }), 'a function', '.toJSON'], ['a class', () => class Point {}, 'a function']],
  symbols: [['a symbol', () => Symbol('x'), 'a symbol'], ['a known symbol in a Set', () => new Set([Symbol.iterator]), 'a symbol', '[0]']],
  'promises within values': [['a promise', () => [Promise.resolve(1)], 'Await it first', '[0]'], ['a thenable in an error', () => Object.assign(new Error('x'), { later: new (class { then() {} })() }), 'a promise', '.later']],
  'instances of classes': [
    ['an instance', () => new (class Point { x = 1; })(), 'an instance of Point'], ['with a prototype of its own', () => Object.create({ a: 1 }), 'prototype'],
    ['an array of a class', () => new (class Rows extends Array {})(), 'an instance of Rows'], ['a typed array of a class', () => new (class Floats extends Float64Array {})(1), 'an instance of Floats'],
    ['an ArrayBuffer of a class', () => new (class Bytes extends ArrayBuffer {})(1), 'an instance of Bytes'],
    ['a mere prototype of a typed array', () => Object.create(Uint8Array.prototype), 'Uint8Array'],
    ['a mere prototype of a buffer', () => Object.create(ArrayBuffer.prototype), 'ArrayBuffer'], ['a mere prototype of a Date', () => Object.create(Date.prototype), 'Date'],
    ['a typed array with the prototype of another', () => Object.setPrototypeOf(new Uint8Array(8), Float64Array.prototype), 'Float64Array'],
  ],
  'getters, hidden properties, symbols as keys': [
    ['a getter', () => ({ a: 1, get b() { return 1; } }), 'a getter or setter', '.b'], ['a setter', () => ({ set b(_) {} }), 'a getter or setter', '.b'],
    ['a getter in an array', () => Object.defineProperty([1, 2], 1, { get: () => 5, enumerable: true }), 'a getter or setter', '["1"]'],
    ['a getter in an error', () => Object.defineProperty(new Error('x'), 'odd', { get: () => 5, enumerable: true }), 'a getter or setter', '.odd'],
    ['a hidden property', () => Object.defineProperty({}, 'secret', { value: 1 }), 'not enumerable', '.secret'],
    ['a hidden property of an array', () => Object.defineProperty([1], 'secret', { value: 1 }), 'named properties'],
    ['the pieces of a template', () => ((pieces) => pieces)`a${1}b`, 'named properties'], ['a long frozen array with a hidden property', () => Object.freeze(Object.defineProperty(Array.from({ length: 100 }, () => 1), 'raw', { value: 1 })), 'named properties'],
    ['symbols as keys', () => ({ [Symbol.iterator]: 1 }), 'symbols'], ['a hidden symbol as a key', () => Object.defineProperty({}, Symbol('x'), { value: 1 }), 'symbols'],
    ['an error with a symbol as a key', () => Object.assign(new Error('x'), { [Symbol('x')]: 1 }), 'symbols'], ['a proxy that throws', () => new Proxy({}, { ownKeys() { throw new Error('not now'); } }), 'not now', ''],
  ],
  'named properties of arrays, `Map`, `Set`, `Date`, `RegExp`, buffers': [
    ['of an array', () => Object.assign([1], { extra: 1 }), 'named properties'], ['of a match', () => 'abc'.match(/b/), 'named properties'],
    ['of a long array with a hole', () => { const list = Array.from({ length: 100 }, () => 1); delete list[3]; return Object.assign(list, { extra: 1 }); }, 'named properties'],
    ['of a Set', () => Object.assign(new Set(), { extra: 1 }), 'named properties'], ['of a Date', () => Object.assign(new Date(0), { extra: 1 }), 'Date with properties of its own'],
    ['of a RegExp', () => Object.assign(/a/, { extra: 1 }), 'RegExp with properties of its own'], ['of a DataView', () => Object.assign(new DataView(new ArrayBuffer(1)), { extra: 1 }), 'DataView with properties'],
    ['of an ArrayBuffer', () => Object.assign(new ArrayBuffer(1), { extra: 1 }), 'ArrayBuffer with properties'],
  ],
  'boxed primitives': [['a Number', () => Object(1), 'an instance of Number'], ['a String', () => Object('x'), 'valueOf()'], ['a BigInt', () => Object(1n), 'an instance of BigInt'], ['a Symbol', () => Object(Symbol('x')), 'string']],
  'an `arguments` object': [['arguments', function make() { return (function () { return arguments; })(1, 2); }, '[...arguments]']], // eslint-disable-line prefer-rest-params
  'generators and iterators': [['a generator', () => (function* () { yield 1; })(), 'a generator'], ['an iterator', () => new Map([[1, 2]]).values(), '[...it]'], ['an async generator', () => (async function* () { yield 1; })(), 'generator']],
  '`WeakMap`, `WeakSet`, `WeakRef`': [['a WeakMap', () => new WeakMap(), 'a Map'], ['a WeakSet', () => new WeakSet(), 'a Set'], ['a WeakRef', () => new WeakRef({}), 'deref()']],
  '`URL`, `Blob`, `Headers` and the like': [
    ['a URL', () => new URL('http://localhost/a'), 'url.href'], ['URLSearchParams', () => new URLSearchParams('a=1'), 'toString()'], ['a Blob', () => new Blob(['x']), 'arrayBuffer()'],
    ['Headers', () => new Headers({ a: '1' }), '[...headers]'],
  ],
  'shared memory': [['a SharedArrayBuffer', () => new SharedArrayBuffer(8), 'a SharedArrayBuffer'], ['a view of it', () => new Uint8Array(new SharedArrayBuffer(8)), 'shared memory']],
  'resizable buffers and views of them': [
    ['a resizable ArrayBuffer', () => new ArrayBuffer(1, { maxByteLength: 2 }), 'a resizable ArrayBuffer'], ['a view that grows with it', () => new Uint8Array(new ArrayBuffer(1, { maxByteLength: 2 })), 'a view of a resizable'],
    ['a view of a part', () => new DataView(new ArrayBuffer(4, { maxByteLength: 8 }), 0, 2), 'a view of a resizable'],
  ],
  'transferred buffers': [
    ['an ArrayBuffer', () => { const buffer = new ArrayBuffer(4); structuredClone(buffer, { transfer: [buffer] }); return buffer; }, 'transferred away'],
    ['a typed array', () => { const array = new Uint8Array(4); structuredClone(array, { transfer: [array.buffer] }); return array; }, 'transferred away'],
    ['a DataView', () => { const view = new DataView(new ArrayBuffer(4)); structuredClone(view, { transfer: [view.buffer] }); return view; }, 'transferred away'],
  ],
  'more than 500 levels': [
    ['of arrays', () => { let nest = 1; for (let i = 0; i < 600; i++) nest = [nest]; return nest; }, '500 levels', null], ['of Maps', () => { let nest = 1; for (let i = 0; i < 10_000; i++) nest = new Map([[nest, 1]]); return nest; }, '500 levels', null],
    ['of Sets', () => { let nest = 1; for (let i = 0; i < 600; i++) nest = new Set([nest]); return nest; }, '500 levels', null],
    ['of causes', () => { let error; for (let i = 0; i < 10_000; i++) error = new Error('x', { cause: error }); return error; }, '500 levels', null],
    ['of all kinds', () => { let nest = 1; for (let i = 0; i < 130; i++) nest = new AggregateError([new Map([['k', { nest }]])]); return nest; }, '500 levels', null],
  ],
};

const cases = (rows) => Object.entries(rows).flatMap(([row, values]) => values.map(([name, ...rest]) => [row, name, ...rest]));
const same = delayed((value) => value);
const first = delayed((value) => value[0]);
const apart = { optimize: { fuse: false } }; // or a chain would pass values on as they are
const tested = ways.filter(({ way }) => ['sync, strict', 'threads, 2 workers'].includes(way));

describe.each(tested)('$way', ({ run }) => {
  test.each(cases(travelling))('%s travel: %s', async (_, __, make, expected = make, alone = false) => {
    const made = delayed(make)();
    const sees = delayed((value) => differs(value, expected()), { scope: { differs, expected } });
    const values = await run([made, same(make()), same(same(made)), sees(make()), sees(made), sees(same(made))], apart);
    for (const value of values.slice(0, 3)) expect(differs(value, expected())).toBe('');
    expect(values.slice(3)).toEqual(['', '', '']);
    if (alone) return;
    const nest = (value) => ({ list: [value], map: new Map([['k', value]]), set: new Set([value]), error: new Error('x', { cause: value }) });
    const make2 = delayed(() => nest(make()), { scope: { nest, make } });
    const [there, back, beside] = await run([same(nest(make())), same(make2()), first([same(nest(make())), same(1)])], apart);
    for (const value of [there, back, beside]) expect(differs(value, nest(expected()))).toBe('');
  });

  test.each(cases(refused))('%s are refused: %s', async (_, __, make, words, within = '') => {
    const error = await rejection(run(delayed(new Function(`return { a: [(${make})()] }`), { name: 'bad' })()));
    const alone = await rejection(run(delayed(make)()));
    const argument = await rejection(run(same({ a: [make()] })));
    const beside = await rejection(run(same({ a: [make()], good: same(1) })));
    for (const each of [error, alone, argument, beside]) {
      expect(each).toBeInstanceOf(ValueError);
      expect(`${each.message} ${each.cause}`).toContain(words);
      if (words !== 'not now') expect(each.message).toMatch(/^(an argument|the result) of '.+': .+\. [A-Z].+\.$/s); // and what to do instead
      expect(each.message.length).toBeLessThan(400);
    }
    if (within === null || words === 'not now') return;
    expect([error.path, argument.path, alone.path, beside.path]).toEqual([`.a[0]${within}`, `.a[0]${within}`, within, `[0].a[0]${within}`]);
    if (within) for (const each of [error, argument]) expect(each.message).toContain(`(at ${each.path})`);
  });

  test('what only has the prototype of a Map or Set is refused', async () => {
    for (const bad of [delayed(() => [Object.create(Map.prototype)]), delayed(() => [Object.create(Set.prototype)])])
      expect(await rejection(run(bad()))).toMatchObject({ name: 'ValueError', path: '[0]' });
    expect(await rejection(run(same([Object.create(Map.prototype)])))).toBeInstanceOf(ValueError);
  });

  test('stacks of errors arrive word by word', async () => {
    const make = () => new Error('x', { cause: new TypeError('y') });
    const error = make();
    expect(differs(await run(same(error)), error, true)).toBe('');
    expect(differs((await run(same([error, make()])))[0], error, true)).toBe('');
    const none = await run(delayed(() => { const error = new Error('x'); delete error.stack; return error; })());
    expect(Object.hasOwn(none, 'stack')).toBe(false);
  });

  test('500 levels of causes, of Maps, and of arguments beside a result travel', async () => {
    const causes = () => { let error = new Error('0'); for (let i = 1; i < 500; i++) error = new Error('x', { cause: error }); return error; };
    const maps = () => { let nest = 1; for (let i = 0; i < 500; i++) nest = new Map([[nest, nest]]); return nest; };
    for (const make of [causes, maps]) expect(differs(await run(same(delayed(make)()), apart), make())).toBe('');
    const nest = (core, levels) => { for (let i = 0; i < levels; i++) core = [core]; return core; };
    expect(differs(await run(same(nest(same(5), 499))), nest(5, 499))).toBe('');
    expect((await rejection(run(same(nest(same(5), 600))))).message).toContain('500 levels');
  });

  test('the longest of sparse arrays travels as what is in it', async () => {
    const make = () => Object.assign([], { 5: 1, length: 2 ** 32 - 1 });
    expect(differs(await run(same(delayed(make)()), apart), make())).toBe('');
  });

  test('whatever fast-check makes arrives as it is, or is a ValueError; nothing is polluted', async () => {
    const anything = fc.anything({
      maxDepth: 3, withBigInt: true, withBoxedValues: true, withDate: true, withMap: true, withNullPrototype: true, withObjectString: true,
      withSet: true, withSparseArray: true, withTypedArray: true,
    });
    const odd = fc.oneof(
      { weight: 6, arbitrary: anything },
      anything.map((cause) => new Error('generated', { cause })),
      fc.tuple(anything, fc.string({ unit: 'binary' })).map(([value, key]) => Object.assign(new TypeError(key), { [key]: value })),
      anything.map((value) => { const it = [value, value]; it.push(it); return it; }),
      fc.nat().map((lastIndex) => Object.assign(/x/g, { lastIndex })),
    );
    const before = Reflect.ownKeys(Object.prototype).join();
    let arrived = 0;
    await fc.assert(fc.asyncProperty(odd, async (value) => {
      let result;
      try {
        result = await run(same(same([value])), apart);
      } catch (error) {
        expect(error).toBeInstanceOf(ValueError);
        return;
      }
      arrived++;
      expect(differs(result, [value], true)).toBe('');
    }), { seed: 20, numRuns: 300 });
    expect(arrived).toBeGreaterThan(150);
    expect(Reflect.ownKeys(Object.prototype).join()).toBe(before);
    expect(globalThis.polluted ?? {}.polluted).toBeUndefined();
  });
});

describe('what tasks throw, on threads', () => {
  const { run } = tested[1];
  const thrown = (make) => rejection(run(delayed(new Function(`throw (${make})()`))()));

  test('keeps causes, errors and what is shared among them, exactly', async () => {
    const make = () => {
      const shared = new RangeError('shared'), error = new AggregateError([shared, 5n, new DOMException('d', 'AbortError')], 'all', { cause: { shared } });
      return Object.assign(error, { again: error });
    };
    const error = await thrown(make);
    expect(error.task).toMatchObject({ attempt: 1 });
    delete error.task;
    expect(differs(error, make())).toBe('');
  });

  test('keeps a chain of 50 causes, also where something in it cannot travel', async () => {
    for (const extra of ['1', '() => 1']) {
      let error = await thrown(`() => { let error = Object.assign(new Error('0'), { extra: ${extra}, kept: 2 });
        for (let i = 1; i < 50; i++) error = new TypeError(String(i), { cause: error }); return error; }`);
      for (let i = 49; i > 0; i--) {
        expect(error).toMatchObject({ message: String(i), name: 'TypeError' });
        error = error.cause;
      }
      expect(Object.entries(error)).toEqual(extra === '1' ? [['extra', 1], ['kept', 2]] : [['kept', 2]]);
    }
  });

  test('keeps the errors of an AggregateError where something in it cannot travel, and circles', async () => {
    const error = await thrown(() => {
      const error = new AggregateError([Object.assign(new TypeError('a'), { fn() {} }), () => 1, new RangeError('b')], 'all');
      error.errors[2].cause = error;
      return Object.defineProperty(error, 'odd', { enumerable: true, get() { throw new Error('no'); } });
    });
    expect(error).toBeInstanceOf(AggregateError);
    expect(error.errors.map(String)).toEqual(['TypeError: a', '() => 1', 'RangeError: b']);
    expect(error.errors[2].cause).toBe(error);
    expect('odd' in error).toBe(false);
  });

  test('says where a chain of too many causes was cut', async () => {
    let error = await thrown(() => { let error; for (let i = 0; i < 100_000; i++) error = new Error(`e${i}`, { cause: error }); return error; });
    let count = 0;
    for (; error instanceof Error; error = error.cause) count++;
    expect(count).toBeGreaterThan(50);
    expect(error).toMatch(/^Error: e\d+ \(whose causes were too many\)$/);
  });

  test('of your own kinds of errors arrives as the nearest known', async () => {
    const error = await thrown(() => new (class MyError extends TypeError { name = 'MyError'; code = 7; })('m'));
    expect(error).toBeInstanceOf(TypeError);
    expect(error).toMatchObject({ name: 'MyError', message: 'm', code: 7 });
    expect(await thrown(() => new DOMException('d', 'DataCloneError'))).toMatchObject({ name: 'DataCloneError', message: 'd', code: 25, task: { attempt: 1 } });
  });
});

describe('the table', () => {
  const tables = readFileSync(new URL('../../wasm/js/values/README.md', import.meta.url), 'utf8').split('\n## ')
    .map((part) => part.split('\n').filter((line) => line.startsWith('| ')).slice(1).map((line) => line.split(' | ')[0].slice(2).trim()))
    .filter((rows) => rows.length);

  test('has a row for each kind that is tested here, and none that is not', () => {
    expect(tables).toEqual([Object.keys(travelling), Object.keys(refused)]);
  });
});
