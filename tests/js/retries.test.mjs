// Tasks that fail: tried again (retries), ended when their time is up (timeoutMs), and not in the way of others (stopOnError).
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { CancelledError, OptionError, Runtime, TimeoutError, annotate, compute, delayed, sleep } from 'heddle';
import { note, notebook, rejection, ways } from './ways.mjs';

const inc = delayed((x) => x + 1);
const add = delayed((x, y) => x + y);
const noting = delayed(note);
const waiting = ways.filter(({ waits, threads }) => !waits || threads);

let book;
beforeEach(() => (book = notebook()));
afterEach(() => book.remove());

/** Fails until it was tried so often: each try is a line. */
function fails(file, times) {
  const fs = globalThis.process.getBuiltinModule('node:fs');
  fs.appendFileSync(file, 'tried\n');
  const tries = fs.readFileSync(file, 'utf8').split('\n').length - 1;
  if (tries <= times) throw new RangeError(`try ${tries}`);
  return tries;
}
async function failsLater(file, times) {
  await null;
  const fs = globalThis.process.getBuiltinModule('node:fs');
  fs.appendFileSync(file, 'tried\n');
  const tries = fs.readFileSync(file, 'utf8').split('\n').length - 1;
  if (tries <= times) throw new RangeError(`try ${tries}`);
  return tries;
}

describe.each(ways)('$way: retries', ({ run }) => {
  test('without any a task that fails is not tried again', async () => {
    expect(await rejection(run(delayed(fails)(book.file, 1)))).toMatchObject({ message: 'try 1', task: { attempt: 1 } });
    expect(book.lines()).toHaveLength(1);
  });

  test.each([
    ['of its function', (file, times) => [delayed(fails, { retries: 2 })(file, times)]],
    ['by annotate', (file, times) => [annotate({ retries: 2 }, () => delayed(fails)(file, times))]],
    ['of compute', (file, times) => [delayed(fails)(file, times), { retries: 2 }]],
    ['by annotate, rather than of its function', (file, times) => [annotate({ retries: 2 }, () => delayed(fails, { retries: 9 })(file, times))]],
    ['of its function, rather than of compute', (file, times) => [delayed(fails, { retries: 2 })(file, times), { retries: 9 }]],
    ['by annotate, rather than of compute', (file, times) => [annotate({ retries: 2 }, () => delayed(fails)(file, times)), { retries: 9 }]],
  ])('%s: it is tried so often again, and then its last error is thrown', async (_, make) => {
    const [works, options] = make(book.file, 2);
    expect(await run(works, options)).toBe(3);
    const error = await rejection(run(...make(book.file, 99)));
    expect(error).toBeInstanceOf(RangeError);
    expect(error).toMatchObject({ message: 'try 6', task: { name: 'fails', attempt: 3 } });
    expect(book.lines()).toHaveLength(6);
  });

  test.each([
    ['a function', () => [delayed(fails, { retries: 0 })(book.file, 1), { retries: 3 }]],
    ['annotate', () => [annotate({ retries: 0 }, () => delayed(fails)(book.file, 1)), { retries: 3 }]],
    ['annotate, of a function that says 3,', () => [annotate({ retries: 0 }, () => delayed(fails, { retries: 3 })(book.file, 1))]],
  ])('0 of %s means that it is not tried again, whatever compute says', async (_, make) => {
    expect(await rejection(run(...make()))).toMatchObject({ task: { attempt: 1 } });
    expect(book.lines()).toHaveLength(1);
  });

  test('functions of one text and other retries are told apart', async () => {
    const fn = (ctx) => { if (ctx.attempt < 3) throw new Error('again'); return ctx.attempt; };
    const [often, seldom] = [3, 1].map((retries) => delayed(fn, { ctx: true, retries }));
    expect(await run(often())).toBe(3);
    expect(await rejection(run([often(), seldom()]))).toMatchObject({ task: { attempt: 2 } });
  });

  test('only the task that fails runs again: others, and its inputs, run once', async () => {
    const third = delayed((ctx, x) => { if (ctx.attempt < 3) throw new Error('again'); return x + ctx.attempt; }, { ctx: true, retries: 2 });
    const input = noting(book.file, 'input', 10);
    expect(await run([third(input), add(input, noting(book.file, 'other', 1))])).toEqual([13, 11]);
    expect(book.lines().sort()).toEqual(['input', 'other']);
  });

  test('in a chain the part that fails is tried again, with the value that it had', async () => {
    const third = delayed((ctx, list) => {
      list.push(ctx.attempt);
      if (ctx.attempt < 3) throw new Error('again');
      return list.length;
    }, { ctx: true, retries: 2 });
    const begin = delayed((x) => [x]);
    const strictly = { strict: true };
    /* Where values are encoded the chain begins again, as the part may have written to what it was given. */
    const length = await run(inc(third(begin(noting(book.file, 'head', 1)))), strictly);
    expect(length).toBe(3);
  });

  test('a value that is thrown is tried again as an error is', async () => {
    const error = await rejection(run(delayed((ctx) => { throw `text ${ctx.attempt}`; }, { ctx: true, retries: 1 })()));
    expect(error).toMatchObject({ name: 'TaskError', cause: 'text 2', task: { attempt: 2 } });
  });

  test('a result that cannot travel is tried again too, where it must', async () => {
    const node = delayed((ctx) => (ctx.attempt < 2 ? () => {} : 5), { ctx: true, retries: 1 })();
    const result = await run([node, inc(node)]).catch((error) => error);
    expect([5, 'function'].includes(typeof result[0] === 'function' ? 'function' : result[0])).toBe(true);
  });

  test.each([[-1], [1.5], ['2'], [65_536], [null]])('%p are refused', async (retries) => {
    expect(await rejection(run(inc(1), { retries }))).toMatchObject({ name: 'OptionError', option: 'retries' });
    expect(() => delayed(fails, { retries })).toThrow(OptionError);
  });
});

describe.each(waiting)('$way: tasks that wait', ({ run }) => {
  test('are tried again', async () => {
    expect(await run(delayed(failsLater, { retries: 3 })(book.file, 2))).toBe(3);
    expect(await rejection(run(delayed(failsLater)(book.file, 99), { retries: 1 }))).toMatchObject({ message: 'try 5', task: { attempt: 2 } });
  });

  test('in chains', async () => {
    const third = delayed(async (ctx, x) => { await null; if (ctx.attempt < 3) throw new Error('again'); return x * 10; }, { ctx: true, retries: 2 });
    expect(await run(inc(third(inc(third(inc(1))))))).toBe(211);
  });

  test('have so much time, each time that they are tried', async () => {
    const slow = delayed(async (ctx) => {
      if (ctx.attempt < 3) await new Promise(() => {});
      return ctx.attempt;
    }, { ctx: true, timeoutMs: 20, retries: 2, name: 'slow' });
    expect(await run(slow())).toBe(3);
    const error = await rejection(run(annotate({ retries: 1 }, () => slow())));
    expect(error).toBeInstanceOf(TimeoutError);
    expect(error).toMatchObject({ code: 'TIMED_OUT', task: { name: 'slow', attempt: 2 } });
  });
});

describe.each(ways)('$way: timeoutMs', ({ run, threads }) => {
  const busy = delayed(function busy(ms) {
    for (const until = Date.now() + ms; Date.now() < until; );
    return ms;
  }, { timeoutMs: 60 });

  test('a task that is done in time is done', async () => {
    expect(await run([busy(0), add(busy(1), 1)])).toEqual([0, 2]);
  });

  test('a task that is too slow is a TimeoutError, and others work', async () => {
    const error = await rejection(run([busy(150), inc(1)]));
    expect(error).toBeInstanceOf(TimeoutError);
    expect(error).toMatchObject({ code: 'TIMED_OUT', task: { name: 'busy', attempt: 1 } });
    expect(await run([inc(1), busy(2)])).toEqual([2, 2]);
  });

  test('annotate says how long, also for a function that says otherwise', async () => {
    expect(await rejection(run(annotate({ timeoutMs: 20 }, () => delayed((ms) => sleep(ms / 1000))(100))))).toBeInstanceOf(TimeoutError);
    expect(await run(annotate({ timeoutMs: 5000 }, () => busy(100)))).toBe(100);
  });

  test('is tried again if there are retries', async () => {
    const error = await rejection(run(busy(150), { retries: 1 }));
    expect(error).toBeInstanceOf(TimeoutError);
    expect(error.task).toMatchObject({ attempt: 2 });
  });

  test.each([[0], [-1], [NaN], [Infinity], ['5']])('%p is refused', (timeoutMs) => {
    expect(() => delayed(fails, { timeoutMs })).toThrow(OptionError);
  });

  if (threads)
    test('a loop without end is ended, and what shares its worker runs again', async () => {
      const forever = delayed(() => { for (;;); }, { timeoutMs: 50, name: 'forever' });
      const pending = delayed(async (ms) => { await new Promise((resolve) => setTimeout(resolve, ms)); return ms; });
      const error = await rejection(run([pending(5), forever(), pending(200), ...Array.from({ length: 20 }, (_, i) => inc(i))], { stopOnError: false }));
      expect(error.errors).toHaveLength(1);
      expect(error.errors[0]).toMatchObject({ name: 'TimeoutError', task: { name: 'forever' } });
      expect(error.results).toEqual([5, undefined, 200, ...Array.from({ length: 20 }, (_, i) => i + 1)]);
    });
});

test('threads: after loops that were ended the pool has all its workers', async () => {
  const runtime = await Runtime.start({ workers: 2 });
  try {
    const forever = delayed(() => { for (;;); }, { timeoutMs: 30 });
    for (let round = 0; round < 3; round++) {
      const error = await rejection(compute([forever(), forever()], { runtime, stopOnError: false }));
      expect(error.errors.map(({ name }) => name)).toEqual(['TimeoutError', 'TimeoutError']);
      expect(await compute([inc(1), inc(2)], { runtime })).toEqual([2, 3]);
      expect(runtime.workers).toBe(2);
    }
  } finally {
    await runtime.close();
  }
});

describe.each(ways)('$way: stopOnError: false', ({ run, runGet, threads, waits }) => {
  const bad = delayed(function bad(message) { throw new RangeError(message); });

  test('without an error it gives the results', async () => {
    expect(await run({ a: inc(1), b: [inc(2)] }, { stopOnError: false })).toEqual({ a: 2, b: [3] });
  });

  //   a   bad   b
  //   |  /   \  |
  //  c  d     e f      c = inc(a), d = add(a, bad), e = inc(bad), f = noting(b)
  test('all that can be done is done; what needs what failed never runs', async () => {
    const a = inc(1), failed = bad('one'), b = inc(2);
    const nodes = { c: inc(a), d: noting(book.file, 'd', [a, failed]), e: inc(noting(book.file, 'e', failed)), list: [noting(book.file, 'f', b), failed, 7] };
    const error = await rejection(run(nodes, { stopOnError: false }));
    expect(error).toBeInstanceOf(AggregateError);
    expect(error.message).toContain(failed.key);
    expect(error.errors).toHaveLength(1);
    expect(error.errors[0]).toBeInstanceOf(RangeError);
    expect(error.errors[0]).toMatchObject({ message: 'one', task: { key: failed.key, name: 'bad', attempt: 1 } });
    expect(error.results).toEqual({ c: 3, d: undefined, e: undefined, list: [3, undefined, 7] });
    expect(book.lines()).toEqual(['f']);
  });

  test('each error is there once, with its task and its line, though many need it', async () => {
    const failed = [bad('x'), bad('y'), bad('z')];
    const error = await rejection(run([...failed, ...failed.map((node) => inc(node)), inc(1)], { stopOnError: false }));
    expect(error.errors.map(({ message }) => message).sort()).toEqual(['x', 'y', 'z']);
    expect(new Set(error.errors.map(({ task }) => task.key))).toEqual(new Set(failed.map(({ key }) => key)));
    for (const { stack } of error.errors) expect(stack).toMatch(/at bad \(.*retries\.test\.mjs:\d+:\d+\)/);
    expect(error.message).toMatch(/^3 of 7 tasks failed: /);
    expect(error.results).toEqual([...Array(6).fill(undefined), 2]);
  });

  test('hundreds may fail', async () => {
    const error = await rejection(run(Array.from({ length: 400 }, (_, i) => (i % 2 ? bad(String(i)) : inc(i))), { stopOnError: false }));
    expect(error.errors).toHaveLength(200);
    expect(error.results).toEqual(Array.from({ length: 400 }, (_, i) => (i % 2 ? undefined : i + 1)));
    expect(error.message).toMatch(/and 195 more$/);
  });

  test('in chains: the parts before the one that fails are done', async () => {
    const error = await rejection(run([inc(bad(inc(noting(book.file, 'head', 1)))), inc(inc(5))], { stopOnError: false }));
    expect(error.results).toEqual([undefined, 7]);
    expect(error.errors).toHaveLength(1);
    expect(book.lines()).toEqual(['head']);
  });

  test('tasks are tried again first', async () => {
    const error = await rejection(run([delayed(fails, { retries: 2 })(book.file, 99), inc(1)], { stopOnError: false }));
    expect(error.errors[0]).toMatchObject({ message: 'try 3', task: { attempt: 3 } });
    expect(error.results).toEqual([undefined, 2]);
  });

  test('a raw graph gives them in the form of its keys', async () => {
    const error = await rejection(runGet({ x: [(x) => x + 1, 1], y: [() => { throw new Error('y'); }], z: [(x) => x, 'y'] }, ['x', ['y', 'z']], { stopOnError: false }));
    expect(error).toBeInstanceOf(AggregateError);
    expect(error.results).toEqual([2, [undefined, undefined]]);
    expect(error.errors[0]).toMatchObject({ message: 'y', task: { key: 'y' } });
  });

  test('a result that is undefined is one', async () => {
    const error = await rejection(run([delayed(() => undefined)(), bad('x')], { stopOnError: false }));
    expect(error.results).toEqual([undefined, undefined]);
    expect(error.errors).toHaveLength(1);
  });

  test('what no thread can be asked is still thrown at once', async () => {
    expect(await rejection(run(inc(1), { stopOnError: 1 }))).toMatchObject({ name: 'OptionError', option: 'stopOnError' });
  });

  if (!waits)
    test('cancelling is another thing', async () => {
      const controller = new AbortController();
      const never = delayed(() => new Promise(() => {}));
      const running = run([bad('x'), never()], { stopOnError: false, signal: controller.signal });
      running.catch(() => {});
      setTimeout(() => controller.abort(), 20);
      expect(await rejection(running)).toBeInstanceOf(CancelledError);
    });

  if (threads)
    test('a worker that is lost is an error among others', async () => {
      const ends = delayed(() => globalThis.process.reallyExit(1));
      const error = await rejection(run([ends(), inc(1), bad('x')], { stopOnError: false }));
      expect(error.errors.map(({ name }) => name).sort()).toEqual(['RangeError', 'WorkerLostError']);
      expect(error.results).toEqual([undefined, 2, undefined]);
    });
});
