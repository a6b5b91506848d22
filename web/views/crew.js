/** What each worker does at the moment shown, and what it has done so far. No DOM. */
import { AGAIN, ASLEEP, CANCELLED, ERRED, FAILED, LOST, NO_WORKER, READY, RUNNING, WAITING } from 'heddle/trace';

/**
 * @typedef {object} Hand a worker
 * @property {number} row from 0
 * @property {'running' | 'idle' | 'asleep' | 'lost'} state
 * @property {number} task that it runs, the last one begun; -1: none
 * @property {number} sinceMs when that began
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
  const hands = Array.from({ length: model.rows }, (_, row) => ({ row, state: 'idle', task: -1, sinceMs: NaN, more: 0, done: 0, failed: 0, busyMs: 0, lastMs: 0 }));
  for (let task = 0; task < count; task++) {
    const start = startMs[task], state = states[task];
    if (!(start <= nowMs) || state === WAITING || state === READY) continue;
    const hand = hands[serial ? 0 : worker[task]];
    if (state === RUNNING) {
      begins(hand, task, start, nowMs);
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

/** @param {Hand} hand @param {number} task that it runs @param {number} start @param {number} nowMs */
function begins(hand, task, start, nowMs) {
  hand.busyMs += nowMs - start;
  if (hand.task >= 0) hand.more++;
  if (hand.task < 0 || start >= hand.sinceMs) [hand.task, hand.sinceMs] = [task, start];
  hand.state = 'running';
  hand.lastMs = Math.max(hand.lastMs, start);
}

/** Who sleeps, who is gone, and what came to nothing: earlier attempts. @param {import('heddle/trace').TraceModel} model @param {Hand[]} hands @param {number} nowMs */
function readEvents({ events: { kind, task, worker, startMs, elapsedMs }, record }, hands, nowMs) {
  for (let at = 0; at < kind.length; at++) {
    const start = startMs[at], end = start + elapsedMs[at], lost = kind[at] === LOST;
    if (worker[at] === NO_WORKER || worker[at] >= hands.length || !(start <= nowMs)) continue;
    const hand = hands[worker[at]];
    if ((lost || kind[at] === FAILED || kind[at] === AGAIN) && start !== record.startMs[task[at]]) { /* the last attempt is in the record */
      if (nowMs < end) begins(hand, task[at], start, nowMs);
      else hand.busyMs += elapsedMs[at];
    }
    if (hand.state === 'running') continue;
    if (lost && end <= nowMs && hand.lastMs <= end) hand.state = 'lost';
    else if (kind[at] === ASLEEP && hand.state !== 'lost' && nowMs < end) hand.state = 'asleep';
  }
}
