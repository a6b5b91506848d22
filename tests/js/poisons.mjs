/**
 * Poison: tasks that go wrong in each way that we could think of, and what is to come of them. `poison.test.mjs` gives
 * each to both schedulers; those that would disturb its own process it has run by this file as a program:
 * `node tests/js/poisons.mjs NUMBER` computes that poison with `sync` and `strict`, and says what came of it.
 */
import { compute, delayed } from 'heddle';
import { setMaxListeners } from 'node:events';
import { fileURLToPath } from 'node:url';

/** The pool that is to be usable afterwards is the default one, whose heap is this small. */
export const MEMORY = '64MB';

/**
 * @typedef {object} Poison
 * @property {string} name
 * @property {() => any} make a node
 * @property {object} [options] of `compute`
 * @property {number} [abortMs] when its signal is aborted
 * @property {any} [gives] what it gives, or
 * @property {{ name: string, code?: string, message?: RegExp }} [throws] what the computation throws
 * @property {boolean} [threadsOnly] in its own thread nothing can end it, or it is its own thread that it harms
 * @property {boolean} [child] with `sync` it disturbs the process around it
 * @property {Partial<Poison>} [strict] what is otherwise with `sync` and `strict`
 */

const failed = { name: 'TaskError', code: 'TASK_FAILED' };
const unsendable = { name: 'ValueError', code: 'VALUE' };
const timedOut = { name: 'TimeoutError', code: 'TIMED_OUT' };
const cancelled = { name: 'CancelledError', code: 'CANCELLED' };
const refused = { name: 'UnsupportedError', code: 'UNSUPPORTED' };
const lost = { name: 'WorkerLostError', code: 'WORKER_LOST' };
const noRoom = { name: 'OutOfMemoryError', code: 'OUT_OF_MEMORY' };
const misused = { name: 'OptionError', code: 'OPTION' };

/** A poison whose task has this body. */
const body = (name, fn, expected, options = {}) => ({ name, make: () => delayed(fn, { name: 'poison', ...options })(), ...expected });

const thrown = [
  body('throws an error', () => { throw new RangeError('bad'); }, { throws: { name: 'RangeError', message: /^bad$/ } }),
  body('rejects with an error', async () => { await null; throw new RangeError('bad'); }, { throws: { name: 'RangeError', message: /^bad$/ } }),
  body('throws undefined', () => { throw undefined; }, { throws: failed }),
  body('throws null', () => { throw null; }, { throws: failed }),
  body('throws a text', () => { throw 'text'; }, { throws: { ...failed, message: /threw text$/ } }),
  body('throws a symbol', () => { throw Symbol('why'); }, { throws: failed }),
  body('throws a Proxy whose traps throw', () => {
    throw new Proxy({}, new Proxy({}, { get: () => () => { throw new Error('a trap'); } }));
  }, { throws: { ...failed, message: /cannot be shown/ } }),
  body('throws a revoked Proxy', () => {
    const { proxy, revoke } = Proxy.revocable(new Error('gone'), {});
    revoke();
    throw proxy;
  }, { throws: { ...failed, message: /cannot be shown/ } }),
  body('throws an object whose getters and toString throw', () => {
    throw { get value() { throw new Error('a getter'); }, toString() { throw new Error('toString'); } };
  }, { throws: failed }),
  body('throws an error whose message throws', () => {
    throw Object.defineProperty(new Error('bad'), 'message', { get() { throw new Error('a getter'); } });
  }, { throws: { name: 'Error' }, strict: { throws: { name: 'Error', message: null } } }),
  body('throws an error whose stack throws', () => {
    throw Object.defineProperty(new Error('bad'), 'stack', { get() { throw new Error('a getter'); } });
  }, { throws: { name: 'Error', message: /^bad$/ } }),
  body('throws an error whose name throws', () => {
    throw Object.defineProperty(new RangeError('bad'), 'name', { get() { throw new Error('a getter'); } });
  }, { throws: { message: /^bad$/ }, strict: { throws: { message: /^bad$/ } } }),
  body('throws a frozen error', () => { throw Object.freeze(new RangeError('bad')); }, { throws: { name: 'RangeError', message: /bad/ }, strict: { throws: failed } }),
  body('throws an error that is its own cause', () => {
    const error = new Error('bad');
    error.cause = new Error('its cause', { cause: error });
    throw error;
  }, { throws: { name: 'Error', message: /^bad$/ } }),
  body('throws an error of many causes', () => {
    let error = new Error('first');
    for (let i = 0; i < 20_000; i++) error = new Error('next', { cause: error });
    throw error;
  }, { throws: { name: 'Error', message: /^next$/ } }),
  body('throws an error with a huge message', () => { throw new Error('x'.repeat(2 ** 23)); }, { throws: { name: 'Error', message: /^xxx/ } }),
  body('rejects with undefined', () => Promise.reject(undefined), { throws: failed }),
  body('fails as often as it may be tried', () => { throw new RangeError('again'); }, { throws: { name: 'RangeError' }, options: { retries: 3 } }),
  body('runs out of stack', () => { const down = (x) => down(x + 1) + 1; return down(0); }, { throws: { name: 'RangeError', message: /stack/ } }),
  body('runs out of stack after an await', async () => { await null; const down = (x) => down(x + 1) + 1; return down(0); }, { throws: { name: 'RangeError', message: /stack/ } }),
  body('does not even parse', () => new Function('}')(), { throws: { name: 'SyntaxError' } }),
];

const results = [
  body('gives an object with a getter that throws', () => ({ inner: { get value() { throw new Error('a getter'); } } }), { throws: { ...unsendable, message: /inner\.value/ } }),
  body('gives a function', () => () => 1, { throws: unsendable }),
  body('gives a symbol', () => [Symbol('x')], { throws: unsendable }),
  body('gives an instance of a class', () => new (class Point { x = 1; })(), { throws: unsendable }),
  body('gives a promise in an object', () => ({ later: Promise.resolve(1) }), { throws: unsendable }),
  body('gives a rejected promise in an object', () => {
    const later = Promise.reject(new Error('left behind'));
    later.catch(() => {});
    return { later };
  }, { throws: unsendable }),
  body('gives a WeakMap', () => new WeakMap(), { throws: unsendable }),
  body('gives a generator', () => (function* () { yield 1; })(), { throws: unsendable }),
  body('is a generator itself', function* () { yield 1; }, { throws: { name: 'FunctionError' } }),
  body('gives an asynchronous generator', () => (async function* () { yield 1; })(), { throws: unsendable }),
  body('gives a Proxy whose traps throw', () => new Proxy({}, new Proxy({}, { get: (_, name) => (name === 'get' ? undefined : () => { throw new Error('a trap'); }) })), { throws: { name: 'Error', message: /a trap/ } }),
  body('gives a Proxy of which nothing can be read', () => new Proxy({}, { get() { throw new Error('a trap'); } }), { throws: { name: 'Error', message: /a trap/ } }),
  body('gives a value nested too deeply', () => { let list = []; for (let i = 0; i < 200_000; i++) list = [list]; return list; }, { throws: { ...unsendable, message: /nested/ } }),
  body('gives more than the heap holds', () => new Uint8Array(100 * 2 ** 20), { throws: noRoom, threadsOnly: true }),
  body('gives more text than the heap holds', () => 'x'.repeat(2 ** 27), { throws: noRoom, threadsOnly: true }),
  body('gives a detached buffer', () => { const { buffer } = new Uint8Array(8); structuredClone(buffer, { transfer: [buffer] }); return buffer; }, { throws: unsendable }),
  body('changes its argument', (list = [1, 2]) => { list.length = 0; return list; }, { gives: [] }),
];

const promises = [
  body('gives a thenable whose then throws', () => ({ then() { throw new RangeError('then'); } }), { throws: { name: 'RangeError', message: /^then$/ } }),
  body('gives a thenable of which then cannot be read', () => ({ get then() { throw new RangeError('then'); } }), { throws: { name: 'RangeError', message: /^then$/ } }),
  body('gives a thenable that settles twice', () => ({ then(resolve, reject) { resolve(1); resolve(2); reject(new Error('late')); } }), { gives: 1 }),
  body('gives a thenable that throws after it has settled', () => ({ then(resolve) { resolve(1); throw new Error('late'); } }), { gives: 1 }),
  body('gives a thenable that gives itself', () => { const again = { then: (resolve) => setTimeout(() => resolve(again)) }; return again; }, { throws: timedOut, threadsOnly: true }, { timeoutMs: 60 }),
  body('gives a promise that never settles, and has a limit', () => new Promise(() => {}), { throws: timedOut }, { timeoutMs: 30 }),
  body('gives a promise that never settles, and is cancelled', () => new Promise(() => {}), { throws: cancelled, abortMs: 30 }),
  body('loops for ever, and has a limit', () => { for (;;); }, { throws: timedOut, threadsOnly: true }, { timeoutMs: 50 }),
  body('loops for ever, and is cancelled', () => { for (;;); }, { throws: cancelled, abortMs: 30, threadsOnly: true }),
  body('loops for ever after an await, and has a limit', async () => { await null; for (;;); }, { throws: timedOut, threadsOnly: true }, { timeoutMs: 50 }),
  body('loops for ever after an await, and is cancelled', async () => { await null; for (;;); }, { throws: cancelled, abortMs: 30, threadsOnly: true }),
  body('awaits for ever without a pause, and has a limit', async () => { for (;;) await null; }, { throws: timedOut, threadsOnly: true }, { timeoutMs: 50 }),
  body('awaits for ever without a pause, and is cancelled', async () => { for (;;) await null; }, { throws: cancelled, abortMs: 30, threadsOnly: true }),
  body('chains promises for ever, and is cancelled', () => { const next = () => Promise.resolve().then(next); return next(); }, { throws: cancelled, abortMs: 30, threadsOnly: true }),
  body('leaves a loop behind in a microtask', () => { queueMicrotask(() => { for (const end = Date.now() + 100; Date.now() < end; ); }); return 1; }, { gives: 1 }),
  body('leaves a rejection behind', () => { Promise.reject(new RangeError('left behind')); return 1; }, { throws: { name: 'RangeError', message: /left behind/ }, child: true }),
  body('leaves a rejection behind while it waits', async () => {
    setTimeout(() => Promise.reject(new RangeError('left behind')));
    await new Promise((resolve) => setTimeout(resolve, 50));
    return 1;
  }, { throws: { name: 'RangeError', message: /left behind/ }, threadsOnly: true }),
  body('leaves a timer behind that throws', () => { setTimeout(() => { throw new Error('left behind'); }); return 1; }, { gives: 1, threadsOnly: true }),
];

const processes = [
  body('calls process.exit', () => globalThis.process.exit(3), { throws: { ...refused, message: /process\.exit\(3\)/ }, child: true }),
  body('calls process.exit after an await', async () => { await null; globalThis.process.exit(3); }, { throws: refused, threadsOnly: true }),
  body('calls process.abort', () => globalThis.process.abort(), { throws: { ...refused, message: /process\.abort/ }, child: true }),
  body('kills its own process', () => globalThis.process.kill(globalThis.process.pid), { throws: { ...refused, message: /process\.kill/ }, child: true }),
  body('calls process.reallyExit', () => globalThis.process.reallyExit(3), { throws: lost, strict: { throws: refused }, child: true }),
  body('calls process.reallyExit after an await', async () => { await null; globalThis.process.reallyExit(3); }, { throws: lost, threadsOnly: true }),
  body('ends its thread in a timer', () => new Promise(() => setTimeout(() => globalThis.process.reallyExit(3))), { throws: lost, threadsOnly: true }),
  body('takes all listeners of its process away', () => { globalThis.process.removeAllListeners(); return 1; }, { gives: 1, threadsOnly: true }),
  body('calls close', () => globalThis.close?.() ?? 1, { gives: 1, threadsOnly: true }),
  body('sends messages', () => {
    const { parentPort } = globalThis.process.getBuiltinModule('node:worker_threads');
    parentPort.postMessage(null);
  }, { throws: { ...refused, message: /postMessage/ }, threadsOnly: true }),
  body('sends messages by the name that browsers have', () => globalThis.postMessage?.('text'), { throws: { ...refused, message: /postMessage/ }, threadsOnly: true }),
  body('closes the port of its thread', () => { globalThis.process.getBuiltinModule('node:worker_threads').parentPort.close(); return 1; }, { gives: 1, threadsOnly: true }),
];

/** A poison that changes what all code of its thread uses, and then does its work, and another that awaits. */
const patch = (name, change) => [
  { name, make: () => delayed(new Function(`${change}; return { list: [1] };`), { name: 'poison' })(), gives: { list: [1] }, threadsOnly: true },
  { name: `${name}, and awaits`, threadsOnly: true, gives: { list: [1] },
    make: () => delayed(new Function(`return (async () => { await null; ${change}; await null; return { list: [1] }; })()`), { name: 'poison' })() },
];
const THROWS = "() => { throw new Error('patched'); }";

const patches = [
  ...['Array.prototype.map', 'Array.prototype.push', 'Array.prototype.slice', 'Array.prototype[Symbol.iterator]', 'Promise.prototype.then', 'Promise.resolve',
    'Object.getPrototypeOf', 'Object.keys', 'Object.hasOwn', 'Function.prototype.call', 'Map.prototype.get', 'Set.prototype.has', 'JSON.stringify', 'Atomics.wait',
    'Atomics.waitAsync', 'Uint8Array.prototype.set', 'Object.getPrototypeOf(Uint8Array.prototype).subarray', 'TextEncoder.prototype.encode', 'RegExp.prototype.exec',
    'String.prototype.replace', 'Math.floor', 'Performance.prototype.now', 'Date.now', 'console.log', 'EventTarget.prototype.dispatchEvent', 'globalThis.process.nextTick',
  ].flatMap((name) => patch(`replaces ${name}`, `${name} = ${THROWS}`)),
  ...['Uint32Array', 'Uint8Array', 'Float64Array', 'Int32Array', 'Atomics', 'Math', 'JSON', 'Array', 'Object', 'Map', 'Set', 'Promise', 'Error', 'performance', 'setTimeout',
    'clearTimeout', 'setImmediate', 'queueMicrotask', 'TextDecoder', 'AbortController', 'SharedArrayBuffer', 'console', 'process', 'Buffer', 'WebAssembly', 'Symbol',
  ].flatMap((name) => [...patch(`replaces ${name}`, `globalThis.${name} = undefined`), ...patch(`deletes ${name}`, `delete globalThis.${name}`)]),
  ...patch('gives all objects toJSON', "Object.prototype.toJSON = () => 'patched'"),
  ...patch('gives all objects then', 'Object.prototype.then = () => {}').slice(0, 1), /* the other would await for ever */
  ...patch('gives all objects a getter', "Object.prototype.get = () => 'patched'"),
  ...patch('gives texts toJSON', "String.prototype.toJSON = () => 'patched'"),
  ...patch('freezes prototypes', 'for (const { prototype } of [Object, Array, Function, Promise, Error, Map]) Object.freeze(prototype)')
    .map((poison) => ({ ...poison, gives: undefined, throws: lost })), /* which nobody can undo: workers are replaced */
];

const others = [
  body('prints 10,000 lines', () => { for (let i = 0; i < 10_000; i++) console.log(i); return 1; }, { gives: 1 }),
  body('prints an object that cannot be shown', () => {
    console.log({ [Symbol.for('nodejs.util.inspect.custom')]() { throw new RangeError('inspect'); } });
    return 1;
  }, { throws: { name: 'RangeError', message: /inspect/ }, child: true }),
  body('prints a huge text', () => { console.log('x'.repeat(2 ** 24)); return 1; }, { gives: 1 }),
  body('says that it is NaN far', (ctx) => ctx.progress(NaN), { throws: misused }, { ctx: true }),
  body('says that it is 2 far', (ctx) => ctx.progress(2), { throws: misused }, { ctx: true }),
  body('wants an array of -1 elements', (ctx) => ctx.empty(Uint8Array, -1), { throws: misused }, { ctx: true }),
  body('wants an array of no class', (ctx) => ctx.empty({}, 1), { throws: misused }, { ctx: true }),
  body('wants an array that is too large for the heap', (ctx) => ctx.empty(Uint8Array, 2 ** 30), { throws: noRoom, threadsOnly: true }, { ctx: true }),
  body('wants an array that is too large for any heap', (ctx) => ctx.empty(Float64Array, 2 ** 31), { throws: noRoom, threadsOnly: true }, { ctx: true }),
  body('wants an array larger than numbers go', (ctx) => ctx.empty(Float64Array, Number.MAX_SAFE_INTEGER), { throws: noRoom, threadsOnly: true }, { ctx: true }),
  body('uses its context after its end', (ctx) => {
    setTimeout(() => { ctx.progress(0.5); ctx.signal.aborted; ctx.key; try { ctx.empty(Uint8Array, 1); } catch {} });
    return 1;
  }, { gives: 1 }, { ctx: true }),
  body('listens to its signal, and throws there', (ctx) => {
    ctx.signal.addEventListener('abort', () => { throw new Error('a listener'); });
    return new Promise(() => {});
  }, { throws: cancelled, abortMs: 30, threadsOnly: true }, { ctx: true }),
];

/** @type {Poison[]} */
export const poisons = [...thrown, ...results, ...promises, ...processes, ...patches, ...others];

/** Computes a poison: what it gave or threw, as far as is expected. @param {Poison} poison @param {object} options */
export async function outcomeOf({ make, options, abortMs }, more) {
  const controller = new AbortController();
  if (abortMs) setTimeout(() => controller.abort(), abortMs);
  try {
    return { gave: await compute(make(), { ...options, ...more, signal: abortMs ? controller.signal : undefined }) };
  } catch (error) {
    const read = (name) => {
      try {
        return error[name];
      } catch {
        return undefined;
      }
    };
    return { threw: { name: read('name'), code: read('code'), message: read('message'), key: read('task')?.key } };
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  setMaxListeners(0);
  const inc = delayed((x) => x + 1), options = { scheduler: 'sync', strict: true };
  console.log(JSON.stringify({ ...(await outcomeOf(poisons[process.argv[2]], options)), next: await compute([inc(1), inc(inc(1))], options) }));
}
