// What travels between tasks, exactly; and what is refused, with the task and the place.
import { describe, expect, test } from '@jest/globals';
import { ValueError, compute, delayed } from 'heddle';
import { inspect, isDeepStrictEqual } from 'node:util';
import { rejection, ways } from './ways.mjs';

/** Each makes a value that needs nothing from outside, so that a task can make it too. */
const travelling = [
  ['zero', () => 0], ['minus zero', () => -0], ['NaN', () => NaN], ['Infinity', () => Infinity], ['-Infinity', () => -Infinity],
  ['the largest safe integer', () => Number.MAX_SAFE_INTEGER], ['the smallest number', () => Number.MIN_VALUE], ['0.1', () => 0.1],
  ['true', () => true], ['false', () => false], ['undefined', () => undefined], ['null', () => null],
  ['a BigInt', () => 2n ** 100n], ['a negative BigInt', () => -1n], ['an empty string', () => ''], ['a string', () => 'text'],
  ['a string of all kinds', () => '\0\u0001"\\\n\r\u2028\u2029</script>ü\u{1f600}\u{10ffff}\ufeff'],
  ['lone surrogates', () => ['\ud800', '\udfff x', 'x\ud83d', '\ude00\ud83d']], ['a lone surrogate', () => '\ud800'],
  ['a string of 1 MB', () => 'aü€\u{1f600}'.repeat(100_000)],
  ['an empty array', () => []], ['an array of numbers', () => [1, -0, NaN, 1e300]],
  ['undefined and null in an array', () => [undefined, null, [undefined]]],
  ['a sparse array', () => [, 1, , undefined, ,]], ['a very sparse array', () => Object.assign([], { 5000: 'x', length: 10_000 })],
  ['undefined in an object', () => ({ a: undefined, b: null })], ['an empty object', () => ({})],
  ['an object with odd keys', () => ({ '': 1, ' ': 2, 0: 3, '\ud800': 4, constructor: 5, toString: 6, 'a.b[0]': 7, hasOwnProperty: 8, then: 9 })],
  ['keys in their order', () => ({ z: 1, a: 2, 10: 3, 9: 4 })],
  ['an object without a prototype', () => Object.assign(Object.create(null), { a: 1, nested: Object.create(null) })],
  ['a Date', () => new Date(1e12)], ['a RegExp', () => /a\/b"[\\]é/giu],
  ['a Map', () => new Map([['a', 1], [NaN, -0], [{ key: 1 }, [new Map()]], [undefined, undefined]])],
  ['a Set', () => new Set([1, 'a', NaN, undefined, [1], new Set([null])])],
  ['an empty Map and Set', () => [new Map(), new Set()]],
  ...['Int8Array', 'Uint8Array', 'Uint8ClampedArray', 'Int16Array', 'Uint16Array', 'Int32Array', 'Uint32Array'].map((name) =>
    [`a ${name}`, new Function(`return ${name}.from([0, 1, 127, -128, 255, 65535, 1e9])`)]),
  ['a Float32Array', () => new Float32Array([0, -0, 0.1, NaN, Infinity])],
  ['a Float64Array', () => new Float64Array([0, -0, 0.1, NaN, -Infinity, 5e-324])],
  ['a BigInt64Array', () => new BigInt64Array([0n, -1n, 2n ** 63n - 1n])], ['a BigUint64Array', () => new BigUint64Array([0n, 2n ** 64n - 1n])],
  ['empty typed arrays', () => [new Float64Array(0), new Uint8Array()]], ['an empty typed array', () => new Float64Array(0)],
  ['a typed array of 1 MB', () => Float64Array.from({ length: 131_072 }, (_, i) => i / 3)],
  ['an odd number of bytes, over 64 kB', () => Uint8Array.from({ length: 65_537 }, (_, i) => i)],
  ['an ArrayBuffer', () => new Uint8Array([1, 2, 3]).buffer], ['a large ArrayBuffer', () => new Uint8Array(100_000).fill(7).buffer],
  ['a DataView', () => new DataView(new Uint8Array([9, 1, 2, 3, 9]).buffer)],
  ['a Buffer', () => globalThis.Buffer.from('text')], ['a large Buffer', () => globalThis.Buffer.alloc(70_001, 'x')],
  ['a BigInt among JSON', () => ({ a: [1, { b: 5n }] })],
  ['all of it', () => ({ list: [new Date(0), new Map([['x', new Float64Array([1])]]), undefined], 'k-k': new Set(['s']), n: -0 })],
];

/** What only fits into a container: the same value is at the top only by itself. */
const inContainers = [
  ['a part of a typed array', () => [new Uint8Array([9, 1, 2, 9]).subarray(1, 3)]],
  ['buffers', () => ({ a: new Uint8Array([1, 2]).buffer, b: new DataView(new Uint8Array([1, 2, 3]).buffer, 1, 1), c: globalThis.Buffer.from('x') })],
  ['a value of 10,000 parts', () => Array.from({ length: 5_000 }, (_, i) => ({ i }))],
];

const same = delayed((value) => value);
const second = delayed((_, value) => value);
const wrap = delayed((value) => ({ value, 'k-k': [value] }));

/** What a task sees of a value, as text: the value itself could be right at the end by two wrongs. */
const look = delayed((value) => {
  const { inspect } = globalThis.process.getBuiltinModule('node:util');
  return inspect(value, { depth: 600, maxArrayLength: 300, maxStringLength: 1000, showHidden: false });
});
const looksLike = (value) => inspect(value, { depth: 600, maxArrayLength: 300, maxStringLength: 1000, showHidden: false });

function expectSame(result, expected) {
  if (!isDeepStrictEqual(result, expected)) expect(result).toEqual(expected); // shows what differs
  expect(isDeepStrictEqual(result, expected)).toBe(true);
  if (typeof result !== 'string') expect(looksLike(result)).toBe(looksLike(expected));
}

const tested = ways.filter(({ way }) => ['sync, strict', 'threads, 2 workers', 'computeSync, threads'].includes(way));

describe.each(tested)('$way', ({ run, threads }) => {
  describe.each([...travelling, ...inContainers])('%s travels', (_, make) => {
    test('as an argument and as a result', async () => {
      const made = delayed(make)();
      const [there, back, onTheWay] = await run([same(make()), made, look(made)]);
      expectSame(there, make());
      expectSame(back, make());
      expect(onTheWay).toBe(looksLike(make()));
    });

    test('within an argument, beside a result, and through a chain', async () => {
      const made = delayed(make)();
      const [inside, beside, chained, wrapped] = await run([
        same({ inside: [make()] }), second(made, [made, 'x', made]), same(same(same(made))), wrap(made),
      ]);
      expectSame(inside, { inside: [make()] });
      expectSame(beside, [make(), 'x', make()]);
      expectSame(chained, make());
      expectSame(wrapped, { value: make(), 'k-k': [make()] });
    });
  });

  test('a nest of 500 levels', async () => {
    const lists = () => { let nest = 'x'; for (let i = 0; i < 500; i++) nest = [nest]; return nest; };
    const objects = () => { let nest = 5n; for (let i = 0; i < 500; i++) nest = { nest }; return nest; };
    for (const make of [lists, objects]) {
      const [there, back, onTheWay] = await run([same(make()), delayed(make)(), look(delayed(make)())]);
      expectSame(there, make());
      expectSame(back, make());
      expect(onTheWay).toBe(looksLike(make()));
    }
  });

  test('an own property __proto__, among what JSON has', async () => {
    const make = () => JSON.parse('{"__proto__": {"x": [1]}, "a": {"__proto__": 5}}');
    const [there, back] = await run([same(make()), delayed(make)()]);
    for (const value of [there, back]) {
      expect(Object.keys(value)).toEqual(['__proto__', 'a']);
      expect(Object.getPrototypeOf(value)).toBe(Object.prototype);
      expect(JSON.stringify(value)).toBe(JSON.stringify(make()));
    }
    expect({}.x).toBeUndefined();
  });

  test('an own property __proto__ that holds a result', async () => {
    const held = same(Object.fromEntries([['__proto__', [same(1n)]], ['a', same(2)]]));
    const [value] = await run([held], { optimize: false });
    expect(Object.entries(value)).toEqual([['__proto__', [1n]], ['a', 2]]);
    expect(Object.getPrototypeOf(value)).toBe(Object.prototype);
  });

  test('an invalid Date', async () => {
    const make = () => ({ never: new Date(NaN) });
    for (const { never } of await run([same(make()), delayed(make)()])) {
      expect(Object.prototype.toString.call(never)).toBe('[object Date]');
      expect(never.getTime()).toBeNaN();
    }
  });

  test('a DataView and a Buffer of a part, as just that part', async () => {
    const [view, buffer] = await run([
      same(new DataView(new Uint8Array([9, 1, 2, 9]).buffer, 1, 2)), same(Buffer.from([9, 1, 2, 9]).subarray(1, 3)),
    ]);
    expect([view.byteLength, view.getInt8(0), view.getInt8(1)]).toEqual([2, 1, 2]);
    expect(Buffer.isBuffer(buffer)).toBe(true);
    expect([...buffer]).toEqual([1, 2]);
  });

  test('a DataView of 70,001 bytes', async () => {
    const make = delayed(() => new DataView(new Uint8Array(70_001).fill(5).buffer));
    const [view, seen] = await run([same(make()), delayed((view) => [view.byteLength, view.getUint8(70_000)])(make())]);
    expect(seen).toEqual([70_001, 5]);
    expectSame(view, new DataView(new Uint8Array(70_001).fill(5).buffer));
  });

  test('what an argument shares within itself, and its cycles', async () => {
    const part = { n: 1 };
    const whole = { left: part, right: [part], map: new Map([[part, part]]), set: new Set([part]) };
    whole.self = whole;
    whole.set.add(whole.set);
    const result = await run(same(whole));
    for (const found of [result.right[0], [...result.map][0][0], [...result.map][0][1], [...result.set][0]]) expect(found).toBe(result.left);
    expect(result.self).toBe(result);
    expect([...result.set][1]).toBe(result.set);
    expect(result.left).not.toBe(part);
  });

  test('what a result shares within itself, and its cycles', async () => {
    const make = () => {
      const part = [1], bytes = new Uint8Array(4);
      const whole = [part, part, bytes, bytes, new Uint16Array(bytes.buffer)];
      whole.push(whole);
      return whole;
    };
    const result = await run(same(delayed(make)()));
    expect(result[1]).toBe(result[0]);
    expect(result[3]).toBe(result[2]);
    expect(result[4].buffer).toBe(result[2].buffer);
    expect(result[5]).toBe(result);
  });

  test('results are private copies: of arguments, of each other, of the next time', async () => {
    const input = new Float64Array([1, 2, 3]), list = [1];
    const nodes = { input: same(input), list: same(list), again: same(same(list)) };
    const first = await run(nodes);
    first.input[0] = 100;
    first.list.push(2);
    expect([input[0], list]).toEqual([1, [1]]);
    expect(first.again).toEqual([1]);
    expectSame(await run(nodes), { input, list, again: list });
  });

  test('an argument belongs to its task: one that writes into it disturbs nobody', async () => {
    const spoil = delayed((numbers, list) => { numbers.fill(7); list.push(7); return numbers[0]; });
    const numbers = delayed(() => new Float64Array([1, 2]))(), list = delayed(() => [1])();
    const result = await run([spoil(numbers, list), spoil(numbers, list), numbers, list]);
    expect(result).toEqual([7, 7, new Float64Array([1, 2]), [1]]);
  });

  describe('typed arrays over 64 kB', () => {
    const big = () => Float64Array.from({ length: 20_000 }, (_, i) => i);
    const make = delayed(big);

    test('come whole, and as parts of inputs go on as parts', async () => {
      const half = delayed((array) => array.subarray(10_000))(make());
      const tail = delayed((array) => array.subarray(9_998))(half);
      const bytes = delayed((array) => new Uint8Array(array.buffer, array.byteOffset + 4, 70_001))(make());
      const none = delayed((array) => array.subarray(5, 5))(make());
      const result = await run([half, tail, bytes, none, delayed((array) => array.length)(bytes)]);
      expectSame(result[0], big().subarray(10_000).slice());
      expectSame(result[1], new Float64Array([19_998, 19_999]));
      expectSame(result[2], new Uint8Array(big().buffer).slice(4, 70_005));
      expectSame(result[3], new Float64Array(0));
      expect(result[4]).toBe(70_001);
    });

    test('are results that own their memory, and no more of it than they show', async () => {
      const [part] = await run([delayed((array) => array.subarray(1, 3))(make())]);
      expect(part.buffer).toBeInstanceOf(ArrayBuffer);
      expect(part.buffer.byteLength).toBe(16);
    });

    test('two parts of one input are of that input', async () => {
      const halves = delayed((array) => [array.subarray(0, 2), array.subarray(2, 4)])(make());
      expectSame(await run(halves), [new Float64Array([0, 1]), new Float64Array([2, 3])]);
    });

    test('go into containers, errors and promises as copies', async () => {
      const [inside, later] = await run([
        delayed((array) => ({ array, again: array, view: new DataView(array.buffer, array.byteOffset + 8, 8) }))(make()),
        ...(threads ? [delayed(async (array) => { await null; return array.subarray(1, 2); })(make())] : []),
      ]);
      expectSame(inside.array, big());
      expect(inside.again).toBe(inside.array);
      expect([inside.view.byteLength, inside.view.getFloat64(0, true)]).toEqual([8, 1]);
      if (threads) expectSame(later, new Float64Array([1]));
      const failing = delayed((array) => { throw Object.assign(new Error('with data'), { array: array.subarray(0, 2) }); })(make());
      expect(await rejection(run(failing))).toMatchObject({ message: 'with data', array: new Float64Array([0, 1]) });
    });

    if (threads)
      test('are given to tasks as shared views, and smaller ones as copies', async () => {
        const shared = delayed((...arrays) => arrays.map(({ buffer }) => buffer instanceof SharedArrayBuffer));
        const sizes = [65_535, 65_536, 100_000].map((size) => delayed((n) => new Uint8Array(n))(size));
        expect(await run(shared(...sizes))).toEqual([false, true, true]);
        expect(await run(shared(new Uint8Array(65_536), new ArrayBuffer(100_000) && new Uint8Array(1)))).toEqual([true, false]);
      });
  });

  describe('is refused', () => {
    class Point { x = 1; }
    class Rows extends Array {}
    class Floats extends Float64Array {}
    const deeper = () => { let nest = 'x'; for (let i = 0; i < 501; i++) nest = [nest]; return nest; };
    /** Title, the value, its path within `{ a: [value] }`, words of the message. */
    const refused = [
      ['a function', () => () => 1, '.a[0]', 'a function'],
      ['a symbol', () => Symbol('x'), '.a[0]', 'a symbol'],
      ['an instance of a class', () => new (class Point { x = 1; })(), '.a[0]', 'an instance of Point'],
      ['an instance of a class in a Map', () => new Map([['k', new (class Point {})()]]), '.a[0][1]', 'an instance of Point'],
      ['an array of a class', () => new (class Rows extends Array {})(), '.a[0]', 'an instance of Rows'],
      ['a Map of a class', () => new (class Index extends Map {})(), '.a[0]', 'an instance of Index'],
      ['a typed array of a class', () => new (class Floats extends Float64Array {})(2), '.a[0]', 'an instance of Floats'],
      ['a Date of a class', () => new (class Day extends Date {})(), '.a[0]', 'an instance of Day'],
      ['an object with a strange prototype', () => Object.create({ inherited: 1 }), '.a[0]', 'prototype'],
      ['a promise inside', () => Promise.resolve(1), '.a[0]', 'a promise'],
      ['a SharedArrayBuffer', () => new SharedArrayBuffer(8), '.a[0]', 'a SharedArrayBuffer'],
      ['a view of a SharedArrayBuffer', () => new Uint8Array(new SharedArrayBuffer(8)), '.a[0]', 'shared memory'],
      ['an array with named properties', () => Object.assign([1], { extra: 1 }), '.a[0]', 'named properties'],
      ['a sparse array with named properties', () => Object.assign([, , 1], { extra: 1 }), '.a[0]', 'named properties'],
      ['a Map with named properties', () => Object.assign(new Map(), { extra: 1 }), '.a[0]', 'named properties'],
      ['an object with symbols', () => ({ [Symbol('x')]: 1 }), '.a[0]', 'symbols'],
      ['a property that throws', () => ({ get odd() { throw new Error('not now'); } }), '.a[0].odd', 'not now'],
      ['a WeakMap', () => new WeakMap(), '.a[0]', 'WeakMap'],
      ['a number object', () => Object(1), '.a[0]', 'an instance of Number'],
    ];

    test.each(refused)('as a result: %s', async (title, make, path, words) => {
      const bad = delayed(new Function(`return { a: [(${make})()] }`), { name: 'bad' })();
      const error = await rejection(run([bad]));
      expect(error).toBeInstanceOf(ValueError);
      expect(error).toMatchObject({ name: 'ValueError', code: 'VALUE', path, task: { key: bad.key, name: 'bad' } });
      expect(error.message).toContain(`the result of '${bad.key}'`);
      expect(`${error.message} ${error.cause}`).toContain(words);
      expect(error.message).toContain(path);
    });

    test.each(refused)('as an argument, before anything runs: %s', async (title, make, path, words) => {
      const task = delayed((value) => value, { name: 'takes' })({ a: [make()] });
      const error = await rejection(run([delayed(() => { throw new Error('something ran'); })(), task]));
      expect(error).toBeInstanceOf(ValueError);
      expect(error).toMatchObject({ name: 'ValueError', code: 'VALUE', task: { key: task.key, name: 'takes' } });
      expect(error.message).toContain(`an argument of '${task.key}'`);
      expect(`${error.message} ${error.cause}`).toContain(words);
      if (title !== 'a property that throws') expect(error.path).toBe(path);
    });

    test('by itself, as argument and as result', async () => {
      expect(await rejection(run(same(() => 1)))).toMatchObject({ name: 'ValueError', path: '' });
      expect(await rejection(run(delayed(() => () => 1)()))).toMatchObject({ name: 'ValueError', path: '' });
      expect(await rejection(run(same(new Point())))).toBeInstanceOf(ValueError);
      expect(await rejection(run(same(Rows.of(1))))).toBeInstanceOf(ValueError);
      expect(await rejection(run(same(new Floats(1))))).toBeInstanceOf(ValueError);
      expect(await rejection(run(delayed(() => Symbol.iterator)()))).toBeInstanceOf(ValueError);
    });

    test('beside a result within an argument, with its path', async () => {
      const task = same({ good: same(1), bad: [Symbol('x')] });
      const error = await rejection(run(task));
      expect(error).toBeInstanceOf(ValueError);
      expect(error.message).toContain(`an argument of '${task.key}'`);
      expect(error.path).toMatch(/\.bad\[0\]$/);
    });

    test('beside a result: what would be changed on the way', async () => {
      for (const value of [Rows.of(same(1)), new (class Index extends Map {})([['x', same(1)]]), { [Symbol('x')]: 1, x: same(1) }]) {
        const error = await rejection(run(same([value, same(2)])));
        expect(error).toBeInstanceOf(ValueError);
        expect(error.message).toMatch(/Rows|Index|symbols/);
      }
    });

    test('what is nested more than 500 deep, however deep it is', async () => {
      let nest = 'x';
      for (let i = 0; i < 100_000; i++) nest = [nest];
      for (const value of [deeper(), nest]) {
        const error = await rejection(run(same(value)));
        expect(error).toBeInstanceOf(ValueError);
        expect(error.message).toContain('500 levels');
        expect(error.message.length).toBeLessThan(400);
      }
      expect(await rejection(run(delayed(deeper)()))).toBeInstanceOf(ValueError);
    });

    test('and the next computation works', async () => {
      expect(await run(same([1]))).toEqual([1]);
    });
  });
});

describe('sync without strict', () => {
  test('hands values on as they are, without a copy', async () => {
    class Point { x = 1; }
    const point = new Point(), fn = () => 1;
    const result = await compute([same(point), same(fn), same({ point })], { scheduler: 'sync' });
    expect(result[0]).toBe(point);
    expect(result[1]).toBe(fn);
    expect(result[2].point).toBe(point);
  });

  test('a Delayed as a result is refused on threads', async () => {
    const error = await rejection(compute(delayed(() => ({ inner: new (class Delayed {})() }))(), { scheduler: 'threads' }));
    expect(error.message).toContain('a Delayed');
  });
});
