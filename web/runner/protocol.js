/**
 * What the page and a program say to each other, and nothing else: the page talks to the frame that hosts
 * the program (`ToFrame`, `FromFrame`) and, by a port of its own, to the program (`ToProgram`,
 * `FromProgram`). A program is somebody else's code and may send anything: `check` lets through what is
 * well formed, of a sane size, and nothing else.
 */

/**
 * @typedef {import('heddle/host').HostSources} HostSources
 * @typedef {import('heddle').WatchMessage} WatchMessage
 *
 * The first message; its two ports go to the frame and to the program.
 * @typedef {{ type: 'host', sources: HostSources }} HostMessage
 * @typedef {HostMessage | { type: 'flush' }} ToFrame
 *
 * The program can be told to run; what tasks printed before `flush` has been sent; it cannot go on.
 * @typedef {{ type: 'hosted', threads: boolean, reason?: string } | { type: 'flushed' } | { type: 'fatal', message: string } | PrintMessage} FromFrame
 *
 * @typedef {{ type: 'run', source: string, scheduler: 'sync' | 'threads', workers: number }} ToProgram
 *
 * @typedef {'debug' | 'log' | 'info' | 'warn' | 'error'} Level
 * @typedef {{ type: 'print', lines: { level: Level, text: string, worker?: number, name?: string }[], skipped: number }} PrintMessage
 * by the program, or, with the worker's number and its function's name, by a task; and how many lines before them were too many
 *
 * @typedef {object} ProgramError
 * @property {string} name
 * @property {string} message
 * @property {number} [line] of the program, from 1
 * @property {number} [column] from 1
 * @property {{ key: string, name: string, worker: number }} [task] whose error it is
 *
 * The program has come to its end.
 * @typedef {{ type: 'finished', ms: number, result?: string, error?: ProgramError }} FinishedMessage
 *
 * @typedef {WatchMessage | PrintMessage | FinishedMessage} FromProgram
 */

/** Texts are cut at this length, in characters; what is beyond the others is refused. */
export const TEXT_MAX = 20_000;
export const NAME_MAX = 1000;
const TASKS_MAX = 1_000_000, EDGES_MAX = 10_000_000, NAMES_MAX = 100_000, WORKERS_MAX = 256, LINES_MAX = 1000;
/** The group of a task that is not run. */
const NOT_RUN = 0xffffffff;

const isText = (/** @type {unknown} */ value, max = TEXT_MAX) => typeof value === 'string' && value.length <= max;
const isCount = (/** @type {unknown} */ value, max = Number.MAX_SAFE_INTEGER) =>
  Number.isInteger(value) && /** @type {number} */ (value) >= 0 && /** @type {number} */ (value) <= max;
const isTime = (/** @type {unknown} */ value) => typeof value === 'number' && value >= 0 && value < 1e12;
const orNothing = (/** @type {unknown} */ value, /** @type {(value: any) => boolean} */ is) => value === undefined || is(value);
/** @param {unknown} value @param {any} Class @param {number} [length] */
const isArray = (value, Class, length) => value instanceof Class && (length === undefined || /** @type {any} */ (value).length === length);
/** @param {unknown} value @param {number} max */
const isTexts = (value, max) => Array.isArray(value) && value.length <= max && value.every((text) => isText(text, NAME_MAX));
/** @param {Uint32Array | Uint16Array | Uint8Array} words @param {number} below */
function allBelow(words, below) {
  for (let at = 0; at < words.length; at++) if (words[at] >= below) return false;
  return true;
}

/** @param {any} graph */
function isGraph(graph) {
  return isCount(graph?.count, TASKS_MAX) && isTexts(graph.names, NAMES_MAX) && isTexts(graph.keys, NAMES_MAX) &&
    (graph.keys.length === 0 || graph.keys.length === graph.count) &&
    isArray(graph.nameOf, Uint32Array, graph.count) && allBelow(graph.nameOf, graph.names.length) &&
    isArray(graph.offsets, Uint32Array, graph.count + 1) && isArray(graph.inputs, Uint32Array) && graph.inputs.length <= EDGES_MAX &&
    graph.offsets[0] === 0 && graph.offsets[graph.count] === graph.inputs.length &&
    graph.offsets.every((/** @type {number} */ offset, /** @type {number} */ at) => at === 0 || offset >= graph.offsets[at - 1]) &&
    allBelow(graph.inputs, graph.count) && isArray(graph.outputs, Uint32Array) && allBelow(graph.outputs, graph.count) &&
    orNothing(graph.groups, (groups) => isArray(groups, Uint32Array, graph.count) &&
      groups.every((/** @type {number} */ first) => first < graph.count || first === NOT_RUN));
}

/** @param {any} error */
function isError(error) {
  return isText(error?.name) && isText(error.message) && orNothing(error.line, isCount) && orNothing(error.column, isCount) &&
    orNothing(error.task, ({ key, name, worker }) => isText(key) && isText(name) && isCount(worker));
}

/** By type: whether a message is one. @type {Record<string, (message: any, graphs: Map<number, number>) => boolean>} */
const forms = {
  begin: ({ run, scheduler, workers, graph }) => isCount(run) && (scheduler === 'sync' || scheduler === 'threads') &&
    isCount(workers, WORKERS_MAX) && isGraph(graph),
  batch: ({ run, atMs, states, startMs, elapsedMs, worker }, graphs) => {
    const count = graphs.get(run);
    return count !== undefined && isTime(atMs) && isArray(states, Uint8Array, count) && allBelow(states, 7) &&
      isArray(startMs, Float64Array, count) && isArray(elapsedMs, Float32Array, count) && isArray(worker, Uint16Array, count) && allBelow(worker, WORKERS_MAX);
  },
  end: ({ run, atMs, outcome }, graphs) => graphs.has(run) && isTime(atMs) && ['done', 'failed', 'cancelled'].includes(outcome),
  print: ({ lines, skipped }) => Array.isArray(lines) && lines.length <= LINES_MAX && isCount(skipped) && lines.every(({ level, text, worker, name }) =>
    ['debug', 'log', 'info', 'warn', 'error'].includes(level) && isText(text) && orNothing(worker, isCount) && orNothing(name, (said) => isText(said, NAME_MAX))),
  finished: ({ ms, result, error }) => isTime(ms) && orNothing(result, isText) && orNothing(error, isError),
  hosted: ({ threads, reason }) => typeof threads === 'boolean' && orNothing(reason, isText),
  flushed: () => true,
  fatal: ({ message }) => isText(message),
};

/**
 * @param {unknown} message as it arrived
 * @param {Map<number, number>} graphs how many tasks the runs that have begun and not ended have; kept here
 * @returns {any} the message, or undefined if it is none
 */
export function check(message, graphs) {
  const type = /** @type {any} */ (message)?.type;
  if (typeof type !== 'string' || !Object.hasOwn(forms, type)) return undefined;
  try {
    if (!forms[type](message, graphs)) return undefined;
  } catch {
    return undefined; /* a part is missing */
  }
  const { run, graph } = /** @type {any} */ (message);
  if (type === 'begin') graphs.set(run, graph.count);
  if (type === 'end') graphs.delete(run);
  return message;
}
