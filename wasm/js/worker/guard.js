/**
 * Keeps stray events of user code from taking the worker, or in Node.js the whole process, down.
 */

/** @param {unknown} error */
function report(error) {
  console.error('heddle: an error outside any task that is still running:', error);
}

/**
 * @param {import('./mailbox.js').Mailbox} mailbox
 * @returns {() => void} to be called before each sleep
 */
export function guard(mailbox) {
  const scope = /** @type {any} */ (globalThis);
  if (scope.process?.versions?.node) {
    scope.process.on('unhandledRejection', report);
    scope.process.on('uncaughtException', report);
    return watchOutput(mailbox, [scope.process.stdout, scope.process.stderr]);
  }
  scope.addEventListener('unhandledrejection', (/** @type {any} */ event) => {
    event.preventDefault();
    report(event.reason);
  });
  scope.addEventListener('error', (/** @type {any} */ event) => {
    event.preventDefault();
    report(event.error);
  });
  /* close() ends a worker without any event at its owner: nobody would ever know. */
  scope.close = () => {
    throw new Error('close() would end a worker of the pool; a task just returns');
  };
  return () => {};
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
