/**
 * What runs in the program's thread: takes the program's text from the page, runs it as an async function
 * with `heddle` in reach, and tells what it printed, what its computations do, and how it ended.
 */
import * as heddle from 'heddle';
import { cut, inspectAll, inspectValue, textOf } from './inspect.js';
import { Printer } from './printer.js';
import { PROGRAM_FILE, framesOf, placeIn, placeInProgram, placeOfTask } from './places.js';
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

/** @type {Map<string, Map<string, { source: string, scope: string[] }>>} By the tasks' name, then by the
 * function's source, which several tasks may share. */
const sources = new Map();

/** Every task sees these, so scopes do not carry them. @type {Set<unknown>} */
const OFFERED = new Set([heddle.sleep, heddle.spin]);

/** What programs import: `delayed` remembers where its function stands. */
const exported = { ...heddle, delayed: (/** @type {any} */ fn, /** @type {any} */ options) => {
  const made = heddle.delayed(fn, options);
  const name = options?.name ?? (fn.name || 'task');
  const scope = Object.values(options?.scope ?? {}).filter((value) => typeof value === 'function' && !OFFERED.has(value)).map(String);
  if (!sources.has(name)) sources.set(name, new Map());
  sources.get(name)?.set(String(fn), { source: String(fn), scope });
  return made;
} };

/**
 * @param {any} thrown @param {string} text @param {import('./source.js').Program | undefined} program
 * @returns {Promise<import('./protocol.js').ProgramError>}
 */
async function describe(thrown, text, program) {
  if (!(thrown instanceof Error)) return { name: 'Error', message: cut(`the program threw ${inspectValue(thrown)}`) };
  /** @type {import('./protocol.js').ProgramError} */
  const described = { name: textOf(() => thrown.name) || 'Error', message: textOf(() => thrown.message) };
  if (thrown instanceof ProgramSyntaxError) return Object.assign(described, { line: thrown.line, column: thrown.column });
  const before = await linesBefore;
  try {
    const { task } = /** @type {any} */ (thrown), stack = framesOf(thrown);
    let place;
    if (task) {
      described.task = { key: textOf(() => task.key), name: textOf(() => task.name), worker: Number.isSafeInteger(task.worker) && task.worker >= 0 ? task.worker : 0 };
      const inTask = placeIn(stack, `heddle:${encodeURIComponent(task.name)}`);
      /* Of several functions of one name, the one that it fits; none, if it fits several. */
      const fits = inTask ? [...sources.get(task.name)?.values() ?? []].map((made) => placeOfTask(inTask, before - 1, made, text)).filter(Boolean) : [];
      if (fits.length === 1) place = fits[0];
      else if (inTask) return described;
    }
    const inProgram = placeIn(stack, PROGRAM_FILE);
    place ??= inProgram && program && placeInProgram(inProgram, before, program);
    return Object.assign(described, place);
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

heddle.watch((message) => {
  printer.flush();
  if (message.type === 'batch') tell(message, [message.states.buffer, message.startMs.buffer, message.elapsedMs.buffer, message.worker.buffer]);
  else tell(message);
});

port.onmessage = async ({ data: { source, scheduler, workers } }) => {
  heddle.config.scheduler = scheduler;
  heddle.config.workers = workers;
  heddle.config.strict = true;
  let program;
  /** @type {Partial<import('./protocol.js').FinishedMessage>} */
  let outcome = {};
  const start = performance.now();
  let ms;
  try {
    program = rewrite(source, exported);
    const result = await asFunction(program.parameters, program.body)(...program.values);
    ms = performance.now() - start;
    if (result !== undefined) outcome = { result: inspectValue(result) };
  } catch (error) {
    ms = performance.now() - start;
    outcome = { error: await describe(error, source, program) };
  }
  printer.flush();
  tell({ type: 'finished', ms, ...outcome });
};
