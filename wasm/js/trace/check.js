/**
 * Whether what arrived is a trace's message. Programs are somebody else's code, and files somebody else's files: what
 * passes is well formed and of a sane size, and a model can be made of it.
 */
import { NAME_MAX, NOT_RUN, NO_TASK, NO_WORKER, eventKinds, taskStates } from './states.js';
import { structureOf } from './structure.js';

export const TASKS_MAX = 4_000_000, EDGES_MAX = 40_000_000, NAMES_MAX = 100_000, WORKERS_MAX = 256;
const ANNOTATIONS_MAX = 100_000, TIME_MAX = 1e12, BATCH_EVENTS_MAX = 1_000_000;

/** @param {unknown} value @param {number} [max] */
export const isCount = (value, max = Number.MAX_SAFE_INTEGER) =>
  Number.isInteger(value) && /** @type {number} */ (value) >= 0 && /** @type {number} */ (value) <= max;
/** @param {unknown} value */
export const isTime = (value) => typeof value === 'number' && value >= 0 && value < TIME_MAX;
/** @param {unknown} value @param {(value: any) => boolean} is */
export const orNothing = (value, is) => value === undefined || is(value);
/** @param {unknown} value @param {any} Class @param {number} [length] */
const isArray = (value, Class, length) => value instanceof Class && (length === undefined || /** @type {any} */ (value).length === length);
/** @param {unknown} value @param {number} max */
const isTexts = (value, max) =>
  Array.isArray(value) && value.length <= max && value.every((text) => typeof text === 'string' && text.length <= NAME_MAX);

/** @param {Uint32Array | Uint16Array | Uint8Array} words @param {number} below @param {number} [or] this is fine, too */
function allBelow(words, below, or = -1) {
  for (let at = 0; at < words.length; at++) if (words[at] >= below && words[at] !== or) return false;
  return true;
}

/** @param {Float64Array | Float32Array} times @param {boolean} [orNaN] */
function allTimes(times, orNaN = false) {
  for (let at = 0; at < times.length; at++) {
    const time = times[at];
    if (!(time >= 0 && time < TIME_MAX) && !(orNaN && Number.isNaN(time))) return false;
  }
  return true;
}

/** @param {Uint32Array} offsets @param {number} end */
function areOffsets(offsets, end) {
  if (offsets[0] !== 0 || offsets[offsets.length - 1] !== end) return false;
  for (let at = 1; at < offsets.length; at++) if (offsets[at] < offsets[at - 1]) return false;
  return true;
}

/** What is wrong with a graph; undefined: nothing. @param {any} graph */
export function graphFault(graph) {
  if (typeof graph !== 'object' || graph === null) return 'there is no graph';
  const { count, names, nameOf, keys, offsets, inputs, outputs, groups, annotations } = graph;
  if (!isCount(count, TASKS_MAX)) return `the number of tasks is not one from 0 to ${TASKS_MAX}`;
  if (!isTexts(names, NAMES_MAX)) return `the names are not at most ${NAMES_MAX} texts of at most ${NAME_MAX} characters`;
  if (!isTexts(keys, TASKS_MAX) || (keys.length !== 0 && keys.length !== count)) return 'the keys are not one text for each task';
  if (!isArray(nameOf, Uint32Array, count) || !allBelow(nameOf, names.length)) return 'a task has a name that is not in the list';
  if (!isArray(offsets, Uint32Array, count + 1) || !isArray(inputs, Uint32Array) || inputs.length > EDGES_MAX ||
    !areOffsets(offsets, inputs.length)) return 'the offsets do not fit the inputs';
  if (!allBelow(inputs, count)) return 'a task needs one that does not exist';
  if (!isArray(outputs, Uint32Array) || outputs.length > 2 * TASKS_MAX || !allBelow(outputs, count)) return 'an output does not exist';
  if (groups !== undefined && (!isArray(groups, Uint32Array, count) || !allBelow(groups, count, NOT_RUN))) return 'a group has a first task that does not exist';
  if (!orNothing(annotations, (said) => Array.isArray(said) && said.length <= ANNOTATIONS_MAX)) return 'the annotations are not one for each task';
  if (structureOf(graph).order.length < count) return 'the graph has a cycle';
  return undefined;
}

/** @param {any} events @param {number} count */
function areEvents({ kind, task, worker, startMs, elapsedMs, lost }, count) {
  const { length } = kind;
  return isArray(kind, Uint8Array) && length <= BATCH_EVENTS_MAX && allBelow(kind, eventKinds.length) && isArray(task, Uint32Array, length) && allBelow(task, count, NO_TASK) &&
    isArray(worker, Uint16Array, length) && allBelow(worker, WORKERS_MAX, NO_WORKER) && isArray(startMs, Float64Array, length) && allTimes(startMs) &&
    isArray(elapsedMs, Float32Array, length) && allTimes(elapsedMs) && isCount(lost);
}

/** @param {any} message */
const isBegin = ({ run, scheduler, workers, startedAt, budget, graph }) =>
  isCount(run) && (scheduler === 'sync' || scheduler === 'threads') && isCount(workers, WORKERS_MAX) && orNothing(startedAt, isTime13) &&
  orNothing(budget, ({ results, bytes }) => isCount(results) && isCount(bytes)) && graphFault(graph) === undefined;
/** Milliseconds since 1970. @param {unknown} value */
const isTime13 = (value) => typeof value === 'number' && value >= 0 && value < 1e14;

/** @param {any} message @param {number} count of tasks */
const isBatch = ({ run, atMs, heldSinceMs, tasks, states, startMs, elapsedMs, worker, attempts, bytes, events }, count) => {
  const length = tasks?.length;
  return isCount(run) && isTime(atMs) && orNothing(heldSinceMs, isTime) && isArray(tasks, Uint32Array) && length <= TASKS_MAX && allBelow(tasks, count) &&
    isArray(states, Uint8Array, length) && allBelow(states, taskStates.length) && isArray(startMs, Float64Array, length) && allTimes(startMs, true) &&
    isArray(elapsedMs, Float32Array, length) && allTimes(elapsedMs) && isArray(worker, Uint16Array, length) && allBelow(worker, WORKERS_MAX) &&
    isArray(attempts, Uint8Array, length) && isArray(bytes, Float64Array, length) && allTimes(bytes) && areEvents(events, count);
};

/** @param {any} message */
const isEnd = ({ run, atMs, outcome }) => isCount(run) && isTime(atMs) && ['done', 'failed', 'cancelled'].includes(outcome);

/**
 * @param {any} message
 * @param {Map<number, number>} counts tasks of the runs that have begun and not ended; kept here
 * @returns {boolean}
 */
export function isTraceMessage(message, counts) {
  try {
    const { type, run } = message, count = counts.get(run);
    if (type === 'begin') {
      if (!isBegin(message)) return false;
      counts.set(run, message.graph.count);
      return true;
    }
    if (count === undefined) return false;
    if (type === 'batch') return isBatch(message, count);
    if (type !== 'end' || !isEnd(message)) return false;
    counts.delete(run);
    return true;
  } catch {
    return false; /* a part is missing */
  }
}
