/** Heddle's public JavaScript API. */
export { delayed, Delayed } from './delayed.js';
export { compute, computeSync } from './compute.js';
export { annotate } from './annotate.js';
export { tokenize } from './tokenize.js';
export { asCompleted } from './as-completed.js';
export { Cache } from './cache.js';
export { bind, checkpoint, clone, waitOn } from './manipulate.js';
export { optimize } from './optimize.js';
export { Gate } from './gate.js';
export { get, getSync, quote, ref } from './get.js';
export { Runtime } from './runtime.js';
export { config } from './options.js';
export { persist, release } from './persist.js';
export { info } from './info.js';
export { sleep, spin } from './sleep.js';
export { taskStates, watch } from './watch.js';
export { version } from './version.js';
export { visualize } from './visualize.js';
export {
  CancelledError, CycleError, DuplicateKeyError, FunctionError, HdError, OptionError, OutOfMemoryError,
  TaskError, TimeoutError, TraceFileError, UnknownKeyError, UnsupportedError, ValueError, WorkerLostError,
} from './errors.js';

/**
 * @typedef {import('./context.js').Context} Context
 * @typedef {import('./progress.js').Progress} Progress
 * @typedef {import('./watch.js').WatchMessage} WatchMessage
 * @typedef {import('./watch.js').BeginMessage} BeginMessage
 * @typedef {import('./watch.js').BatchMessage} BatchMessage
 * @typedef {import('./watch.js').EndMessage} EndMessage
 * @typedef {import('./watch.js').WatchedGraph} WatchedGraph
 * @typedef {import('./visualize.js').Picture} Picture
 * @typedef {import('./visualize.js').VisualizeOptions} VisualizeOptions
 */
