/** What keeps tasks of the strict `sync` scheduler from doing to the caller's thread what threads are guarded from. */
import { UnsupportedError } from '../errors.js';

const scope = /** @type {any} */ (globalThis);
const process = scope.process?.versions?.node ? scope.process : undefined;
const ENDS = ['exit', 'reallyExit', 'abort'];

/** Runs a stretch of tasks, which cannot end the process meanwhile. @template T @param {() => T} stretch @returns {T} */
function withoutEnds(stretch) {
  const before = ENDS.map((name) => process[name]), { kill } = process;
  const refuse = (/** @type {string} */ name, /** @type {unknown} */ value) => {
    throw new UnsupportedError(`process.${name}(${value ?? ''}) was called in a task, which would end the process: return from the task, or throw an error.`);
  };
  for (const name of ENDS) process[name] = (/** @type {unknown} */ code) => refuse(name, code);
  process.kill = (/** @type {number} */ pid, /** @type {unknown} */ signal) => (pid === process.pid && signal !== 0 ? refuse('kill', pid) : kill.call(process, pid, signal));
  try {
    return stretch();
  } finally {
    process.kill = kill;
    ENDS.forEach((name, at) => (process[name] = before[at]));
  }
}

/** @type {<T>(stretch: () => T) => T} */
export const guarded = process ? withoutEnds : (stretch) => stretch();

/** Settles when rejections that nobody handled have been reported. @returns {Promise<void>} */
export const afterReports = () => new Promise((resolve) => {
  if (typeof setImmediate === 'function') setImmediate(resolve);
  else setTimeout(() => setTimeout(resolve));
});

/** From now on until `end`, rejections that nobody handles are a task's: `check` throws the first. */
export function noticeRejections() {
  /** @type {{ reason: unknown } | undefined} */
  let stray;
  const notice = (/** @type {any} */ reason) => void (stray ??= { reason });
  const noticeEvent = (/** @type {any} */ event) => {
    event.preventDefault();
    notice(event.reason);
  };
  if (process) process.on('unhandledRejection', notice);
  else scope.addEventListener?.('unhandledrejection', noticeEvent);
  return {
    check() {
      if (stray) throw stray.reason;
    },
    end() {
      if (process) process.off('unhandledRejection', notice);
      else scope.removeEventListener?.('unhandledrejection', noticeEvent);
    },
  };
}
