/**
 * When each task was ready, ended and released. The record of a run has when each began and how long it took; the
 * rest follows from the rules of a run, so a trace needs no other clock reading: a task is ready when its last
 * input is done, and a result is released when its last reader has ended.
 */
import { SLICE, finish } from './slices.js';
import { AGAIN, CANCELLED, DONE, ERRED, FAILED, LOST, NOT_RUN, READY, RELEASED, RUNNING, WAITING } from './states.js';

/** Beginnings are told to 0.25 µs and durations to 7 digits: an end that seems to be after what needs it began by no more is not. */
const ROUNDING_MS = 0.001;

/**
 * @typedef {object} Times milliseconds since the run began, by task; Infinity: not so far
 * @property {Float64Array} readyMs
 * @property {Float64Array} endMs done, erred or cancelled
 * @property {Float64Array} releasedMs
 * @property {Map<number, { startMs: number, endMs: number, lost: boolean, again: boolean }[]>} tries earlier attempts, of the tasks that had any
 *
 * @typedef {object} Recorded
 * @property {import('../watch.js').WatchedGraph} graph
 * @property {Uint8Array} states the newest
 * @property {Float64Array} startMs
 * @property {Float32Array} elapsedMs
 * @property {import('./events.js').EventColumns} events
 * @property {number} endMs when the run ended; Infinity: it goes on
 */

/**
 * @param {Recorded} recorded
 * @param {import('./structure.js').Structure} structure
 * @returns {Times}
 */
export function timesOf(recorded, structure) {
  return finish(timesInSlices(recorded, structure));
}

/** @param {Recorded} recorded @param {import('./structure.js').Structure} structure @returns {Generator<void, Times, void>} */
export function* timesInSlices(recorded, structure) {
  const { graph, states, startMs } = recorded, { count, offsets, inputs } = graph;
  const readyMs = new Float64Array(count).fill(Infinity), endMs = new Float64Array(count).fill(Infinity);
  const tries = triesOf(recorded), { order } = structure;
  for (let place = 0; place < order.length; place++) {
    if (place % SLICE === SLICE - 1) yield;
    const task = order[place];
    if (graph.groups?.[task] === NOT_RUN && states[task] === WAITING) continue;
    let ready = 0, over = 0;
    for (let at = offsets[task]; at < offsets[task + 1]; at++) {
      const input = inputs[at], state = states[input], late = endMs[input] - startMs[task];
      if (late > 0 && late < ROUNDING_MS) endMs[input] = Math.max(startMs[input], startMs[task]);
      ready = Math.max(ready, state === DONE || state === RELEASED ? endMs[input] : Infinity);
      over = Math.max(over, endMs[input]);
    }
    const first = tries.get(task)?.[0]?.startMs ?? startMs[task];
    readyMs[task] = first < ready ? first : ready; /* a task that runs with each reader has the times of one */
    endMs[task] = endOf(recorded, task, readyMs[task], over);
  }
  return { readyMs, endMs, releasedMs: yield* releasesOf(recorded, structure, endMs), tries };
}

/** @param {Recorded} recorded @param {number} task @param {number} ready @param {number} over when its inputs had all ended */
function endOf({ states, startMs, elapsedMs, endMs }, task, ready, over) {
  const state = states[task], start = startMs[task];
  if (state === DONE || state === RELEASED || state === ERRED) return start >= 0 ? start + elapsedMs[task] : ready;
  if (state !== CANCELLED) return Infinity;
  if (elapsedMs[task] > 0) return start + elapsedMs[task];
  return start >= 0 ? endMs : Math.min(over, endMs); /* it was skipped once its inputs had ended, or the run stopped */
}

/** @param {Recorded} recorded @param {import('./structure.js').Structure} structure @param {Float64Array} endMs @returns {Generator<void, Float64Array, void>} */
function* releasesOf({ graph, states }, { order, dependentOffsets, dependents }, endMs) {
  const { count, groups } = graph, releasedMs = new Float64Array(count).fill(Infinity);
  const groupEnds = new Map(); /* of groups of several tasks, which release what they took when all of them is done */
  for (let place = 0; groups && place < order.length; place++) {
    if (place % SLICE === SLICE - 1) yield;
    const task = order[place], first = groups[task];
    if (first !== task && first !== NOT_RUN) groupEnds.set(first, Math.max(groupEnds.get(first) ?? endMs[first], endMs[task]));
  }
  for (let task = 0; task < count; task++) {
    if (task % SLICE === SLICE - 1) yield;
    if (states[task] !== RELEASED) continue;
    let last = endMs[task];
    for (let at = dependentOffsets[task]; at < dependentOffsets[task + 1]; at++) {
      const dependent = dependents[at], group = groups?.[dependent] ?? dependent;
      const end = group === (groups?.[task] ?? task) ? endMs[dependent] : groupEnds.get(group) ?? endMs[dependent];
      if (end < Infinity) last = Math.max(last, end);
    }
    releasedMs[task] = last;
  }
  return releasedMs;
}

/** @param {Recorded} recorded */
function triesOf({ events, startMs }) {
  /** @type {Times['tries']} */
  const tries = new Map();
  events.kind.forEach((kind, at) => {
    const task = events.task[at], start = events.startMs[at];
    if ((kind !== FAILED && kind !== LOST && kind !== AGAIN) || start === startMs[task]) return; /* that is the one in the record */
    const list = tries.get(task) ?? [];
    if (!list.length) tries.set(task, list);
    list.push({ startMs: start, endMs: start + events.elapsedMs[at], lost: kind === LOST, again: kind === AGAIN });
  });
  for (const list of tries.values()) list.sort((a, b) => a.startMs - b.startMs);
  return tries;
}

/**
 * The state of every task at a moment, and how many there are of each.
 * @param {Pick<Recorded, 'states' | 'startMs'>} recorded @param {Times} times @param {number} atMs
 * @param {Uint8Array} into one for each task
 * @param {Uint32Array} counts by state; set
 */
export function statesAt({ states, startMs }, { readyMs, endMs, releasedMs, tries }, atMs, into, counts) {
  counts.fill(0);
  for (let task = 0; task < into.length; task++) {
    let state = WAITING;
    if (atMs >= endMs[task]) {
      state = states[task];
      if (state === RELEASED && atMs < releasedMs[task]) state = DONE;
    } else if (atMs >= readyMs[task]) state = atMs >= startMs[task] ? RUNNING : READY; /* NaN: it has not begun */
    into[task] = state;
    counts[state]++;
  }
  for (const [task, list] of tries)
    for (const { startMs: start, endMs: end } of list) {
      if (atMs < start || atMs >= end || into[task] >= RUNNING) continue;
      counts[into[task]]--;
      counts[RUNNING]++;
      into[task] = RUNNING;
    }
}
