// What a script sees of the process around it: it ends by itself, neither late nor early, and nothing
// global is changed.
import { describe, expect, test } from '@jest/globals';
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../..', import.meta.url));

/** Runs a program in the repository's root, where 'heddle' is the package itself. */
function run(source, { type = 'module' } = {}) {
  const { status, signal, stdout, stderr } = spawnSync(process.execPath, [`--input-type=${type}`, '-e', source],
    { cwd: root, encoding: 'utf8', timeout: 30_000 });
  return { status, signal, stdout, stderr };
}

const start = `import { compute, computeSync, delayed, Runtime, info } from 'heddle';
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

test('all that tasks print comes out before the script ends', () => {
  const { stdout } = run(`${start} const say = delayed((x) => { console.log('task', x); return x; });
    await compute(Array.from({ length: 100 }, (_, x) => say(x)), { workers: 2 });`);
  expect(stdout.split('\n').filter(Boolean).sort()).toEqual(Array.from({ length: 100 }, (_, x) => `task ${x}`).sort());
});
