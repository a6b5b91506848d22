/**
 * `computeSync` on threads, in Node.js. Emscripten's workers need the thread that made them now and then,
 * so the main thread must not block while it hosts a pool: a helper worker_thread hosts one, sees it
 * through, and sets the one word that the main thread waits on.
 */
import { WorkerLostError } from '../errors.js';
import { showWhereNow } from '../functions/place.js';
import { config, workerCount } from '../options.js';
import { restoreError } from '../values/failure.js';
import { packJob } from './job.js';

const NOTHING = 0;
const START_MS = 30_000;

/** @type {{ worker: any, port: any, word: Int32Array, receive: (port: any) => any } | undefined} */
let helper;

function start() {
  const { Worker, MessageChannel, receiveMessageOnPort } = /** @type {any} */ (globalThis).process.getBuiltinModule('node:worker_threads');
  const { port1, port2 } = new MessageChannel();
  const word = new Int32Array(new SharedArrayBuffer(4));
  const worker = new Worker(new URL('./blocking-host.js', import.meta.url), {
    workerData: { port: port2, word }, transferList: [port2],
    execArgv: [], /* some of the main thread's would end it, such as --input-type */
  });
  worker.unref();
  port1.unref();
  worker.on('exit', () => {
    if (helper?.worker === worker) helper = undefined;
  });
  worker.on('error', () => {}); /* told by the answer that it does not give */
  /* Its first sign of life. No event can tell that it has none while this thread waits. */
  if (Atomics.wait(word, 0, NOTHING, START_MS) === 'timed-out')
    throw new WorkerLostError('the thread that hosts the pool for computeSync did not start.');
  return (helper = { worker, port: port1, word, receive: (port) => receiveMessageOnPort(port)?.message });
}

/** @param {object} request */
function ask(request) {
  const { port, word, receive } = helper ?? start();
  Atomics.store(word, 0, NOTHING);
  port.postMessage(request);
  /* The thread's own exit handler sets the word too, so this ends whatever happens there. */
  Atomics.wait(word, 0, NOTHING);
  const answer = receive(port);
  if (!answer) {
    helper = undefined;
    throw new WorkerLostError('the thread that hosts the pool for computeSync ended.');
  }
  if ('failure' in answer) throw restoreError(answer.failure);
  return answer;
}

/**
 * @param {import('./job.js').Job} job
 * @param {import('../compute.js').ComputeOptions} options
 * @returns {{ results: import('../values/codec.js').Encoded[], total: number }} and how many tasks there were
 */
export function runAndWait(job, { workers = workerCount(), memory = config.memory }) {
  const packed = packJob(job);
  try {
    return ask({ job: packed, workers, memory });
  } catch (error) {
    const key = /** @type {any} */ (error)?.task?.key, failed = packed.tasks.findIndex((task) => task.key === key);
    const task = failed < 0 ? undefined : job.taskFunction(failed);
    if (task) showWhereNow(error, task);
    throw error;
  }
}

/** Checks functions as `checkAll` does. @param {string[]} texts */
export function checkAndWait(texts) {
  ask({ check: texts });
}
