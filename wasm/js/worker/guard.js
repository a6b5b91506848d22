/**
 * Keeps stray events of user code from taking the worker, or in Node.js the whole process, down.
 */

/** @param {unknown} error */
function report(error) {
  console.error('heddle: an error outside any task that is still running:', error);
}

export function guard() {
  const scope = /** @type {any} */ (globalThis);
  if (scope.process?.versions?.node) {
    scope.process.on('unhandledRejection', report);
    scope.process.on('uncaughtException', report);
    return;
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
}
