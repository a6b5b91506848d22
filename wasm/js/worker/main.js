/**
 * What runs in each Web Worker (worker_thread): it drives one worker of the C core by way of its mailbox,
 * runs the JavaScript tasks, and sleeps when there is nothing to do. Bundled into one classic script and
 * appended to Emscripten's output.
 */
import { guard } from './guard.js';
import { keepIntact } from './intact.js';
import { Mailbox, now } from './mailbox.js';
import { OpenTasks } from './open-tasks.js';
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

/** Runs something when all has been reported of this turn: rejections that nobody handled, in browsers a turn later.
 * @param {() => void} run */
const afterReports = (run) => (typeof setImmediate === 'function' ? nextTurn(run) : nextTurn(() => nextTurn(run)));

/**
 * Called by C on a new thread, which returns to its event loop after this.
 * @param {Record<string, (...args: any[]) => any>} core the hdw_ functions
 * @param {WebAssembly.Memory} memory
 * @param {number} address of the mailbox
 */
function start(core, memory, address) {
  const mailbox = new Mailbox(core, memory, address >>> 0);
  let asleep = false, turning = false, ran = false, crashed = false;
  /** Since when there has been nothing to do, by `now`; 0: there is something. */
  let idleSince = 0;

  /** A killed worker may run on for a moment: it must never touch the core again. */
  const park = () => {
    for (;;) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
  };

  const tasks = new OpenTasks(mailbox, afterReports, (slot) => {
    try {
      if (core.hdw_worker_answer(address, slot) === KILLED) park();
    } catch (error) { /* a trap: this thread is inside the core for ever */
      giveUp(error);
    }
    pump();
  });
  mailbox.tasks = tasks;
  scope[Symbol.for('heddle.slept')] = (/** @type {number} */ since) => mailbox.slept(since);
  const { beforeSleep, crash } = guard(mailbox, tasks);
  mailbox.intact = keepIntact(scope);
  printer.then((port) => {
    printTo(port, mailbox, () => mailbox.speaker ?? (mailbox.busy ? mailbox.whose : (tasks.current ?? { run: 0, task: 0, name: '' })));
    const others = mailbox.intact, lines = keepIntact(scope, ['console']);
    mailbox.intact = () => others() && lines();
  });

  /* What this package's own code throws is no task's: this thread is not to be trusted any more, and another takes over. */
  const pump = () => {
    if (crashed) return;
    try {
      claim();
    } catch (error) {
      giveUp(error);
    }
  };

  /** @param {unknown} error */
  const giveUp = (error) => {
    crashed = true;
    mailbox.putBack();
    crash(error);
  };

  /** @param {boolean} rests whether nothing runs from now on for a while */
  const tidy = (rests) => {
    if (rests && (ran || tasks.size)) mailbox.putBack();
    else if (ran || tasks.size) mailbox.putBackAtTimes();
    ran &&= !rests;
    if (mailbox.spoilt) giveUp(new Error('a task has frozen built-in objects, so this thread is replaced by another.'));
  };

  const claim = () => {
    const since = now(), until = since + TURN_MS;
    mailbox.beat(since);
    if (tasks.size) tasks.look();
    for (let count = 1; ; count++) {
      const next = core.hdw_worker_step(address);
      let turns = false;
      if (next === TASK) {
        ran = true;
        if (idleSince) {
          mailbox.rested(idleSince);
          idleSince = 0;
        }
        turns = mailbox.run();
      }
      else if (next === KILLED) park();
      else if (next === IDLE) return sleep();
      if (tasks.size) mailbox.beat(now()); /* whose timers must not wait for too many others */
      if (turns || ((count % 16 === 0 || tasks.size) && now() > until)) {
        /* The mailbox must be empty when a promise settles in between. */
        if (core.hdw_worker_answer(address, mailbox.slot) === KILLED) park();
        tidy(false);
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
    tidy(true);
    beforeSleep();
    idleSince ||= now();
    if (tasks.size) tasks.look(); /* now that it is announced: who stops a run from now on wakes it */
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
scope[Symbol.for('heddle.program')] = (core, memory) => fromHost.then(({ program, serial, crews, port, gate }) => {
  scope[Symbol.for('heddle.attachment')] = { core, memory, serial, crews, gate };
  scope[Symbol.for('heddle.port')] = port;
  scope.importScripts(program);
});

/** What the thread that made this one sends before C calls: Emscripten passes over it.
 * @type {(take: (message: any) => void) => void} */
const listen = (take) => {
  const parent = scope.process?.versions?.node && scope.process.getBuiltinModule('node:worker_threads').parentPort;
  if (parent) parent.on('message', (/** @type {any} */ data) => data?.heddle && take(data.heddle));
  else if (!scope.document && !scope.process?.versions?.node)
    scope.addEventListener('message', (/** @type {MessageEvent} */ { data }) => data?.heddle && take(data.heddle));
};
/** @type {(message: any) => void} */ let gotProgram;
/** @type {(port: any) => void} */ let gotPrinter;
/** @type {Promise<any>} What a host sends to its program. */
const fromHost = new Promise((resolve) => (gotProgram = resolve));
/** @type {Promise<any>} Where lines go. */
const printer = new Promise((resolve) => (gotPrinter = resolve));
listen((message) => (message.program ? gotProgram(message) : gotPrinter(message.print)));
