/**
 * What runs in each Web Worker (worker_thread): it drives one worker of the C core by way of its mailbox,
 * runs the JavaScript tasks, and sleeps when there is nothing to do. Bundled into one classic script and
 * appended to Emscripten's output.
 */
import { Mailbox } from './mailbox.js';
import { guard } from './guard.js';
import { printTo } from './print.js';

/** hd_next, and HDW_KILLED. */
const IDLE = 0, TASK = 1, KILLED = 3;
/** A worker returns to its event loop at least so often, for timers, messages and output. */
const TURN_MS = 8;

/** @type {any} */ (globalThis)[Symbol.for('heddle.factory')] = createHeddleCore;

/** @type {(run: () => void) => void} Runs something in the event loop's next turn. */
const nextTurn = typeof setImmediate === 'function' ? setImmediate : (() => {
  const { port1, port2 } = new MessageChannel();
  /** @type {(() => void)[]} */
  const waiting = [];
  port1.onmessage = () => waiting.shift()?.();
  return (/** @type {() => void} */ run) => {
    waiting.push(run);
    port2.postMessage(0);
  };
})();

/**
 * Called by C on a new thread, which returns to its event loop after this.
 * @param {Record<string, (...args: any[]) => any>} core the hdw_ functions
 * @param {WebAssembly.Memory} memory
 * @param {number} address of the mailbox
 */
function start(core, memory, address) {
  const mailbox = new Mailbox(core, memory, address >>> 0);
  const beforeSleep = guard(mailbox);
  let asleep = false, turning = false;

  /** A killed worker may run on for a moment: it must never touch the core again. */
  const park = () => {
    for (;;) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
  };

  const settle = (/** @type {number} */ slot, /** @type {() => void} */ write) => {
    write();
    if (core.hdw_worker_answer(address, slot) === KILLED) park();
    pump();
  };

  /** Runs the claimed task and leaves the answer in the mailbox. */
  const run = () => {
    const { slot } = mailbox;
    try {
      const value = mailbox['heddle-task']();
      if (value === null || typeof value !== 'object' || typeof value.then !== 'function') mailbox.finish(value);
      else {
        const answer = mailbox.takeAnswer();
        mailbox.defer();
        Promise.resolve(value).then(
          (result) => settle(slot, () => mailbox.finishOrFail(result, answer)),
          (error) => settle(slot, () => mailbox.fail(error)));
      }
    } catch (error) {
      mailbox.fail(error);
    }
  };

  const pump = () => {
    const until = performance.now() + TURN_MS;
    for (let count = 1; ; count++) {
      const next = core.hdw_worker_step(address);
      if (next === TASK) run();
      else if (next === KILLED) park();
      else if (next === IDLE) return sleep();
      if (count % 16 === 0 && performance.now() > until) {
        /* The mailbox must be empty when a promise settles in between. */
        if (core.hdw_worker_answer(address, mailbox.slot) === KILLED) park();
        return turn();
      }
    }
  };

  /* One turn is due at a time, however many promises have pumped in between. */
  const turn = () => {
    if (turning) return;
    turning = true;
    nextTurn(() => {
      turning = false;
      pump();
    });
  };

  /* One wait at a time: it ends by the bell, whoever else has pumped in between, or after 50 ms. */
  const sleep = () => {
    beforeSleep();
    if (asleep) return;
    const wait = mailbox.wait();
    if (!wait) return turn();
    asleep = true;
    wait.then(() => {
      asleep = false;
      pump();
    });
  };

  turn();
}

const scope = /** @type {any} */ (globalThis);
scope[Symbol.for('heddle.worker')] = start;

/**
 * Called by C on a new thread that shall run a program instead (program/host.js).
 * @param {Record<string, (...args: any[]) => any>} core the hdw_ functions
 * @param {WebAssembly.Memory} memory
 */
scope[Symbol.for('heddle.program')] = (core, memory) => fromHost.then(({ program, serial, crews, port }) => {
  scope[Symbol.for('heddle.attachment')] = { core, memory, serial, crews };
  scope[Symbol.for('heddle.port')] = port;
  scope.importScripts(program);
});

/** What the host of programs sends, before C calls: Emscripten passes over it. @type {Promise<any>} */
const fromHost = new Promise((resolve) => {
  if (scope.document || scope.process?.versions?.node) return;
  scope.addEventListener('message', (/** @type {MessageEvent} */ { data }) => {
    if (data?.heddle?.program) resolve(data.heddle);
    if (data?.heddle?.print) printTo(data.heddle.print);
  });
});
