/** The thread that hosts a pool for computeSync: see blocking.js. */
import { workerData } from 'node:worker_threads';
import { checkAll } from '../functions/ship.js';
import { Runtime } from '../runtime.js';
import { packFailure } from '../values/failure.js';
import { unpackJob } from './job.js';

const { port, word } = workerData;

/** @param {unknown} answer */
function reply(answer) {
  if (answer !== undefined) port.postMessage(answer);
  Atomics.store(word, 0, 1);
  Atomics.notify(word, 0);
}

process.on('exit', () => reply(undefined));
reply(undefined);

/** @type {Runtime | undefined} */
let runtime;

port.on('message', async (/** @type {any} */ { job, check, workers, memory }) => {
  try {
    if (check) return reply({ checked: await checkAll(check) });
    if (!runtime || runtime.closed) runtime = await Runtime.start({ workers, memory });
    let total = 0;
    const results = await runtime.run(unpackJob(job), { workers, onProgress: (progress) => (total = progress.total) });
    reply({ results, total });
  } catch (error) {
    reply({ failure: packFailure(error) });
  }
});
