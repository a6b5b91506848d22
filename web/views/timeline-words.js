/** A run's threads in words and numbers. No DOM. */
import { counted, countedNoun, taskStates, timed } from 'heddle/trace';
import { EVENT_BIT } from './timeline-lane.js';

/** @param {number} value */
export function factored(value) {
  return value >= 99.5 ? counted(Math.round(value)) : value >= 9.95 ? value.toFixed(1) : value.toFixed(2);
}

/** @param {number} share 0 to 1 */
export const percent = (share) => `${Math.round(share * 100)} %`;

/** That the gate held tasks back is said if it did so for more of the time than this. */
const HELD_SHARE = 0.02;

/**
 * "Ran 1.94 times as fast as its serial time on 2 threads; at best 3.0." and where that comes from.
 * @param {ReturnType<typeof import('heddle/trace').statisticsOf>} statistics @param {boolean} isOver
 */
export function speedOf({ wallMs, heldMs, workers, ran, serialMs, utilisation, parallelism, criticalMs, criticalPath, best, retries }, isOver) {
  if (!ran) return 'No task has begun.';
  const threads = countedNoun(workers, 'thread'), parts = [];
  parts.push(`${isOver ? 'Ran' : 'Runs'} ${factored(parallelism)} times as fast as its serial time on ${threads}; at best ${best.toFixed(1)}.`);
  if (heldMs > HELD_SHARE * wallMs) parts.push(`Of its ${timed(wallMs)} the gate held tasks back for ${timed(heldMs)}.`);
  parts.push(`${counted(ran)} ${ran === 1 ? 'task' : 'tasks'} of ${timed(serialMs)} in all ${isOver ? 'took' : 'have taken'} ${timed(wallMs)}; ${workers === 1 ? 'the thread was' : 'the threads were'} busy ${percent(utilisation)} of the time.`);
  parts.push(`The critical path has ${countedNoun(criticalPath.length, 'task')} and ${timed(criticalMs)}: no number of threads makes it shorter.`);
  if (retries) parts.push(`${countedNoun(retries, 'attempt')} came to nothing and ${retries === 1 ? 'was' : 'were'} made again.`);
  return parts.join(' ');
}

/** @param {import('heddle/trace').TraceModel} model @param {number} row */
export const rowName = (model, row) => (model.scheduler === 'sync' ? 'serial' : `worker ${row}`);

/** What a picture shows, for those who do not see it. @param {import('heddle/trace').TraceModel} model @param {number} started @param {number} nowMs */
export function pictureOf(model, started, nowMs) {
  const where = model.scheduler === 'sync' ? 'One serial worker' : countedNoun(model.rows, 'worker');
  const cursor = model.cursorMs === null ? '' : `; shown as it was ${timed(model.shownMs)} after the run began`;
  return `${where}: ${countedNoun(started, 'bar')} of tasks in ${timed(nowMs)}${model.outcome === null ? ', and the run goes on' : ''}${cursor}`;
}

/** What a bar is, in a line. @param {import('heddle/trace').TraceModel} model @param {number} item @param {number} nowMs */
export function barOf(model, item, nowMs) {
  if (item >= EVENT_BIT) {
    const { events } = model, event = item - EVENT_BIT, task = events.task[event];
    return `${model.keyOf(task)}: an earlier attempt, at ${timed(events.startMs[event])}, came to nothing after ${timed(events.elapsedMs[event])}`;
  }
  const { states, startMs, elapsedMs } = model.record, state = taskStates[states[item]], isOver = state !== 'running';
  const took = isOver ? elapsedMs[item] : Math.max(0, nowMs - startMs[item]);
  const ended = state === 'erred' ? ', failed' : state === 'cancelled' ? ', cancelled' : '';
  return `${model.keyOf(item)}: began at ${timed(startMs[item])}, ${isOver ? 'took' : 'runs for'} ${timed(took)}${ended}`;
}

/**
 * For each row: bars, for how long its thread was busy, how long it was not, the longest task.
 * @param {import('heddle/trace').TraceModel} model @param {import('./timeline-index.js').TimelineIndex} index @param {number} nowMs
 */
export function rowsOf(model, index, nowMs) {
  return index.rows.map((lanes, row) => {
    let tasks = 0, longest = -1, longestMs = -1;
    const into = new Uint32Array(2);
    for (const lane of lanes) {
      tasks += lane.length;
      if (!lane.length) continue;
      lane.summary(0, lane.length, into);
      const took = Math.min(lane.ends[into[0]], nowMs) - lane.starts[into[0]];
      if (took > longestMs) {
        longestMs = took;
        longest = lane.items[into[0]];
      }
    }
    const busyMs = Math.min(nowMs, lanes.length === 1 ? busyOfOne(lanes[0], nowMs) : busyOf(lanes, nowMs));
    return { row, name: rowName(model, row), tasks, busyMs, idleMs: Math.max(0, nowMs - busyMs), longest: longest < 0 ? -1 : index.taskOf(longest), longestMs: Math.max(0, longestMs) };
  });
}

/** @param {import('./timeline-lane.js').Lane} lane @param {number} nowMs */
function busyOfOne(lane, nowMs) {
  const last = lane.length - 1;
  return lane.totalMs + (last >= 0 && lane.ends[last] === Infinity ? Math.max(0, nowMs - lane.starts[last]) : 0);
}

/** For how long any of several lanes has a bar. @param {import('./timeline-lane.js').Lane[]} lanes @param {number} nowMs */
function busyOf(lanes, nowMs) {
  const places = lanes.map(() => 0);
  let sum = 0, until = 0;
  for (;;) {
    let first = -1;
    for (let lane = 0; lane < lanes.length; lane++)
      if (places[lane] < lanes[lane].length && (first < 0 || lanes[lane].starts[places[lane]] < lanes[first].starts[places[first]])) first = lane;
    if (first < 0) return sum;
    const at = places[first]++, start = Math.max(until, lanes[first].starts[at]), end = Math.min(nowMs, lanes[first].ends[at]);
    if (end > start) {
      sum += end - start;
      until = end;
    }
  }
}
