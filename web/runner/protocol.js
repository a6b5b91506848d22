/**
 * What the page and a program say to each other, and nothing else: the page talks to the frame that hosts
 * the program (`ToFrame`, `FromFrame`) and, by a port of its own, to the program (`ToProgram`,
 * `FromProgram`). A program is somebody else's code and may send anything: `check` lets through what is
 * well formed, of a sane size, and nothing else.
 */
import { isCount, isTime, isTraceMessage, orNothing } from 'heddle/trace';

/**
 * @typedef {import('heddle/host').HostSources} HostSources
 * @typedef {import('heddle').WatchMessage} WatchMessage
 *
 * The first message; its two ports go to the frame and to the program.
 * @typedef {{ type: 'host', sources: HostSources }} HostMessage
 * @typedef {HostMessage | { type: 'flush' } | GateMessage} ToFrame
 *
 * The program can be told to run; what tasks printed before `flush` has been sent; it cannot go on.
 * @typedef {{ type: 'hosted', threads: boolean, reason?: string } | { type: 'flushed' } | { type: 'fatal', message: string } | PrintMessage} FromFrame
 *
 * What holds back tasks that are ready, in words of the package's Gate; `count`: tasks, or tasks a second.
 * @typedef {{ type: 'gate', how: 'pause' | 'resume' | 'step' | 'rate' | 'tokens', count: number }} GateMessage
 *
 * @typedef {{ type: 'run', source: string, scheduler: 'sync' | 'threads', workers: number } | GateMessage} ToProgram
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
const LINES_MAX = 1000;

const isText = (/** @type {unknown} */ value, max = TEXT_MAX) => typeof value === 'string' && value.length <= max;

/** Turns a gate as the page asks. @param {import('heddle').Gate | undefined} gate @param {GateMessage} message */
export function turn(gate, { how, count }) {
  if (how === 'pause') gate?.pause();
  else if (how === 'resume') gate?.resume();
  else if (how === 'step') gate?.step(count);
  else if (how === 'rate') gate?.setRate(count);
  else gate?.setTokens(count);
}

/** @param {any} error */
function isError(error) {
  return isText(error?.name) && isText(error.message) && orNothing(error.line, isCount) && orNothing(error.column, isCount) &&
    orNothing(error.task, ({ key, name, worker }) => isText(key) && isText(name) && isCount(worker));
}

/** By type: whether a message is one. @type {Record<string, (message: any) => boolean>} */
const forms = {
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
  if (type === 'begin' || type === 'batch' || type === 'end') return isTraceMessage(message, graphs) ? message : undefined;
  if (typeof type !== 'string' || !Object.hasOwn(forms, type)) return undefined;
  try {
    return forms[type](message) ? message : undefined;
  } catch {
    return undefined; /* a part is missing */
  }
}
