/**
 * `computeSync` on threads, in Node.js. Emscripten's workers need the thread that made them now and then,
 * so the main thread must not block while it hosts a pool: a helper worker_thread hosts one, sees it
 * through, and sets the one word that the main thread waits on.
 */
import { UnsupportedError, WorkerLostError } from '../errors.js';
import { gateIsStuck } from '../gate.js';
import { showWhereNow } from '../functions/place.js';
import { config, workerCount } from '../options.js';
import { restoreError } from '../values/failure.js';
import { packJob } from './job.js';

const START_MS = 30_000;
/** Words that both threads see: how many messages the helper has sent, and whether it has ended. */
const SENT = 0, ENDED = 1;

/** @typedef {{ worker: any, port: any, words: Int32Array, receive: (port: any) => any }} Helper */

/** @type {Helper | undefined} */
let helper;

/** @returns {Helper} */
function start() {
  const { Worker, MessageChannel, receiveMessageOnPort } = /** @type {any} */ (globalThis).process.getBuiltinModule('node:worker_threads');
  const { port1, port2 } = new MessageChannel();
  const words = new Int32Array(new SharedArrayBuffer(8));
  const worker = new Worker(new URL('./blocking-host.js', import.meta.url), {
    workerData: { port: port2, words }, transferList: [port2],
    execArgv: [], /* some of the main thread's would end it, such as --input-type */
  });
  worker.unref();
  port1.unref();
  worker.on('exit', () => {
    if (helper?.worker === worker) helper = undefined;
  });
  worker.on('error', () => {}); /* told by the answer that it does not give */
  /* Its first sign of life. No event can tell that it has none while this thread waits. */
  if (Atomics.wait(words, SENT, 0, START_MS) === 'timed-out')
    throw new WorkerLostError('the thread that hosts the pool for computeSync did not start.');
  return (helper = { worker, port: port1, words, receive: (port) => receiveMessageOnPort(port)?.message });
}

let requests = 0;

/** @param {object} request @param {(progress: import('../progress.js').Progress) => void} [onProgress] */
function ask(request, onProgress) {
  const { port, words, receive } = helper ?? start();
  const id = ++requests;
  port.postMessage({ ...request, id });
  const tell = (/** @type {import('../progress.js').Progress} */ progress) => {
    try {
      onProgress?.(progress);
    } catch (error) {
      port.postMessage({ cancel: id });
      throw error;
    }
  };
  for (;;) {
    const seen = Atomics.load(words, SENT), ended = Atomics.load(words, ENDED);
    for (let message; (message = receive(port)); ) {
      if (message.id !== id) continue; /* of one whose onProgress threw */
      if (message.progress) tell(message.progress);
      else if ('failure' in message) throw restoreError(message.failure);
      else return message;
    }
    if (ended) {
      helper = undefined;
      throw new WorkerLostError('the thread that hosts the pool for computeSync ended.');
    }
    /* The thread's own exit handler counts too, so this ends whatever happens there. */
    Atomics.wait(words, SENT, seen);
  }
}

/**
 * @param {import('./job.js').Job} job
 * @param {import('../execute.js').Asked} options
 * @returns {import('../values/codec.js').Encoded[]}
 */
export function runAndWait(job, { workers = workerCount(), memory = config.memory, stopOnError, onProgress, gate, gateSteps }) {
  if (gate?.isStuck) throw new UnsupportedError(gateIsStuck);
  const packed = packJob(job), told = Boolean(onProgress);
  try {
    return ask({ job: packed, workers, memory, stopOnError, told, graceMs: config.graceMs, gate: gate?.shared, gateSteps }, onProgress).results;
  } catch (error) {
    for (const failure of error instanceof AggregateError && stopOnError === false ? error.errors : [error]) {
      const key = /** @type {any} */ (failure)?.task?.key, failed = packed.tasks.findIndex((task) => task.key === key);
      const task = failed < 0 ? undefined : job.taskFunction(failed);
      if (task) showWhereNow(failure, task);
    }
    throw error;
  }
}

/** Checks functions as `checkAll` does. @param {string[]} texts */
export function checkAndWait(texts) {
  ask({ check: texts });
}
