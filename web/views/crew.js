/** What each worker does at the moment shown, and what it has done so far. No DOM. */
import { ASLEEP, CANCELLED, ERRED, LOST, NO_WORKER, READY, RUNNING, WAITING } from 'heddle/trace';

/**
 * @typedef {object} Hand a worker
 * @property {number} row from 0
 * @property {'running' | 'idle' | 'asleep' | 'lost'} state
 * @property {number} task that it runs, the last one begun; -1: none
 * @property {number} more others that it has begun too, which wait for something
 * @property {number} done tasks
 * @property {number} failed
 * @property {number} busyMs for how long it ran something
 * @property {number} lastMs when it last began or ended one
 */

/** Linear in the tasks. @param {import('heddle/trace').TraceModel} model @returns {{ nowMs: number, hands: Hand[] }} */
export function crewOf(model) {
  const { states, count, record: { startMs, elapsedMs, worker } } = model, nowMs = model.nowMs(), serial = model.scheduler === 'sync';
  /** @type {Hand[]} */
  const hands = Array.from({ length: model.rows }, (_, row) => ({ row, state: 'idle', task: -1, more: 0, done: 0, failed: 0, busyMs: 0, lastMs: 0 }));
  for (let task = 0; task < count; task++) {
    const start = startMs[task], state = states[task];
    if (!(start <= nowMs) || state === WAITING || state === READY) continue;
    const hand = hands[serial ? 0 : worker[task]];
    if (state === RUNNING) {
      hand.busyMs += nowMs - start;
      if (hand.task >= 0) hand.more++;
      if (hand.task < 0 || start >= startMs[hand.task]) hand.task = task;
      hand.state = 'running';
      hand.lastMs = Math.max(hand.lastMs, start);
      continue;
    }
    if (state === ERRED) hand.failed++;
    else hand.done += Number(state !== CANCELLED); /* one that was cancelled is not done */
    hand.busyMs += elapsedMs[task];
    hand.lastMs = Math.max(hand.lastMs, start + elapsedMs[task]);
  }
  readEvents(model, hands, nowMs);
  for (const hand of hands) hand.busyMs = Math.min(hand.busyMs, nowMs); /* tasks that wait for something overlap */
  return { nowMs, hands };
}

/** Who sleeps, who is gone. @param {import('heddle/trace').TraceModel} model @param {Hand[]} hands @param {number} nowMs */
function readEvents({ events: { kind, worker, startMs, elapsedMs } }, hands, nowMs) {
  for (let at = 0; at < kind.length; at++) {
    if (worker[at] === NO_WORKER || worker[at] >= hands.length) continue;
    const hand = hands[worker[at]], end = startMs[at] + elapsedMs[at];
    if (hand.state === 'running') continue;
    if (kind[at] === LOST && end <= nowMs && hand.lastMs <= end) hand.state = 'lost';
    else if (kind[at] === ASLEEP && hand.state !== 'lost' && startMs[at] <= nowMs && nowMs < end) hand.state = 'asleep';
  }
}
