// What goes wrong in a task reaches the user as what it is, and the next computation works.
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import {
  CancelledError, DuplicateKeyError, FunctionError, HdError, OptionError, OutOfMemoryError, Runtime, TaskError,
  ValueError, WorkerLostError, compute, computeSync, delayed, sleep,
} from 'heddle';
import { meet, note, notebook, rejection, ways } from './ways.mjs';

const inc = delayed((x) => x + 1);
const add = delayed((x, y) => x + y);
const noted = delayed(note);

let book;
beforeEach(() => (book = notebook()));
afterEach(() => book.remove());

/** A task that throws what the text says. */
const throwing = (text) => delayed(new Function(`throw ${text}`), { name: 'bad' });

describe.each(ways)('$way', ({ run, encodes, threads, waits }) => {
  const works = async () => expect(await run([add(inc(1), inc(2)), inc(3)])).toEqual([5, 4]);
  afterEach(works);

  describe('a task that throws', () => {
    test('an Error makes the computation throw it, with the task', async () => {
      const bad = delayed(function parse(text) { return JSON.parse(text); }, { key: 'the bad one' });
      const error = await rejection(run(add(inc(1), bad('{'))));
      expect(error).toBeInstanceOf(SyntaxError);
      expect(error).not.toBeInstanceOf(HdError);
      expect(error.message).toMatch(/JSON/);
      expect(error.task).toMatchObject({ key: 'the bad one', name: 'parse', attempt: 1 });
      expect(error.task.worker).toBeGreaterThanOrEqual(0);
      expect(error.stack).toContain('SyntaxError');
      expect(error.stack).toContain('parse');
    });

    test.each([
      ['Error', Error], ['TypeError', TypeError], ['RangeError', RangeError], ['ReferenceError', ReferenceError],
      ['EvalError', EvalError], ['URIError', URIError],
    ])('keeps its class: %s', async (name, Class) => {
      const bad = throwing(`new ${name}('mine')`)();
      const error = await rejection(run(bad));
      expect(error).toBeInstanceOf(Class);
      expect(Object.getPrototypeOf(error)).toBe(Class.prototype);
      expect(error).toMatchObject({ name, message: 'mine', task: { key: bad.key, name: 'bad' } });
    });

    test('an error of a class of its own keeps name, message and properties', async () => {
      const bad = delayed(() => {
        class DiskError extends Error {
          constructor(message) {
            super(message);
            this.name = 'DiskError';
            this.code = 'EIO';
            this.details = { blocks: [1, undefined], at: new Date(5) };
          }
        }
        throw new DiskError('broken');
      });
      const error = await rejection(run(bad()));
      expect(error).toBeInstanceOf(Error);
      expect(error).toMatchObject({ name: 'DiskError', message: 'broken', code: 'EIO', details: { blocks: [1, undefined], at: new Date(5) } });
      expect(String(error)).toBe('DiskError: broken');
    });

    test('an error with causes keeps them, errors and others', async () => {
      const bad = throwing("new Error('outer', { cause: new RangeError('middle', { cause: { code: 7 } }) })");
      const error = await rejection(run(bad()));
      expect(error.message).toBe('outer');
      expect(error.cause).toBeInstanceOf(RangeError);
      expect(error.cause.message).toBe('middle');
      expect(error.cause.cause).toEqual({ code: 7 });
      expect(Object.keys(error)).not.toContain('cause');
    });

    test('an error that is its own cause', async () => {
      const bad = delayed(() => { const error = new Error('round'); error.cause = error; throw error; });
      const error = await rejection(run(bad()));
      expect(error.message).toBe('round');
      expect(error.cause.message).toBe('round');
    });

    test('an error with properties that cannot travel is thrown without them', async () => {
      const bad = delayed(() => { throw Object.assign(new Error('odd'), { fn() {}, kept: 1, [Symbol('x')]: 2, odd: JSON.parse('[{"__proto__":1}]').concat(5n) }); });
      const error = await rejection(run(bad()));
      expect(error).toMatchObject({ message: 'odd', kept: 1 });
      if (encodes) expect(error.fn === undefined || !threads).toBe(true);
    });

    test('an error that cannot be changed is the cause of a TaskError', async () => {
      const bad = delayed(() => { throw Object.freeze(new RangeError('frozen')); });
      const error = await rejection(run(bad()));
      // Between threads a copy travels, which is not frozen.
      expect(threads ? error : error.cause).toBeInstanceOf(RangeError);
      expect(error.task).toMatchObject({ attempt: 1 });
    });

    test.each([
      ['undefined', 'undefined', undefined], ['null', 'null', null], ['a string', "'just text'", 'just text'], ['a number', '7', 7],
      ['an object', '({ code: 1 })', { code: 1 }], ['a list', '[1]', [1]], ['a BigInt', '5n', 5n],
    ])('%s makes a TaskError with it as the cause', async (_, text, thrown) => {
      const bad = throwing(text)();
      const error = await rejection(run(bad));
      expect(error).toBeInstanceOf(TaskError);
      expect(error).toMatchObject({ name: 'TaskError', code: 'TASK_FAILED', task: { key: bad.key, name: 'bad' } });
      expect(error.cause).toEqual(thrown);
      expect(error.message).toBe(`task '${bad.key}' threw ${String(thrown)}`);
    });

    test('what cannot even be shown makes a TaskError too', async () => {
      for (const text of ["Symbol('sign')", '() => 1', 'Object.create(null)', '({ toString() { throw 1 } })', '({ get x() { throw 1 } })']) {
        const error = await rejection(run(throwing(text)()));
        expect(error).toBeInstanceOf(TaskError);
        expect(error.message).toMatch(/^task 'bad-\d+' threw /);
      }
    });

    test('by running out of stack throws a RangeError', async () => {
      const error = await rejection(run(delayed(function deep() { return deep() + 1; })()));
      expect(error).toBeInstanceOf(RangeError);
      expect(error.message).toMatch(/call stack/);
    });

    test('first is the one whose error is thrown; what needs it does not run', async () => {
      const bad = throwing("new Error('first')")();
      const after = noted(book.file, 'after', bad);
      const error = await rejection(run([after, noted(book.file, 'too', after)]));
      expect(error.message).toBe('first');
      expect(error.task.key).toBe(bad.key);
      expect(book.lines()).toEqual([]);
    });

    test('while many others wait stops them', async () => {
      const slow = delayed((file, line) => { sleep(0.005); return note(file, line, 1); }, { scope: { note } });
      const others = Array.from({ length: 400 }, (_, i) => slow(book.file, i));
      await rejection(run([throwing("new Error('stop')")(), ...others]));
      const count = book.lines().length;
      expect(count).toBeLessThan(200);
      await works();
      expect(book.lines().length - count).toBeLessThanOrEqual(4); // those that were running
    });
  });

  if (!waits || threads)
    describe('an asynchronous task', () => {
      test('that rejects makes the computation throw it', async () => {
        const error = await rejection(run(inc(delayed(async function late() { await null; throw new TypeError('late'); })())));
        expect(error).toBeInstanceOf(TypeError);
        expect(error).toMatchObject({ message: 'late', task: { name: 'late' } });
      });

      test('that rejects with undefined makes a TaskError', async () => {
        expect(await rejection(run(delayed(() => Promise.reject())()))).toBeInstanceOf(TaskError);
      });

      test('whose then throws makes the computation throw it', async () => {
        expect((await rejection(run(delayed(() => ({ then() { throw new RangeError('then'); } }))()))).message).toBe('then');
        expect((await rejection(run(delayed(() => ({ get then() { throw new RangeError('get'); } }))()))).message).toBe('get');
      });

      test('with a result that cannot travel is a ValueError', async () => {
        if (!encodes) return expect(typeof (await run(delayed(async () => () => 1)()))).toBe('function');
        return expect(await rejection(run(delayed(async () => () => 1)()))).toBeInstanceOf(ValueError);
      });
    });

  describe('keys', () => {
    test('may hold any characters, and are told apart by all of them', async () => {
      const one = (key) => delayed((x) => x, { key })(1);
      expect(await run([one('a\0b'), one('a\0c'), one('a')])).toEqual([1, 1, 1]);
      expect(await rejection(run([one('a\0b'), one('a\0b')]))).toBeInstanceOf(DuplicateKeyError);
    });

    test('given twice are a DuplicateKeyError before anything runs', async () => {
      const x = delayed(note, { key: 'x' });
      const error = await rejection(run([x(book.file, 'one', 1), x(book.file, 'two', 2)]));
      expect(error).toBeInstanceOf(DuplicateKeyError);
      expect(error).toMatchObject({ name: 'DuplicateKeyError', code: 'DUPLICATE_KEY', key: 'x' });
      expect(error.message).toContain("'x'");
      expect(book.lines()).toEqual([]);
    });

    test('given once may be used in many places, and again in another computation', async () => {
      const x = delayed((value) => value, { key: 'x' });
      const node = x(1);
      expect(await run([node, inc(node), node])).toEqual([1, 2, 1]);
      expect(await run(x(2))).toBe(2);
    });

    test('of any length and letters', async () => {
      const keys = ['\ud83d\ude00', 'x'.repeat(10_000), 'a\0b', "quote'd"];
      expect(await run(keys.map((key, i) => delayed((x) => x, { key })(i)))).toEqual([0, 1, 2, 3]);
      const error = await rejection(run([0, 1].map(() => delayed((x) => x, { key: 'x'.repeat(10_000) })(1))));
      expect(error.key).toHaveLength(10_000);
      expect(error.message.length).toBeLessThan(300);
    });
  });

  if (encodes)
    describe('a function that needs something from outside', () => {
      const outside = 5;

      test('is a FunctionError before anything runs, that names it and its line', async () => {
        const bad = delayed(function scale(x) {
          return x * outside;
        });
        const error = await rejection(run([noted(book.file, 'ran', 1), bad(1)]));
        expect(error).toBeInstanceOf(FunctionError);
        expect(error).toMatchObject({ name: 'FunctionError', code: 'FUNCTION' });
        expect(error.uses).toMatchObject([{ name: 'outside', line: 2 }]);
        expect(error.message).toMatch(/`scale` uses `outside` \(line 2\).*scope: \{ outside \}/s);
        expect(book.lines()).toEqual([]);
      });

      test('has it from scope: values and functions, which see each other', async () => {
        const twice = (x) => x * factor;
        const factor = 2, table = new Map([['k', new Float64Array([1, 2])]]);
        const task = delayed((x) => [twice(x), table.get('k')[1], sleep(0)], { scope: { twice, factor, table } });
        expect(await run(task(4))).toEqual([8, 2, undefined]);
      });

      test('has the scope of its own delayed, though others have the same function', async () => {
        const scale = (x) => x * factor;
        const [twice, thrice, once] = [2, 3, 1].map((factor) => delayed(scale, { scope: { factor } }));
        expect(await run([twice(5), thrice(5), once(5), twice(6)])).toEqual([10, 15, 5, 12]);
      });

      test('has its own copy of what is in scope', async () => {
        const list = [1];
        const push = delayed(() => { list.push(2); return list.length; }, { scope: { list } });
        expect(await run(push())).toBe(2);
        expect(list).toEqual([1]);
      });

      test('names what a function in its scope needs', async () => {
        const helper = (x) => x + outside;
        const error = await rejection(run(delayed((x) => helper(x), { scope: { helper } })(1)));
        expect(error).toBeInstanceOf(FunctionError);
        expect(error.message).toMatch(/`helper` uses `outside`/);
      });

      test('cannot have a value in scope that cannot travel', async () => {
        class Point {}
        const point = new Point();
        const error = await rejection(run(delayed(() => point, { scope: { point } })()));
        expect(error).toBeInstanceOf(FunctionError);
        expect(error.message).toMatch(/'point'.*an instance of Point/s);
      });

      test.each([
        ['a built-in constructor', Map, 'built in and has to be called with new'], ['a built-in method', ''.trim, '(text) => text.trim()'], ['bound', inc.bind(null), 'bind'], ['a class', class Thing {}, 'is a class'],
      ])('is refused when it is %s', async (_, fn, words) => {
        const error = await rejection(run(delayed(fn)()));
        expect(error).toBeInstanceOf(FunctionError);
        expect(error.message).toContain(words);
      });
    });

  if (threads) {
    describe('a worker that ends', () => {
      test('by itself in a task is a WorkerLostError after two attempts, and another takes its place', async () => {
        const exit = delayed(function exit(file) {
          note(file, 'tried');
          globalThis.process.reallyExit(3);
        }, { scope: { note } });
        const error = await rejection(run([exit(book.file), inc(1)]));
        expect(error).toBeInstanceOf(WorkerLostError);
        expect(error).toMatchObject({ name: 'WorkerLostError', code: 'WORKER_LOST', task: { name: 'exit' } });
        expect(error.message).toMatch(/'exit-\d+'.*2 times.*code 3/);
        expect(book.lines()).toEqual(['tried', 'tried']);
      });

      test('once is made good: its tasks run again elsewhere', async () => {
        const unlucky = delayed(function unlucky(file, x) {
          const fs = globalThis.process.getBuiltinModule('node:fs');
          const first = fs.readFileSync(file, 'utf8') === '';
          fs.appendFileSync(file, 'tried\n');
          if (first) globalThis.process.reallyExit(1);
          return x;
        });
        expect(await run(Array.from({ length: 10 }, (_, i) => inc(unlucky(book.file, i))))).toEqual(Array.from({ length: 10 }, (_, i) => i + 1));
        expect(book.lines().length).toBeGreaterThanOrEqual(11);
      });

      test('while it has asynchronous tasks open: they run again too', async () => {
        const open = delayed(function open(file, x) {
          const fs = globalThis.process.getBuiltinModule('node:fs');
          const dying = fs.readFileSync(file, 'utf8') === '';
          fs.appendFileSync(file, 'tried\n');
          if (dying) setTimeout(() => globalThis.process.reallyExit(1), 5);
          return new Promise((resolve) => setTimeout(() => resolve(x), dying ? 60_000 : 1));
        });
        expect(await run([1, 2, 3, 4].map((x) => open(book.file, x)))).toEqual([1, 2, 3, 4]);
      });

      test('many times over leaves a whole pool', async () => {
        const exit = delayed(() => globalThis.process.reallyExit(0));
        for (let i = 0; i < 3; i++) expect(await rejection(run([exit(), exit(), exit()]))).toBeInstanceOf(WorkerLostError);
        const meeting = delayed(meet);
        const both = Array.from({ length: 2 }, () => meeting(book.file, 2));
        expect(await run(both, { workers: 2 })).toEqual([true, true]);
      });
    });

    describe('what a task leaves behind', () => {
      test('a rejection that nobody handles is its failure', async () => {
        const careless = delayed(function careless(x) { Promise.reject(new RangeError(`left behind by ${x}`)); return x; });
        const error = await rejection(run([inc(1), careless('it')]));
        expect(error).toBeInstanceOf(RangeError);
        expect(error).toMatchObject({ message: 'left behind by it', task: { name: 'careless' } });
        await works();
      });

      test('a rejection that comes while it waits is its failure too', async () => {
        const careless = delayed(async function careless() {
          queueMicrotask(() => Promise.reject(new RangeError('left behind')));
          await new Promise((resolve) => setTimeout(resolve, 5));
          return 1;
        });
        expect(await rejection(run([careless()]))).toMatchObject({ message: 'left behind', task: { name: 'careless' } });
        await works();
      });

      test('an error in a timer or a microtask disturbs no one', async () => {
        const careless = delayed(() => {
          const { console } = globalThis;
          console.error = () => {}; // the worker's, which reports it
          setTimeout(() => { throw new Error('later'); }, 0);
          queueMicrotask(() => { throw new Error('soon'); });
          return 1;
        });
        const patient = delayed((x) => new Promise((resolve) => setTimeout(() => resolve(x), 5)));
        expect(await run([careless(), careless(), patient(1), patient(2)])).toEqual([1, 1, 1, 2]);
        await works();
      });

      test('closing itself, or sending messages, is not offered', async () => {
        await rejection(run(delayed(() => globalThis.close())()));
        await works();
      });
    });
  }
});

describe('a worker that ends while nothing runs', () => {
  test.each([[1], [2]])('is replaced by the next computation (%d workers)', async (workers) => {
    const runtime = await Runtime.start({ workers });
    try {
      const exitLater = delayed((file) => {
        setTimeout(() => { globalThis.process.getBuiltinModule('node:fs').appendFileSync(file, 'gone\n'); globalThis.process.reallyExit(0); }, 1);
      });
      for (let round = 0; round < 3; round++) {
        const before = book.lines().length;
        await compute(exitLater(book.file), { runtime });
        while (book.lines().length === before || runtime.workers === workers) await new Promise((resume) => setTimeout(resume, 1));
        expect(await compute([inc(1), inc(2), inc(3)], { runtime })).toEqual([2, 3, 4]);
        expect(runtime.workers).toBe(workers);
      }
    } finally {
      await runtime.close();
    }
  });
});

describe('a task that never comes to its end', () => {
  const forever = delayed((file) => {
    globalThis.process.getBuiltinModule('node:fs').appendFileSync(file, 'looping\n');
    for (;;);
  });
  const never = delayed(() => new Promise(() => {}));

  test.each([
    ['a loop', (file) => [forever(file), forever(file)]],
    ['a promise that never settles', () => [never()]],
    ['a sleep of an hour', () => [delayed(() => sleep(3600))()]],
    ['all of them', (file) => [never(), forever(file), never(), forever(file)]],
  ])('%s: aborting rejects, and the pool is usable again', async (_, tasks) => {
    const runtime = await Runtime.start({ workers: 2 });
    try {
      const controller = new AbortController();
      const stuck = compute([inc(1), ...tasks(book.file)], { runtime, signal: controller.signal, onProgress: () => controller.abort() });
      expect(await rejection(stuck)).toBeInstanceOf(CancelledError);
      expect(await compute([add(inc(1), inc(2)), inc(3)], { runtime })).toEqual([5, 4]);
      const meeting = delayed(meet), both = [meeting(book.file, book.lines().length + 2), meeting(book.file, book.lines().length + 2)];
      expect(await compute(both, { runtime })).toEqual([true, true]);
    } finally {
      await runtime.close();
    }
  });

  test('with sync: aborting rejects while a promise is pending', async () => {
    const controller = new AbortController();
    const stuck = compute(never(), { scheduler: 'sync', signal: controller.signal });
    setTimeout(() => controller.abort('enough'));
    const error = await rejection(stuck);
    expect(error).toBeInstanceOf(CancelledError);
    expect(error.cause).toBe('enough');
  });
});

describe('a heap that is too small', () => {
  let runtime;
  beforeAll(async () => (runtime = await Runtime.start({ workers: 2, memory: '16MB' })));
  afterAll(() => runtime.close());
  const small = async () => expect(await compute([add(inc(1), inc(2)), [inc(3)]], { runtime })).toEqual([5, [4]]);
  afterEach(small);

  test.each([
    ['a typed array', () => new Uint8Array(64 * 1024 * 1024)], ['a string', () => 'x'.repeat(64 * 1024 * 1024)],
    ['a list', () => new Array(1_500_000).fill('some text of thirty letters yes')],
  ])('for a result is an OutOfMemoryError that names the task: %s', async (_, make) => {
    const big = delayed(make, { name: 'big' })();
    const error = await rejection(compute(delayed((value) => value.length)(big), { runtime, optimize: { fuse: false } }));
    expect(error).toBeInstanceOf(OutOfMemoryError);
    expect(error).toMatchObject({ name: 'OutOfMemoryError', code: 'OUT_OF_MEMORY', task: { key: big.key, name: 'big' } });
    expect(error.message).toContain(`the result of '${big.key}'`);
    expect(error.message).toContain('memory');
  });

  test('has room for a fused chain, whose values never enter it', async () => {
    const big = delayed(() => new Uint8Array(64 * 1024 * 1024))();
    expect(await compute(delayed((value) => value.length)(big), { runtime })).toBe(64 * 1024 * 1024);
  });

  test.each([
    ['by itself', (array) => array, 64 * 1024 * 1024], ['within an array', (array) => [array], 16 * 1024 * 1024],
  ])('for an argument is an OutOfMemoryError that names the task: %s', async (_, place, size) => {
    const task = delayed((value) => value.length, { name: 'takes' })(place(new Uint8Array(size)));
    const error = await rejection(compute(task, { runtime }));
    expect(error).toBeInstanceOf(OutOfMemoryError);
    expect(error).toMatchObject({ task: { key: task.key, name: 'takes' } });
    expect(error.message).toContain(`an argument of '${task.key}'`);
  });

  test('for a graph is an OutOfMemoryError', async () => {
    const many = Array.from({ length: 400_000 }, (_, i) => inc(i));
    const error = await rejection(compute(many, { runtime }));
    expect(error).toBeInstanceOf(OutOfMemoryError);
  });

  test('for many results at once is an OutOfMemoryError; one after the other they have room', async () => {
    const make = delayed((i) => new Uint8Array(1024 * 1024).fill(i));
    const last = delayed((array) => array[0]);
    const first = delayed((...arrays) => arrays.length);
    const arrays = Array.from({ length: 40 }, (_, i) => make(i));
    expect(await rejection(compute(first(...arrays), { runtime }))).toBeInstanceOf(OutOfMemoryError);
    expect(await compute(arrays.map((array) => last(array)), { runtime })).toEqual(arrays.map((_, i) => i));
  });

  test('leaves nothing behind: live bytes are what they were', async () => {
    await small();
    const { live } = runtime.memory;
    for (let i = 0; i < 5; i++) {
      await rejection(compute(delayed(() => new Uint8Array(64 * 1024 * 1024))(), { runtime }));
      await rejection(compute(inc(new Uint8Array(64 * 1024 * 1024)), { runtime }));
      await rejection(compute([inc('text'), inc(Symbol('no'))], { runtime }));
      /* A failure is told at once, though others of its run may just be coming to their end. */
      for (const until = Date.now() + 5000; runtime.memory.live !== live && Date.now() < until; ) await new Promise((resume) => setTimeout(resume, 1));
      expect(runtime.memory.live).toBe(live);
    }
  });

  test('has an OutOfMemoryError also with computeSync', () => {
    const big = delayed(() => new Uint8Array(3 * 1024 ** 3))();
    expect(() => computeSync(big, { scheduler: 'threads' })).toThrow(expect.objectContaining({ task: expect.anything() }));
    expect(computeSync(inc(1), { scheduler: 'threads' })).toBe(2);
  });

  test.each([
    ['15MB'], [1024], [0], [-1], [NaN], [Infinity], ['5GB'], ['64 MiB'], ['lots'], [''], [null], [{}],
  ])('%p is no memory for it: OptionError', async (memory) => {
    const error = await rejection(Runtime.start({ memory }));
    expect(error).toBeInstanceOf(OptionError);
    expect(error).toMatchObject({ option: 'memory' });
  });
});
