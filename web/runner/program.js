/**
 * What runs in the program's thread: takes the program's text from the page, runs it as an async function
 * with `heddle` in reach, and tells what it printed, what its computations do, and how it ended.
 */
import * as heddle from 'heddle';
import { cut, inspectAll, inspectValue, textOf } from './inspect.js';
import { Printer } from './printer.js';
import { PROGRAM_FILE, framesOf, placeIn, placeInProgram } from './places.js';
import { turn } from './protocol.js';
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

/** @param {import('./source.js').Program} program */
async function start(program) {
  /* The package shows where in this text tasks fail. */
  /** @type {any} */ (globalThis)[Symbol.for('heddle.attachment')].texts = new Map([[PROGRAM_FILE, '\n'.repeat(await linesBefore) + program.body]]);
  return asFunction(program.parameters, program.body)(...program.values);
}

/**
 * @param {any} thrown @param {import('./source.js').Program | undefined} program
 * @returns {Promise<import('./protocol.js').ProgramError>}
 */
async function describe(thrown, program) {
  if (!(thrown instanceof Error)) return { name: 'Error', message: cut(`the program threw ${inspectValue(thrown)}`) };
  /** @type {import('./protocol.js').ProgramError} */
  const described = { name: textOf(() => thrown.name) || 'Error', message: textOf(() => thrown.message) };
  if (thrown instanceof ProgramSyntaxError) return Object.assign(described, { line: thrown.line, column: thrown.column });
  const before = await linesBefore;
  try {
    const { task } = /** @type {any} */ (thrown);
    if (task) described.task = { key: textOf(() => task.key), name: textOf(() => task.name), worker: Number.isSafeInteger(task.worker) && task.worker >= 0 ? task.worker : 0 };
    const inProgram = placeIn(framesOf(thrown), PROGRAM_FILE);
    return Object.assign(described, inProgram && program && placeInProgram(inProgram, before, program));
  } catch {
    return described; /* an error that is not what it seems */
  }
}

const printer = new Printer(tell);
for (const level of /** @type {const} */ (['debug', 'log', 'info', 'warn', 'error'])) {
  const before = console[level];
  console[level] = (...values) => {
    before.apply(console, values);
    printer.print({ level, text: inspectAll(values) });
  };
}
addEventListener('unhandledrejection', (event) => {
  event.preventDefault();
  console.error('a promise was rejected, and nobody waited for it:', event.reason);
});

addEventListener('error', (event) => {
  event.preventDefault();
  console.error('an error that nobody caught:', event.error ?? event.message);
});

/** After a failure what its computation did last is waited for so long, in milliseconds. */
const LAST_NEWS_MS = 500;
/** The computations that have begun and not ended. @type {Set<number>} */
const running = new Set();
let lastEnded = () => {};

/** compute() fails at once, and only then comes which task failed: whoever looks at the run would never see it. */
const lastNews = () => new Promise((resolve) => {
  lastEnded = () => resolve(undefined);
  if (running.size) setTimeout(lastEnded, LAST_NEWS_MS);
  else lastEnded();
});

heddle.watch((message) => {
  printer.flush();
  if (message.type === 'begin') running.add(message.run);
  if (message.type === 'batch') tell(message, [message.tasks, message.states, message.startMs, message.elapsedMs, message.worker, message.attempts, message.bytes].map(({ buffer }) => buffer));
  else tell(message);
  if (message.type === 'end' && running.delete(message.run) && !running.size) lastEnded();
});

/** Without a gate that the frame turns there is one here, which this thread must come back to its loop to see turned. */
const own = heddle.config.gate ? undefined : (heddle.config.gate = new heddle.Gate());

port.onmessage = async ({ data }) => {
  if (data.type === 'gate') {
    if (own) turn(own, data);
    return;
  }
  const { source, scheduler, workers } = data;
  heddle.config.scheduler = scheduler;
  heddle.config.workers = workers;
  heddle.config.strict = true;
  let program;
  /** @type {Partial<import('./protocol.js').FinishedMessage>} */
  let outcome = {};
  const from = performance.now();
  let ms;
  try {
    program = rewrite(source, heddle);
    const result = await start(program);
    ms = performance.now() - from;
    if (result !== undefined) outcome = { result: inspectValue(result) };
  } catch (error) {
    ms = performance.now() - from;
    outcome = { error: await describe(error, program) };
    await lastNews();
  }
  printer.flush();
  tell({ type: 'finished', ms, ...outcome });
};
