/** The thread that hosts a pool for computeSync: see blocking.js. */
import { writeSync } from 'node:fs';
import { format } from 'node:util';
import { workerData } from 'node:worker_threads';
import { checkAll } from '../functions/ship.js';
import { Gate } from '../gate.js';
import { config } from '../options.js';
import { Runtime, output } from '../runtime.js';
import { packFailure } from '../values/failure.js';
import { unpackJob } from './job.js';

const { port, words } = workerData;
const SENT = 0, ENDED = 1;

/** @param {unknown} message */
function send(message) {
  if (message !== undefined) port.postMessage(message);
  Atomics.add(words, SENT, 1);
  Atomics.notify(words, SENT);
}

process.on('exit', () => {
  Atomics.store(words, ENDED, 1);
  send(undefined);
});
send(undefined);

/** The main thread waits and cannot print meanwhile, so lines go out from here. */
output.print = (level, args) => {
  let rest = Buffer.from(`${format(...args)}\n`);
  while (rest.length) {
    try {
      rest = rest.subarray(writeSync(level === 'error' || level === 'warn' ? 2 : 1, rest));
    } catch (error) {
      if (/** @type {any} */ (error).code !== 'EAGAIN') return; /* a closed pipe: there is nobody to tell */
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1);
    }
  }
};

/** @type {Runtime | undefined} */
let runtime;

/** @type {AbortController | undefined} Of the request that is under way. */
let current;

port.on('message', async (/** @type {any} */ { id, cancel, job, check, workers, memory, stopOnError, told, graceMs, gate, gateSteps }) => {
  if (cancel) return current?.abort();
  try {
    if (check) return send({ id, checked: await checkAll(check) });
    config.graceMs = graceMs;
    if (!runtime || runtime.closed) runtime = await Runtime.start({ workers, memory });
    const onProgress = told ? (/** @type {unknown} */ progress) => send({ id, progress }) : undefined;
    const { signal } = (current = new AbortController());
    send({ id, results: await runtime.run(unpackJob(job), { workers, stopOnError, onProgress, signal, gate: gate && new Gate({ shared: gate }), gateSteps }) });
  } catch (error) {
    send({ id, failure: packFailure(error) });
  }
});
