/**
 * Keeps stray events of user code from taking the worker, or in Node.js the whole process, down.
 */
import { UnsupportedError } from '../errors.js';

/** @param {unknown} error */
function report(error) {
  console.error('heddle: an error outside any task that is still running:', error);
}

/** @param {string} name @param {string} instead */
const refusal = (name, instead) => (/** @type {unknown[]} */ ...args) => {
  throw new UnsupportedError(`${name}(${args.length ? String(args[0]) : ''}) was called in a task, which would end or disturb a worker of the pool: ${instead}.`);
};
const RETURN = 'return from the task, or throw an error';

/** Emscripten's, or not: whose messages anybody else's would disturb. @param {any} message */
const isEmscriptens = (message) => message?.cmd || message?.target;

/** @param {any} process */
function guardProcess(process) {
  const { parentPort } = process.getBuiltinModule('node:worker_threads');
  const { postMessage } = parentPort;
  parentPort.postMessage = (/** @type {any} */ message, /** @type {any[]} */ ...rest) =>
    isEmscriptens(message) ? postMessage.call(parentPort, message, ...rest) : refusal('postMessage', 'a task gives its result by returning it')(message);
  const { kill } = process;
  for (const name of ['exit', 'abort']) process[name] = refusal(`process.${name}`, RETURN);
  process.kill = (/** @type {number} */ pid, /** @type {unknown} */ signal) =>
    pid === process.pid && signal !== 0 ? refusal('process.kill', RETURN)(pid) : kill.call(process, pid, signal);
}

/** @param {any} scope */
function guardWorkerScope(scope) {
  /* close() ends a worker without any event at its owner: nobody would ever know. */
  scope.close = refusal('close', RETURN);
  const { postMessage } = scope;
  scope.postMessage = (/** @type {any} */ message, /** @type {any[]} */ ...rest) =>
    isEmscriptens(message) ? postMessage.call(scope, message, ...rest) /* Emscripten's */
      : refusal('postMessage', 'a task gives its result by returning it')(message);
  const { onmessage } = scope;
  Object.defineProperty(scope, 'onmessage', { get: () => onmessage, set: refusal('onmessage', 'a task gets what it needs as arguments') });
}

/**
 * @param {import('./mailbox.js').Mailbox} mailbox
 * @param {import('./open-tasks.js').OpenTasks} tasks
 * @returns {{ beforeSleep: () => void, crash: (error: unknown) => void }} what is to be called before each sleep, and what
 *   ends this thread so that its owner hears of it
 */
export function guard(mailbox, tasks) {
  const blame = (/** @type {unknown} */ reason) => tasks.blame(reason) || report(reason);
  const scope = /** @type {any} */ (globalThis);
  if (scope.process?.versions?.node) {
    guardProcess(scope.process);
    scope.process.on('unhandledRejection', blame);
    scope.process.on('uncaughtException', report);
    const { reallyExit } = scope.process;
    return {
      beforeSleep: watchOutput(mailbox, [scope.process.stdout, scope.process.stderr]),
      crash: (error) => {
        report(error);
        reallyExit.call(scope.process, 1);
      },
    };
  }
  let crashed = false;
  const later = scope.setTimeout.bind(scope);
  scope.addEventListener('unhandledrejection', (/** @type {any} */ event) => {
    event.preventDefault();
    if (!crashed) blame(event.reason);
  });
  scope.addEventListener('error', (/** @type {any} */ event) => {
    if (crashed) return; /* its owner hears of it */
    event.preventDefault();
    report(event.error);
  });
  guardWorkerScope(scope);
  return {
    beforeSleep: () => {},
    crash: (error) => {
      crashed = true;
      later(() => {
        throw error; /* its owner hears of it; in a promise's reaction it would only be a rejection */
      });
      throw error;
    },
  };
}

/**
 * In Node.js what a worker prints goes through the main thread, piece by piece, and is lost if that exits
 * meanwhile: so the mailbox says when there is some.
 * @param {import('./mailbox.js').Mailbox} mailbox
 * @param {import('node:stream').Writable[]} streams
 */
function watchOutput(mailbox, streams) {
  for (const stream of streams) {
    const write = stream.write;
    stream.write = function (/** @type {any[]} */ ...args) {
      mailbox.printing = true;
      return Reflect.apply(write, stream, args);
    };
  }
  return () => {
    if (mailbox.printing && streams.every((stream) => stream.writableLength === 0)) mailbox.printing = false;
  };
}
