/**
 * A trace as JSON in Chrome's trace event format, which Perfetto (ui.perfetto.dev) and chrome://tracing open: a row for
 * each worker, a bar for each attempt at a task, counters of what is in memory, arrows from inputs to those that need them.
 */
import { ASLEEP, DECODE, DONE, ENCODE, HELD, RELEASED, RUNNING, SLEEP, eventKinds, taskStates } from './states.js';

/** Arrows of larger graphs would cover everything. */
const ARROWS_MAX = 10_000;
/** Events of one piece of text. */
const PIECE = 1000;

/** @typedef {import('./model.js').TraceModel} TraceModel @typedef {Record<string, unknown>} Event */

/**
 * The file, in pieces of text.
 * @param {TraceModel} model
 * @returns {Generator<string, void, void>}
 * @example await writeFile('run.json', [...chromeTraceOf(model)].join(''));
 */
export function* chromeTraceOf(model) {
  yield '{"displayTimeUnit":"ms","traceEvents":[';
  /** @type {string[]} */
  let piece = [];
  let first = true;
  for (const event of eventsOf(model)) {
    piece.push(JSON.stringify(event));
    if (piece.length < PIECE) continue;
    yield `${first ? '' : ',\n'}${piece.join(',\n')}`;
    first = false;
    piece = [];
  }
  if (piece.length) yield `${first ? '' : ',\n'}${piece.join(',\n')}`;
  yield ']}\n';
}

/** @param {TraceModel} model @returns {Generator<Event, void, void>} */
function* eventsOf(model) {
  const lanes = lanesOf(model);
  yield { ph: 'M', pid: 1, name: 'process_name', args: { name: `Heddle, ${model.scheduler === 'sync' ? 'serial' : `${model.workers} workers`}` } };
  for (const [at, { row, lane }] of lanes.names.entries())
    yield { ph: 'M', pid: 1, tid: at + 1, name: 'thread_name', args: { name: `worker ${row}${lane ? ` (${lane + 1})` : ''}` } };
  yield* bars(model, lanes);
  yield* happenings(model, lanes);
  yield* counters(model);
  if (model.graph.inputs.length <= ARROWS_MAX) yield* arrows(model, lanes);
}

const us = (/** @type {number} */ ms) => Math.round(ms * 1e6) / 1e3;

/** Bars of one row must not overlap: tasks that wait at the same time get rows of their own. @param {TraceModel} model */
function lanesOf(model) {
  const { record: { startMs } } = model, begun = [];
  for (let task = 0; task < model.count; task++) if (startMs[task] >= 0) begun.push(task);
  begun.sort((a, b) => startMs[a] - startMs[b]);
  /** @type {number[][]} When each lane of a row is free again, and which number it has. */
  const free = Array.from({ length: model.rows }, () => []), numbers = Array.from({ length: model.rows }, () => /** @type {number[]} */ ([]));
  /** @type {{ row: number, lane: number }[]} */
  const names = [];
  const laneOf = new Map();
  const place = (/** @type {number} */ row, /** @type {number} */ start, /** @type {number} */ end) => {
    let lane = free[row].findIndex((until) => until <= start + 0.001);
    if (lane < 0) {
      lane = free[row].length;
      numbers[row][lane] = names.push({ row, lane });
    }
    free[row][lane] = end;
    return numbers[row][lane];
  };
  for (let row = 0; row < model.rows; row++) place(row, 0, 0);
  for (const task of begun) laneOf.set(task, place(model.rowOf(task), startMs[task], startMs[task] + durationOf(model, task)));
  return { names, laneOf, first: numbers.map(([number]) => number) };
}

/** @param {TraceModel} model @param {number} task */
function durationOf({ record: { states, startMs, elapsedMs }, atMs }, task) {
  return states[task] === RUNNING ? Math.max(0, atMs - startMs[task]) : elapsedMs[task];
}

/** @param {TraceModel} model @param {ReturnType<typeof lanesOf>} lanes @returns {Generator<Event, void, void>} */
function* bars(model, { laneOf, first }) {
  const { record: { states, startMs, attempts, bytes }, times: { tries } } = model;
  for (const [task, tid] of laneOf)
    yield { ph: 'X', pid: 1, tid, name: model.nameOf(task), cat: 'task', ts: us(startMs[task]), dur: us(durationOf(model, task)),
      args: { key: model.keyOf(task), task, state: taskStates[states[task]], ...(attempts[task] > 1 ? { attempts: attempts[task] } : {}), ...(bytes[task] ? { bytes: bytes[task] } : {}) } };
  for (const [task, list] of tries)
    for (const { startMs: start, endMs, lost } of list)
      yield { ph: 'X', pid: 1, tid: laneOf.get(task) ?? first[0], name: model.nameOf(task), cat: lost ? 'lost' : 'failed', ts: us(start), dur: us(endMs - start),
        args: { key: model.keyOf(task), task, state: lost ? 'lost' : 'failed' } };
}

/** @param {TraceModel} model @param {ReturnType<typeof lanesOf>} lanes @returns {Generator<Event, void, void>} */
function* happenings({ events }, { laneOf, first }) {
  for (let at = 0; at < events.kind.length; at++) {
    const kind = events.kind[at], ts = us(events.startMs[at]), dur = us(events.elapsedMs[at]), name = eventKinds[kind];
    if (kind === DECODE || kind === ENCODE || kind === SLEEP) {
      const tid = laneOf.get(events.task[at]);
      if (tid) yield { ph: 'X', pid: 1, tid, name, cat: name, ts, dur };
    } else if (kind === ASLEEP) yield { ph: 'i', s: 't', pid: 1, tid: first[events.worker[at]] ?? 1, name, ts: ts + dur, args: { ms: events.elapsedMs[at] } };
    else if (kind === HELD) yield { ph: 'i', s: 'g', pid: 1, tid: 1, name: 'the gate opens', ts: ts + dur, args: { ms: events.elapsedMs[at] } };
  }
}

/** @param {TraceModel} model @returns {Generator<Event, void, void>} */
function* counters({ count, record: { states, bytes }, times: { endMs, releasedMs } }) {
  /** @type {[number, number, number][]} */
  const changes = [];
  for (let task = 0; task < count; task++) {
    if (states[task] !== DONE && states[task] !== RELEASED) continue;
    changes.push([endMs[task], 1, bytes[task]]);
    if (states[task] === RELEASED) changes.push([releasedMs[task], -1, -bytes[task]]);
  }
  changes.sort((a, b) => a[0] - b[0]);
  let results = 0, held = 0;
  for (const [at, change, by] of changes) {
    results += change;
    held += by;
    yield { ph: 'C', pid: 1, name: 'results in memory', ts: us(at), args: { results } };
    if (by) yield { ph: 'C', pid: 1, name: 'bytes in memory', ts: us(at), args: { bytes: held } };
  }
}

/** @param {TraceModel} model @param {ReturnType<typeof lanesOf>} lanes @returns {Generator<Event, void, void>} */
function* arrows(model, { laneOf }) {
  const { record: { startMs }, times: { endMs } } = model;
  let id = 0;
  for (const [task, tid] of laneOf) {
    for (const input of model.inputsOf(task)) {
      const from = laneOf.get(input);
      if (!from || !(endMs[input] <= startMs[task] + 0.01)) continue;
      id++;
      /* An arrow begins within its bar: at the bar's end it would be the next one's. */
      yield { ph: 's', pid: 1, tid: from, id, name: 'result', cat: 'result', ts: us(Math.max(startMs[input], endMs[input] - 0.001)) };
      yield { ph: 'f', bp: 'e', pid: 1, tid, id, name: 'result', cat: 'result', ts: us(startMs[task]) };
    }
  }
}
