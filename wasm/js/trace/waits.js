/** Why a task did not begin sooner. */
import { countedNoun, timed } from './quantities.js';
import { ERRED, CANCELLED, HELD, NOT_RUN, WAITING } from './states.js';

/**
 * @typedef {'inputs' | 'threads' | 'budget' | 'gate' | 'start'} Why its inputs were not there; they were, but no thread was
 *   free; a thread was, but the budget of results held it back; or the gate did; or nothing did, and a thread was on its way to it
 * @typedef {{ why: Why, fromMs: number, toMs: number }} WaitPart
 * @typedef {{ parts: WaitPart[], sentence: string }} Wait
 */

/** Shorter than this is no wait, in milliseconds: from one task to the next a thread takes a moment, and is busy with that. */
const SHORT_MS = 0.1;
/** So many parts are said one by one. */
const PARTS_SAID = 4;

/** @type {Record<Why, (model: import('./model.js').TraceModel, task: number) => string>} */
const words = {
  inputs: (model, task) => `for its ${model.inputsOf(task).size === 1 ? 'input' : 'inputs'}${lastInput(model, task)}`,
  threads: (model) => (model.rows === 1 ? 'because the only thread was busy' : `because ${model.workers === 2 ? 'both threads' : `all ${countedNoun(model.workers, 'thread')}`} were busy`),
  budget: () => 'because the budget held it back: enough results were in memory',
  gate: () => 'because the gate was shut',
  start: () => 'for a thread to take it',
};

/** The input that came last, if there is a choice. @param {import('./model.js').TraceModel} model @param {number} task */
function lastInput(model, task) {
  const { endMs } = model.times, inputs = [...model.inputsOf(task)];
  const last = inputs.reduce((latest, input) => (endMs[input] > endMs[latest] ? input : latest), inputs[0]);
  if (inputs.length === 1) return `, ${model.keyOf(last)}`;
  return endMs[last] <= model.shownMs ? `; the last was ${model.keyOf(last)}` : `; ${model.keyOf(last)} is not there yet`;
}

/**
 * What a task waited for until it began first, or, if it has not, until the moment shown.
 * @param {import('./model.js').TraceModel} model
 * @param {number} task
 * @returns {Wait}
 */
export function waitOf(model, task) {
  const { record: { startMs, states }, times: { readyMs, endMs, tries } } = model;
  const began = tries.get(task)?.[0].startMs ?? startMs[task], until = Math.min(began >= 0 ? began : endMs[task], model.shownMs);
  if (model.graph.groups?.[task] === NOT_RUN && states[task] === WAITING) return { parts: [], sentence: 'No output needs it, so it does not run.' };
  /** @type {WaitPart[]} */
  const parts = [], ready = Math.min(readyMs[task], until);
  add(parts, 'inputs', 0, ready);
  if (until > ready) for (const part of heldBack(model, task, ready, until)) add(parts, part.why, part.fromMs, part.toMs);
  return { parts, sentence: sentenceOf(model, task, parts, began >= 0 && began <= model.shownMs) };
}

/** @param {WaitPart[]} parts @param {Why} why @param {number} fromMs @param {number} toMs */
function add(parts, why, fromMs, toMs) {
  const last = parts.at(-1);
  if (toMs - fromMs < SHORT_MS) {
    if (last) last.toMs = toMs;
  } else if (last?.why === why) last.toMs = toMs;
  else parts.push({ why, fromMs, toMs });
}

/** Reasons take turns: of more than a few parts the time of each reason in all. @param {WaitPart[]} parts @returns {[Why, number][]} */
function summed(parts) {
  if (parts.length <= PARTS_SAID) return parts.map(({ why, fromMs, toMs }) => [why, toMs - fromMs]);
  /** @type {Map<Why, number>} */
  const sums = new Map();
  for (const { why, fromMs, toMs } of parts) sums.set(why, (sums.get(why) ?? 0) + toMs - fromMs);
  return [...sums];
}

/** @param {import('./model.js').TraceModel} model @param {number} task @param {WaitPart[]} parts @param {boolean} began */
function sentenceOf(model, task, parts, began) {
  const state = model.stateOf(task);
  const said = summed(parts).map(([why, ms]) => `${timed(ms)} ${words[why](model, task)}`);
  if (!began && state !== ERRED && state !== CANCELLED) return said.length ? `It has waited ${said.join(', then ')}.` : 'It waits.';
  if (!said.length) return began ? 'It did not wait.' : 'It never began.';
  return `It waited ${said.join(', then ')}.${began ? '' : ' It never began.'}`;
}

/** Why a task that was ready was not taken. @param {import('./model.js').TraceModel} model @param {number} task @param {number} from @param {number} to @returns {WaitPart[]} */
function heldBack(model, task, from, to) {
  const busy = busyRows(model, task, from, to), shut = shutTimes(model, from, to);
  const moments = [...new Set([from, to, ...busy.flat().flat(), ...shut.flat()])].sort((a, b) => a - b);
  const budgeted = (model.budget.results > 0 || model.budget.bytes > 0) && model.inputsOf(task).size === 0;
  const places = busy.map(() => 0), rows = model.scheduler === 'sync' ? 1 : Math.max(1, model.workers);
  /** @type {WaitPart[]} */
  const parts = [];
  for (let at = 1; at < moments.length; at++) {
    const [fromMs, toMs] = [moments[at - 1], moments[at]];
    let count = 0;
    busy.forEach((intervals, row) => {
      while (places[row] < intervals.length && intervals[places[row]][1] <= fromMs) places[row]++;
      if (places[row] < intervals.length && intervals[places[row]][0] <= fromMs) count++;
    });
    /** @type {Why} */
    const why = shut.some(([start, end]) => start <= fromMs && toMs <= end) ? 'gate' : count >= rows ? 'threads' : budgeted ? 'budget' : 'start';
    add(parts, why, fromMs, toMs);
  }
  return parts;
}

/** When the gate was shut. @param {import('./model.js').TraceModel} model @param {number} from @param {number} to @returns {[number, number][]} */
function shutTimes({ events, heldSinceMs }, from, to) {
  /** @type {[number, number][]} */
  const shut = heldSinceMs < to ? [[Math.max(from, heldSinceMs), to]] : [];
  events.kind.forEach((kind, at) => {
    const start = Math.max(from, events.startMs[at]), end = Math.min(to, events.startMs[at] + events.elapsedMs[at]);
    if (kind === HELD && end > start) shut.push([start, end]);
  });
  return shut;
}

/** For each row when it was busy, in order, within a span. @param {import('./model.js').TraceModel} model @param {number} self
 * @param {number} from @param {number} to @returns {[number, number][][]} */
function busyRows(model, self, from, to) {
  /** @type {[number, number][][]} */
  const rows = Array.from({ length: model.rows }, () => []);
  const { record: { startMs }, times: { endMs, tries } } = model;
  const note = (/** @type {number} */ task, /** @type {number} */ start, /** @type {number} */ end) => {
    if (end > from && start < to) rows[model.rowOf(task)]?.push([Math.max(from, start), Math.min(to, end)]);
  };
  for (let task = 0; task < model.count; task++) if (task !== self && startMs[task] >= 0) note(task, startMs[task], endMs[task]);
  for (const [task, list] of tries) for (const { startMs: start, endMs: end } of list) note(task, start, end);
  return rows.map((intervals) => {
    /** @type {[number, number][]} */
    const merged = [];
    for (const [start, end] of intervals.sort((a, b) => a[0] - b[0])) {
      const last = merged.at(-1);
      if (last && start <= last[1] + SHORT_MS) last[1] = Math.max(last[1], end);
      else merged.push([start, end]);
    }
    return merged;
  });
}
