/**
 * What runs in the program's thread: takes the program's text from the page, runs it as an async function
 * with `heddle` in reach, and tells what it printed, what its computations do, and how it ended.
 */
import * as heddle from 'heddle';
import { inspectAll, inspectValue } from './inspect.js';
import { TEXT_MAX } from './protocol.js';
import { PROGRAM_FILE, placeIn, placeInProgram, placeOfTask } from './places.js';
import { ProgramSyntaxError, rewrite } from './source.js';

/** @type {MessagePort} */
const port = /** @type {any} */ (globalThis)[Symbol.for('heddle.port')];
/** @type {new (...parts: string[]) => (...values: unknown[]) => Promise<unknown>} */
const AsyncFunction = Object.getPrototypeOf(async () => {}).constructor;

/** @param {import('./protocol.js').FromProgram} message @param {Transferable[]} [transfer] */
const tell = (message, transfer = []) => port.postMessage(message, transfer);

/** @param {string[]} parameters @param {string} body */
const asFunction = (parameters, body) => new AsyncFunction(...parameters, `"use strict";\n${body}\n//# sourceURL=${PROGRAM_FILE}`);

/** Lines of a function's script before its body's first, which engines count differently; here the first
 * is the directive's. @type {Promise<number>} */
const linesBefore = asFunction([], 'throw new Error()')().then(() => 0, (error) => (placeIn(error.stack, PROGRAM_FILE)?.line ?? 1) - 1);

/** @type {Map<string, string>} The source of each task's function, by the task's name. */
const sources = new Map();

/** What programs import: `delayed` remembers where its function stands. */
const exported = { ...heddle, delayed: (/** @type {any} */ fn, /** @type {any} */ options) => {
  if (typeof fn === 'function') sources.set(options?.name ?? (fn.name || 'task'), String(fn));
  return heddle.delayed(fn, options);
} };

/**
 * @param {any} thrown @param {string} text @param {import('./source.js').Program | undefined} program
 * @returns {Promise<import('./protocol.js').ProgramError>}
 */
async function describe(thrown, text, program) {
  const cut = (/** @type {unknown} */ text) => String(text).slice(0, TEXT_MAX);
  if (!(thrown instanceof Error)) return { name: 'Error', message: cut(`the program threw ${inspectValue(thrown)}`) };
  /** @type {import('./protocol.js').ProgramError} */
  const described = { name: cut(thrown.name), message: cut(thrown.message) };
  if (thrown instanceof ProgramSyntaxError) return Object.assign(described, { line: thrown.line, column: thrown.column });
  const { task } = /** @type {any} */ (thrown);
  if (task) {
    described.task = { key: cut(task.key), name: cut(task.name), worker: Number(task.worker) || 0 };
    const place = placeIn(thrown.stack, `heddle:${encodeURIComponent(task.name)}`), source = sources.get(task.name);
    const inText = place && source && placeOfTask(place, await linesBefore - 1, source, text);
    if (inText) return Object.assign(described, inText);
  }
  const place = placeIn(thrown.stack, PROGRAM_FILE);
  return place && program ? Object.assign(described, placeInProgram(place, await linesBefore, program)) : described;
}

for (const level of /** @type {const} */ (['debug', 'log', 'info', 'warn', 'error'])) {
  const before = console[level];
  console[level] = (...values) => {
    before.apply(console, values);
    tell({ type: 'print', level, text: inspectAll(values) });
  };
}
addEventListener('unhandledrejection', (event) => {
  event.preventDefault();
  console.error('a promise was rejected, and nobody waited for it:', event.reason);
});

heddle.watch((message) => {
  if (message.type === 'batch') tell(message, [message.states.buffer, message.startMs.buffer, message.elapsedMs.buffer, message.worker.buffer]);
  else tell(message);
});

port.onmessage = async ({ data: { source, scheduler, workers } }) => {
  heddle.config.scheduler = scheduler;
  heddle.config.workers = workers;
  heddle.config.strict = true;
  let program;
  const start = performance.now();
  try {
    program = rewrite(source, exported);
    const result = await asFunction(program.parameters, program.body)(...program.values);
    tell({ type: 'finished', ms: performance.now() - start, ...(result === undefined ? {} : { result: inspectValue(result) }) });
  } catch (error) {
    tell({ type: 'finished', ms: performance.now() - start, error: await describe(error, source, program) });
  }
};
