/**
 * One watcher for all diagnostics: each computation becomes one model, and every diagnostic that was there when it began is
 * told of it. Diagnostics read models; nothing else is kept of a run.
 */
import { TraceModel } from '../trace/model.js';
import { watch } from '../watch.js';

/** So many computations, and of large ones only so many tasks together, are remembered for `story`. */
const RECENT_MAX = 16, RECENT_TASKS_MAX = 2_000_000;

/**
 * @typedef {object} Listener
 * @property {(model: TraceModel, message: import('../watch.js').BeginMessage) => void} began
 * @property {(model: TraceModel, message: import('../watch.js').BatchMessage) => void} changed after the model has taken it
 * @property {(model: TraceModel, message: import('../watch.js').EndMessage) => void} ended after the model has taken it
 * @property {() => void} dropped it has thrown, and is told no more
 */

/** @type {Set<Listener>} */
const listeners = new Set();
/** Those that run. @type {Map<number, { model: TraceModel, told: Listener[] }>} */
const running = new Map();
/** @type {TraceModel[]} The newest last. */
let recent = [];
/** @type {(() => void) | undefined} */
let unwatch;

/** @param {Listener} listener @param {() => void} tell */
function tell(listener, tell) {
  if (!listeners.has(listener)) return;
  try {
    tell();
  } catch (error) {
    drop(listener, error);
  }
}

/** One that throws is told no more: the computation is not to suffer, nor the other diagnostics. @param {Listener} listener @param {unknown} error */
export function drop(listener, error) {
  leave(listener);
  listener.dropped();
  console.error('heddle: a diagnostic threw, and is told no more:', error);
}

/** @param {TraceModel} model */
function remember(model) {
  recent.push(model);
  let tasks = recent.reduce((sum, { count }) => sum + count, 0);
  while (recent.length > 1 && (recent.length > RECENT_MAX || tasks > RECENT_TASKS_MAX)) tasks -= /** @type {TraceModel} */ (recent.shift()).count;
}

/** @param {import('../watch.js').WatchMessage} message */
function receive(message) {
  if (message.type === 'begin') {
    const model = new TraceModel(message), told = [...listeners];
    running.set(message.run, { model, told });
    remember(model);
    for (const listener of told) tell(listener, () => listener.began(model, message));
    return;
  }
  const run = running.get(message.run);
  if (!run) return; /* it had begun before anybody was there */
  run.model.receive(message);
  if (message.type === 'end') running.delete(message.run);
  for (const listener of run.told)
    tell(listener, () => (message.type === 'end' ? listener.ended(run.model, message) : listener.changed(run.model, message)));
}

/** @param {Listener} listener */
function leave(listener) {
  listeners.delete(listener);
  if (listeners.size || !unwatch) return;
  unwatch();
  unwatch = undefined;
  running.clear();
}

/**
 * Tells of the computations of this thread that begin from now on.
 * @param {Listener} listener
 * @returns {() => void} ends it
 */
export function follow(listener) {
  listeners.add(listener);
  unwatch ??= watch(receive);
  return () => leave(listener);
}

/** The models of the last computations that any diagnostic was told of, the newest first. */
export const recentModels = () => recent.toReversed();
