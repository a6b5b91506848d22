/**
 * What tasks print goes to the thread that made the pool, which knows the tasks' keys: in order, labelled, and before
 * the results of the tasks that printed it.
 */

/** @typedef {import('../crew.js').Line} Line */

/** @param {unknown} value */
function asText(value) {
  try {
    return String(value);
  } catch {
    return typeof value;
  }
}

const LEVELS = /** @type {const} */ (['debug', 'log', 'info', 'warn', 'error']);

/**
 * Has `console` send to a port.
 * @param {any} port
 * @param {import('./mailbox.js').Mailbox} mailbox
 * @param {() => { run: number, task: number, name: string }} whose the task that runs now
 */
export function printTo(port, mailbox, whose) {
  const send = (/** @type {Line} */ line) => {
    try {
      port.postMessage(line);
    } catch { /* one has a function, say */
      port.postMessage({ ...line, args: line.args.map(asText) });
    }
    mailbox.printed++;
  };
  const scope = /** @type {any} */ (globalThis);
  if (scope.process?.versions?.node) {
    /* Everything that Node's console can do ends in one of two streams, as text. */
    const { Writable } = scope.process.getBuiltinModule('node:stream');
    const { Console } = scope.process.getBuiltinModule('node:console');
    const stream = (/** @type {'log' | 'error'} */ level) => Object.assign(new Writable({
      decodeStrings: false,
      write(/** @type {unknown} */ text, /** @type {unknown} */ _, /** @type {() => void} */ done) {
        send({ level, args: [String(text).replace(/\n$/, '')], ...whose() });
        done();
      },
    }), { isTTY: Boolean(scope.process.env.FORCE_COLOR) });
    scope.console = new Console({ stdout: stream('log'), stderr: stream('error') });
    return;
  }
  for (const level of LEVELS) console[level] = (...args) => send({ level, args, ...whose() });
}
