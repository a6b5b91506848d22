// What a script sees of the process around it: it ends by itself, neither late nor early, and nothing
// global is changed.
import { describe, expect, test } from '@jest/globals';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../..', import.meta.url));

/** Runs a program in the repository's root, where 'heddle' is the package itself. */
function run(source, { type = 'module', flags = [] } = {}) {
  const { status, signal, stdout, stderr } = spawnSync(process.execPath, [...flags, `--input-type=${type}`, '-e', source],
    { cwd: root, encoding: 'utf8', timeout: 30_000 });
  return { status, signal, stdout, stderr };
}

const start = `import { asCompleted, compute, computeSync, delayed, Runtime, info } from 'heddle';
const inc = delayed((x) => x + 1), add = delayed((x, y) => x + y);
`;

describe('a script ends by itself', () => {
  test.each([
    ['after compute on threads', "console.log(await add(inc(1), inc(2)).compute());"],
    ['after compute with sync', "console.log(await add(inc(1), inc(2)).compute({ scheduler: 'sync' }));"],
    ['after computeSync on threads', "console.log(add(inc(1), inc(2)).computeSync());"],
    ['with a Runtime that was never closed', "const runtime = await Runtime.start({ workers: 3 }); console.log(await add(inc(1), inc(2)).compute({ runtime }));"],
    ['not before a computation that nobody awaits is done', "add(delayed(async (x) => { await new Promise((go) => setTimeout(go, 300)); return x; })(2), inc(2)).compute().then((five) => console.log(five));"],
    ['after a stuck computation was cancelled', "await delayed(() => { for (;;); })().compute({ signal: AbortSignal.timeout(50) }).catch(() => console.log(5));"],
    ['after a computation that failed', "await delayed(() => { throw new Error('no'); })().compute().catch(() => console.log(5));"],
    ['after one whose other tasks are stuck failed', "await compute([delayed(() => { for (;;); })(), delayed(() => { sleep(0.05); throw new Error('no'); })()], { workers: 2 }).catch(() => console.log(5));"],
    ['after a stuck task was timed out', "await delayed(() => { for (;;); }, { timeoutMs: 50 })().compute().catch(() => console.log(5));"],
    ['after one that loops after an await was timed out', "await delayed(async () => { await null; for (;;); }, { timeoutMs: 50 })().compute().catch(() => console.log(5));"],
    ['after one that awaits without a pause was cancelled', "await delayed(async () => { for (;;) await null; })().compute({ signal: AbortSignal.timeout(50) }).catch(() => console.log(5));"],
    ['after a worker was lost', "await delayed(() => globalThis.process.reallyExit(1))().compute().catch(() => console.log(5));"],
    ['after a loop over asCompleted was left early', "for await (const [, value] of asCompleted([add(inc(1), inc(2)), delayed(() => new Promise(() => {}))(), delayed(() => sleep(1))()])) { console.log(value); break; }"],
    ['with results that were persisted and never released', "const kept = await inc(3).persist(); console.log(await inc(kept).compute());"],
    ['after a Runtime was closed under a stuck computation', "const runtime = await Runtime.start({ workers: 1 }); const stuck = delayed(() => { for (;;); })().compute({ runtime }).catch(() => console.log(5)); setTimeout(() => runtime.close(), 50); await stuck;"],
    ['after computeSync failed', "try { delayed(() => { throw new Error('no'); })().computeSync(); } catch { console.log(5); }"],
    ['after computeSync was timed out', "try { delayed(() => { for (;;); }, { timeoutMs: 50 })().computeSync(); } catch { console.log(5); }"],
    ['after a promise that never settles was cancelled', "await delayed(() => new Promise(() => {}))().compute({ signal: AbortSignal.timeout(50) }).catch(() => console.log(5));"],
  ])('%s', (_, source) => {
    expect(run(start + source)).toEqual({ status: 0, signal: null, stdout: '5\n', stderr: '' });
  });

  test('with 1 and the message of its task when that fails', () => {
    const { status, stderr } = run(`${start} await delayed(function divide() { throw new RangeError('by zero'); })().compute();`);
    expect(status).toBe(1);
    expect(stderr).toMatch(/RangeError: by zero/);
    expect(stderr).toMatch(/key: 'divide-1'/);
  });
});

test.each([
  ['compute on threads', 'await inc(1).compute();'],
  ['a Runtime that was closed', 'const runtime = await Runtime.start({ workers: 2 }); await inc(1).compute({ runtime }); await runtime.close();'],
  ['computeSync on threads', 'inc(1).computeSync();'],
  ['a computation that failed', 'await delayed(() => { throw 1; })().compute().catch(() => {});'],
  ['a worker that ended', 'await delayed(() => globalThis.process.reallyExit(1))().compute().catch(() => {});'],
])('a script ends soon after %s', (_, source) => {
  const { status, stdout } = run(`${start} ${source} const over = Date.now(); process.on('exit', () => console.log(Date.now() - over));`);
  expect(status).toBe(0);
  expect(Number(stdout)).toBeLessThan(5000); // measured: 0 to 250 ms
});

test('computations that end badly leave no handles, and JavaScript no memory', () => {
  const { status, stdout, stderr } = run(`${start}
    const settle = async () => { for (let i = 0; i < 5; i++) { await new Promise((go) => setTimeout(go, 20)); gc(); } return process.memoryUsage().heapUsed; };
    const resources = () => process.getActiveResourcesInfo().sort().join();
    await (await Runtime.start({ workers: 1 })).close(); // what Node itself starts with the first
    await settle();
    const before = resources();
    const runtime = await Runtime.start({ workers: 2 });
    const exit = delayed(() => globalThis.process.reallyExit(1)), bad = delayed(() => { throw new Error('no'); }), never = delayed(() => new Promise(() => {}));
    const round = async () => {
      for (let i = 0; i < 15; i++) {
        await exit().compute({ runtime }).catch(() => {});
        await bad().compute({ runtime }).catch(() => {});
        await never().compute({ runtime, signal: AbortSignal.timeout(1) }).catch(() => {});
      }
      return settle();
    };
    const first = await round();
    await round();
    const third = await round();
    await runtime.close();
    await settle();
    console.log(before === resources(), third - first < 3e6 || third - first);`, { flags: ['--expose-gc'] });
  expect({ status, stdout, stderr }).toEqual({ status: 0, stdout: 'true true\n', stderr: '' });
});

describe('a script that throws', () => {
  test('while tasks run ends at once, with 1 and its message', () => {
    const { status, stderr } = run(`${start} const slow = delayed((x) => { sleep(0.05); return x; });
      compute(Array.from({ length: 10_000 }, (_, x) => slow(x)), { workers: 2 }); throw new Error('mine');`);
    expect(status).toBe(1);
    expect(stderr).toMatch(/Error: mine/);
  });

  test('because a function needs something from outside says what, and what to do', () => {
    const { status, stderr } = run(`${start} const outside = 1; await delayed(function scale(x) { return x * outside; })(1).compute();`);
    expect(status).toBe(1);
    expect(stderr).toMatch(/FunctionError: `scale` uses `outside` \(line 1\).*scope: \{ outside \}/s);
  });
});

test('where workers cannot start, compute says so, and does not try for ever', () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'heddle-crash-'));
  try {
    const crash = path.join(folder, 'crash.cjs');
    writeFileSync(crash, "if (!require('node:worker_threads').isMainThread) throw new Error('no threads today');");
    const { status, stdout } = run(`${start} for (let i = 0; i < 2; i++)
      await inc(1).compute({ scheduler: 'threads' }).catch((error) => console.log(error.code, error.message));
      console.log(await inc(1).compute({ scheduler: 'sync' }));`, { flags: ['--require', crash] });
    expect(status).toBe(0);
    expect(stdout).toMatch(/^(WORKER_LOST .*no threads today\n){2}2\n$/);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test.each(["'threads'", "'sync', strict: true"])('a rejection that a task leaves behind is its failure and does not end the process: scheduler %s', (scheduler) => {
  const { status, stdout } = run(`${start} const careless = delayed(function careless() {
      Promise.reject(new Error('left behind'));
      return new Promise((resolve) => setTimeout(() => resolve(5), 20));
    });
    await careless().compute({ scheduler: ${scheduler} }).catch((error) => console.log(error.message, error.task.name));
    console.log(await inc(1).compute({ scheduler: ${scheduler} }));`);
  expect({ status, stdout }).toEqual({ status: 0, stdout: 'left behind careless\n2\n' });
});

test('what is thrown in a timer that a task leaves behind is reported and does not end the process', () => {
  const { status, stdout, stderr } = run(`${start} const careless = delayed(() => {
      setTimeout(() => { throw new Error('left behind'); });
      return new Promise((resolve) => setTimeout(() => resolve(5), 20));
    });
    console.log(await careless().compute());`);
  expect({ status, stdout }).toEqual({ status: 0, stdout: '5\n' });
  expect(stderr).toContain('left behind');
});

test('CommonJS can import it', () => {
  expect(run("import('heddle').then(async ({ delayed }) => console.log(await delayed((x) => x * 2)(21).compute()));", { type: 'commonjs' }))
    .toMatchObject({ status: 0, stdout: '42\n', stderr: '' });
});

test('globals and listeners of the process are as before', () => {
  const { status, stdout } = run(`
    const names = Object.getOwnPropertyNames(globalThis).sort().join(), worker = globalThis.Worker;
    const events = ['uncaughtException', 'unhandledRejection', 'exit', 'SIGINT', 'warning'];
    const listeners = () => events.map((event) => process.listenerCount(event)).join();
    const before = listeners();
    const { delayed } = await import('heddle');
    await delayed((x) => x)(1).compute({ workers: 2 });
    console.log(names === Object.getOwnPropertyNames(globalThis).sort().join(), worker === globalThis.Worker, before === listeners());`);
  expect({ status, stdout }).toEqual({ status: 0, stdout: 'true true true\n' });
});

test.each(["compute", "computeSync"])('all that tasks print comes out before the results, labelled, and in order for each of them: %s', (compute) => {
  const { stdout } = run(`${start}
    const say = (x) => { console.log('first', x); console.log('second', x); return x; };
    const all = Array.from({ length: 50 }, (_, x) => delayed(say, { key: 'say ' + x })(x));
    await ${compute}(all, { workers: 2, scheduler: 'threads' });
    console.log('done');`);
  const lines = stdout.split('\n').filter(Boolean);
  expect(lines.at(-1)).toBe('done');
  expect(lines).toHaveLength(101);
  for (let x = 0; x < 50; x++)
    expect(lines.filter((line) => line.startsWith(`[say ${x}] `))).toEqual([`[say ${x}] first ${x}`, `[say ${x}] second ${x}`]);
});
