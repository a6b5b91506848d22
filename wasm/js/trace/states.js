/** The states of a task, as numbers and as words: hd_task_state. */
export const WAITING = 0, READY = 1, RUNNING = 2, DONE = 3, ERRED = 4, CANCELLED = 5, RELEASED = 6;

/** The words for the states, by number. */
export const taskStates = Object.freeze(['waiting', 'ready', 'running', 'done', 'erred', 'cancelled', 'released']);

/** No name and no key of a trace has more characters. */
export const NAME_MAX = 1000;

/** In `groups`: a task that is not run, as no output needs it. */
export const NOT_RUN = 0xffffffff;

/**
 * What is recorded beside the last attempt at each task. `decode` and `encode`: its arguments were made from bytes at
 * its beginning, its result into bytes at its end (only what took 20 µs or more); `sleep`: it slept; `failed`, `lost`: an
 * earlier attempt at it ended so; `asleep`: a worker had nothing to do and slept; `held`: the gate was shut (not of one worker);
 * `again`: an earlier attempt was done, but a later task of its fused chain failed, and the chain began again.
 */
export const eventKinds = Object.freeze(['decode', 'encode', 'sleep', 'failed', 'lost', 'asleep', 'held', 'again']);
export const DECODE = 0, ENCODE = 1, SLEEP = 2, FAILED = 3, LOST = 4, ASLEEP = 5, HELD = 6, AGAIN = 7;
/** The task of an event that is no task's, the worker of one that is no worker's. */
export const NO_TASK = 0xffffffff, NO_WORKER = 0xffff;
