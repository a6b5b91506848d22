/**
 * The errors of Heddle. Each has a `code` in capitals, says in its message where and what to do, and
 * carries its facts as properties.
 */

/** Every error of Heddle's own. `code` is one of the core's statuses (`'CYCLE'`) or a class's below. */
export class HdError extends Error {
  /**
   * @param {string} code
   * @param {string} message
   * @param {Record<string, unknown>} [details] facts, which become properties
   */
  constructor(code, message, details) {
    const { cause, ...facts } = details ?? {};
    super(message, cause === undefined ? undefined : { cause });
    this.name = new.target.name;
    this.code = code;
    Object.assign(this, facts);
  }
}

/** Tasks need each other in a circle. `path` has their keys: each needs the next, the last the first. */
export class CycleError extends HdError {
  /** @type {string[]} */ path = [];
  /** @param {string[]} path */
  constructor(path) {
    const shown = path.length > 8 ? [...path.slice(0, 4), `(${path.length - 8} more)`, ...path.slice(-4)] : path;
    super('CYCLE', `the graph has a cycle: ${[...shown, path[0]].join(' -> ')}. ` +
      'No task of a cycle can run first; take one of these references out.');
    this.path = path;
  }
}

/** A key that is not in the graph. `key` is it. */
export class UnknownKeyError extends HdError {
  /** @type {string} */ key = '';
  /** @param {string} key @param {string} [hint] @param {string} [shown] the key as it stands in the message */
  constructor(key, hint = '', shown = quoteKey(key)) {
    super('UNKNOWN_KEY', `${shown} is not a key of the graph${hint}.`);
    this.key = key;
  }
}

/** Two tasks with one key. `key` is it. */
export class DuplicateKeyError extends HdError {
  /** @type {string} */ key = '';
  /** @param {string} key */
  constructor(key) {
    super('DUPLICATE_KEY', `two tasks have the key ${quoteKey(key)}. Give each its own { key }, ` +
      'or use the same Delayed in both places.');
    this.key = key;
  }
}

/**
 * A function that cannot be a task, or not on another thread. `uses` lists what it takes from outside:
 * `{ name, line, column }`.
 */
export class FunctionError extends HdError {
  /** @param {string} message @param {Record<string, unknown>} [details] */
  constructor(message, details) {
    super('FUNCTION', message, details);
  }
}

/** A value that cannot travel between threads unchanged. `path` says where in the value. */
export class ValueError extends HdError {
  /** @type {string} */ path = '';
  /** @param {string} message @param {{ path?: string, cause?: unknown }} [details] */
  constructor(message, details) {
    super('VALUE', message, details);
    this.path = details?.path ?? '';
  }
}

/** A task threw something that is not an Error; `cause` is it. */
export class TaskError extends HdError {
  /** @param {string} message @param {Record<string, unknown>} [details] */
  constructor(message, details) {
    super('TASK_FAILED', message, details);
  }
}

/** The computation was cancelled; `cause` is the signal's reason. */
export class CancelledError extends HdError {
  /** @param {string} [message] @param {Record<string, unknown>} [details] */
  constructor(message = 'the computation was cancelled', details) {
    super('CANCELLED', message, details);
  }
}

/** The worker that ran a task ended: a crash, process.exit, or out of memory. */
export class WorkerLostError extends HdError {
  /** @param {string} message @param {Record<string, unknown>} [details] */
  constructor(message, details) {
    super('WORKER_LOST', message, details);
  }
}

/** The shared heap is full. */
export class OutOfMemoryError extends HdError {
  /** @param {string} message @param {Record<string, unknown>} [details] */
  constructor(message, details) {
    super('OUT_OF_MEMORY', message, details);
  }
}

/** A task took longer than its `timeoutMs`. */
export class TimeoutError extends HdError {
  /** @param {string} message @param {Record<string, unknown>} [details] */
  constructor(message, details) {
    super('TIMED_OUT', message, details);
  }
}

/** An option that is unknown or out of range. */
export class OptionError extends HdError {
  /** @param {string} message @param {Record<string, unknown>} [details] */
  constructor(message, details) {
    super('OPTION', message, details);
  }
}

/** Something that this platform cannot do. */
export class UnsupportedError extends HdError {
  /** @param {string} message @param {Record<string, unknown>} [details] */
  constructor(message, details) {
    super('UNSUPPORTED', message, details);
  }
}

/**
 * A key as it stands in messages: quoted, and cut when it is long.
 * @param {string} key
 */
export function quoteKey(key) {
  return `'${key.length > 60 ? `${key.slice(0, 60)}…` : key}'`;
}

/** A file that is no trace, is damaged, or says what cannot be. */
export class TraceFileError extends HdError {
  /** @param {string} message @param {Record<string, unknown>} [details] */
  constructor(message, details) {
    super('TRACE_FILE', message, details);
  }
}
