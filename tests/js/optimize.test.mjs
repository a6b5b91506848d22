// What is done to a graph before it runs, in every way there is: culling, fusing, inlining; orders and budgets.
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { CancelledError, OutOfMemoryError, Runtime, WorkerLostError, compute, config, delayed, get, sleep } from 'heddle';
import { note, notebook, rejection, ways } from './ways.mjs';

const inc = delayed((x) => x + 1);
const all = delayed((...values) => values);
const noted = delayed(note);

let book;
beforeEach(() => (book = notebook()));
afterEach(() => book.remove());

/** Each combination of passes. */
const choices = Array.from({ length: 8 }, (_, bits) => ({ cull: Boolean(bits & 1), fuse: Boolean(bits & 2), inline: Boolean(bits & 4) }));

describe.each(ways)('$way', ({ run, runGet, threads, encodes, waits }) => {
  describe('culling', () => {
    //  x -> y     wanted: y
    //  x -> z
    const graph = () => ({ x: 1, y: [(x) => x + 1, 'x'], z: [note, book.file, 'z ran', 'x'] });

    test('leaves out the keys of a raw graph that no wanted key needs', async () => {
      expect(await runGet(graph(), 'y')).toBe(2);
      expect(book.lines()).toEqual([]);
    });

    test.each([[{ cull: false }], [false]])('with optimize %p they run too', async (optimize) => {
      expect(await runGet(graph(), ['y'], { optimize })).toEqual([2]);
      expect(book.lines()).toEqual(['z ran']);
    });

    test('without it an error of a key that is not wanted is an error', async () => {
      const bad = { y: [(x) => x, 1], z: [() => { throw new RangeError('z'); }] };
      expect(await runGet(bad, 'y')).toBe(1);
      expect(await rejection(runGet(bad, 'y', { optimize: { cull: false } }))).toMatchObject({ name: 'RangeError', task: { key: 'z' } });
    });

    test('without it progress counts all', async () => {
      const seen = [];
      await runGet(graph(), 'y', { optimize: { cull: false, fuse: false }, onProgress: (progress) => seen.push(progress) });
      expect(seen.at(-1)).toMatchObject({ done: 3, total: 3 });
    });
  });

  describe('a fused chain', () => {
    //  make -> use -> end: a class instance and a function go from part to part
    const make = delayed(function make() {
      class Point {
        constructor(x) { this.x = x; }
        moved(by) { return new Point(this.x + by); }
      }
      return { point: new Point(1), twice: (value) => value * 2 };
    });
    const use = delayed(function use({ point, twice }) {
      return { point: point.moved(2), twice };
    });
    const end = delayed(function end({ point, twice }) {
      return [point.x, point.constructor.name, twice(point.x)];
    });

    test('passes values on as they are: nothing between its parts is encoded', async () => {
      expect(await run(end(use(make())))).toEqual([3, 'Point', 6]);
    });

    test('passes on a promise\'s value too', async () => {
      if (waits && !threads) return; /* sync cannot wait for a promise */
      const later = delayed(async function later({ point, twice }) {
        await null;
        return { point, twice };
      });
      expect(await run(end(later(use(later(make())))))).toEqual([1 + 2, 'Point', 6]);
    });

    test('gives a part the value that the one before gave, though both are changed in place', async () => {
      const start = delayed(() => [1]), push = delayed((list) => { list.push(list.length + 1); return list; });
      expect(await run(push(push(push(start()))))).toEqual([1, 2, 3, 4]);
    });

    if (encodes)
      test.each([[{ fuse: false }], [false]])('that is not fused (optimize %p) is refused such values', async (optimize) => {
        expect(await rejection(run(end(use(make())), { optimize }))).toMatchObject({ name: 'ValueError', task: { name: 'make' } });
      });

    if (encodes)
      test('is refused such values where somebody else reads them too', async () => {
        const made = make();
        expect(await rejection(run([end(use(made)), all(made)]))).toMatchObject({ name: 'ValueError', task: { key: made.key } });
        const wanted = make();
        expect(await rejection(run([end(use(wanted)), wanted]))).toMatchObject({ name: 'ValueError', task: { key: wanted.key } });
      });

    test('names the part that failed', async () => {
      const fail = delayed(function fail() {
        throw new RangeError('here');
      });
      for (let place = 0; place < 4; place++) {
        let node = inc(1), bad;
        for (let part = 0; part < 4; part++) node = part === place ? (bad = fail(node)) : inc(node);
        expect(await rejection(run(node))).toMatchObject({ name: 'RangeError', message: 'here', task: { key: bad.key, name: 'fail' } });
      }
    });

    test('ends with the part whose promise is rejected', async () => {
      if (waits && !threads) return;
      const fail = delayed(async () => {
        throw new TypeError('later');
      });
      const bad = fail(inc(1));
      expect(await rejection(run(inc(bad)))).toMatchObject({ name: 'TypeError', task: { key: bad.key } });
    });

    test('runs every part once, in order', async () => {
      let node = noted(book.file, 'part 0', 0);
      for (let part = 1; part < 6; part++) node = noted(book.file, `part ${part}`, node);
      expect(await run(node)).toBe(0);
      expect(book.lines()).toEqual(Array.from({ length: 6 }, (_, part) => `part ${part}`));
    });

    test('may be 100,000 parts long, and carries objects all the way', async () => {
      const count = delayed((counter) => { counter.at++; return counter; });
      let node = delayed(() => ({ at: 0 }))();
      for (let i = 0; i < 100_000; i++) node = count(node);
      expect(await run(node)).toEqual({ at: 100_000 });
    });

    if (threads) {
      test('whose worker is lost begins anew at its first part, on another', async () => {
        const once = delayed(function once(file, { point, twice }) {
          const fs = globalThis.process.getBuiltinModule('node:fs');
          const first = fs.readFileSync(file, 'utf8').split('\n').length === 2;
          fs.appendFileSync(file, 'once\n');
          if (first) globalThis.process.reallyExit(1);
          return { point, twice };
        });
        const start = delayed(function start(file) {
          globalThis.process.getBuiltinModule('node:fs').appendFileSync(file, 'start\n');
          class Point { x = 5; }
          return { point: new Point(), twice: (value) => value * 2 };
        });
        expect(await run(end(once(book.file, start(book.file))))).toEqual([5, 'Point', 10]);
        expect(book.lines()).toEqual(['start', 'once', 'start', 'once']);
      });

      test('that loses its worker again and again names the part', async () => {
        const exit = delayed(function exit() {
          globalThis.process.reallyExit(4);
        });
        const bad = exit(inc(1));
        const error = await rejection(run(inc(bad)));
        expect(error).toBeInstanceOf(WorkerLostError);
        expect(error).toMatchObject({ task: { key: bad.key, name: 'exit' } });
      });
    }

    const waiting = async (file, x) => {
      note(file, 'part');
      await new Promise((resume) => setTimeout(resume, 20));
      return x + 1;
    };
    const blocking = (file, x) => {
      note(file, 'part');
      sleep(0.02);
      return x + 1;
    };
    if (!waits)
      test.each([['wait', waiting], ...(threads ? [['block', blocking]] : [])])('is cancelled between its parts, which %s', async (_, fn) => {
        const controller = new AbortController();
        const timer = setInterval(() => book.lines().length > 2 && controller.abort(), 5);
        const slow = delayed(fn, { scope: { note } });
        let node = inc(0);
        for (let i = 0; i < 500; i++) node = slow(book.file, node);
        expect(await rejection(run(node, { signal: controller.signal }))).toBeInstanceOf(CancelledError);
        clearInterval(timer);
        const { length } = book.lines();
        expect(length).toBeLessThan(100);
        expect(await run(inc(1))).toBe(2);
        expect(book.lines().length).toBeLessThanOrEqual(length + 1); /* the one that was running */
      });
  });

  describe('a cheap function', () => {
    //      cheap
    //     /  |  \     each reader runs it again; with optimize: { inline: false } it runs once
    //    a   b   c
    const cheap = () => delayed(note, { name: 'cheap', inline: true })(book.file, 'cheap', 5);

    test('runs once for each reader', async () => {
      const node = cheap();
      expect(await run([inc(node), inc(node), all(node, node, 1)])).toEqual([6, 6, [5, 5, 1]]);
      expect(book.lines()).toEqual(['cheap', 'cheap', 'cheap']);
    });

    test.each([[{ inline: false }], [false]])('with optimize %p runs once', async (optimize) => {
      const node = cheap();
      expect(await run([inc(node), inc(node), all(node, [node])], { optimize })).toEqual([6, 6, [5, [5]]]);
      expect(book.lines()).toEqual(['cheap']);
    });

    test('whose result is wanted is kept', async () => {
      const node = cheap();
      expect(await run([node, inc(node), inc(node)])).toEqual([5, 6, 6]);
      expect(book.lines()).toEqual(['cheap']);
    });

    test('is cheap only where delayed said so, though elsewhere the same function is not', async () => {
      const fn = (file, line) => {
        globalThis.process.getBuiltinModule('node:fs').appendFileSync(file, `${line}\n`);
        return 1;
      };
      const often = delayed(fn, { inline: true })(book.file, 'often'), once = delayed(fn)(book.file, 'once');
      expect(await run([often, once].flatMap((node) => [inc(node), inc(node), inc(node)]))).toEqual([2, 2, 2, 2, 2, 2]);
      expect(book.lines().toSorted()).toEqual(['often', 'often', 'often', 'once']);
    });

    test('gives several cheap values to one reader, which may be a chain\'s first part', async () => {
      const value = delayed((x) => ({ x, half: () => x / 2 }), { inline: true });
      const [a, b] = [value(2), value(4)];
      const sum = delayed((first, { second }) => ({ total: first.half() + second.half() }));
      const read = delayed(({ total }) => total);
      expect(await run([read(sum(a, { second: b })), read(sum(b, { second: b })), read(sum(a, { second: a }))])).toEqual([3, 4, 2]);
    });

    test('that fails is named', async () => {
      const bad = delayed(() => { throw new Error('cheap'); }, { name: 'bad', inline: true })();
      expect(await rejection(run([inc(bad), inc(bad)]))).toMatchObject({ message: 'cheap', task: { key: bad.key, name: 'bad', attempt: 1 } });
    });
  });

  test('every combination of passes gives the same', async () => {
    const cheap = delayed((x) => [x, x + 1], { inline: true });
    const node = cheap(1), sum = delayed((list) => list.reduce((a, b) => a + b));
    const structure = { chain: inc(inc(inc(1))), sums: [sum(node), sum(node)], all: all(node, [inc(2)]) };
    for (const optimize of [true, false, {}, ...choices])
      expect(await run(structure, { optimize })).toEqual({ chain: 4, sums: [3, 3], all: [[1, 2], [3]] });
  });

  test.each([[{ order: 'best' }], [{ order: 'fast' }], [{ budget: 1 }], [{ budget: { results: 3 } }], [{ budget: { bytes: 1 } }],
    [{ budget: { results: 2, bytes: '1KB' } }], [{ order: 'best', budget: { bytes: '512MB' }, optimize: false }]])('%p gives the same', async (options) => {
    const rows = Array.from({ length: 40 }, (_, i) => all(inc(i), 'x'.repeat(100)));
    expect(await run(all(...rows.map((row) => all(row))), options)).toEqual(rows.map((_, i) => [[i + 1, 'x'.repeat(100)]]));
  });

  test('a higher priority goes first, with all that it needs', async () => {
    const low = delayed(note, { name: 'low' }), high = delayed(note, { name: 'high', priority: 2 }), least = delayed(note, { priority: -3 });
    const need = noted(book.file, 'needed', 1);
    const options = threads ? { workers: 1 } : {};
    expect(await run([least(book.file, 'least', 0), low(book.file, 'low', 1), high(book.file, 'high', need)], options)).toEqual([0, 1, 1]);
    expect(book.lines()).toEqual(['needed', 'high', 'low', 'least']);
  });
});

describe('a budget', () => {
  // Thirty results of 1 MB, which are all to be made before the first is read.
  const make = delayed((i) => new Uint8Array(2 ** 20).fill(i), { priority: 1 });
  const read = delayed((array) => array[0]);
  const nodes = Array.from({ length: 30 }, (_, i) => read(make(i)));
  let runtime;
  beforeEach(async () => (runtime = await Runtime.start({ workers: 2, memory: '16MB' })));
  afterEach(() => runtime.close());

  test.each([[{ results: 4 }], [{ bytes: '4MB' }]])('%p is kept: those that need nothing wait until there is room', async (budget) => {
    expect(await compute(nodes, { runtime, budget, optimize: { fuse: false } })).toEqual(nodes.map((_, i) => i));
  });

  test('is what it takes: without one the heap is too small', async () => {
    expect(await rejection(compute(nodes, { runtime, optimize: { fuse: false } }))).toBeInstanceOf(OutOfMemoryError);
  });
});

describe('config', () => {
  afterEach(() => Object.assign(config, { optimize: true, order: 'fast', budget: undefined }));

  test('has what computations do by default; an option goes before it', async () => {
    expect(config).toMatchObject({ optimize: true, order: 'fast', budget: undefined, graceMs: 250 });
    const graph = { y: [(x) => x, 1], z: [note, book.file, 'z ran', 1] };
    Object.assign(config, { optimize: { cull: false }, order: 'best', budget: 5 });
    expect(await get(graph, 'y')).toBe(1);
    expect(book.lines()).toEqual(['z ran']);
    expect(await get(graph, 'y', { optimize: true })).toBe(1);
    expect(book.lines()).toEqual(['z ran']);
  });
});
