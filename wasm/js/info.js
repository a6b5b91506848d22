/** `info`: what this installation can do, in words and numbers. */
import { chooseScheduler } from './execute.js';
import { inNode, whyNoThreads } from './core/load-threads.js';
import { processors, workerCount } from './options.js';
import { startedRuntime } from './runtime.js';
import { version } from './version.js';

/**
 * @typedef {object} Info
 * @property {string} version
 * @property {'threads' | 'sync'} scheduler what `compute` uses by default here
 * @property {boolean} threads whether threads can run here
 * @property {string} [reason] why not
 * @property {number} processors
 * @property {number} workers how many threads a computation uses by default
 * @property {number} running threads that have been started so far
 * @property {{ bytes: number, live: number } | undefined} memory of the shared heap, in bytes
 * @property {'node' | 'browser'} platform
 */

/** @returns {Promise<Info>} */
export async function info() {
  const runtime = await startedRuntime()?.catch(() => undefined);
  const reason = whyNoThreads();
  return {
    version,
    scheduler: chooseScheduler({}),
    threads: reason === undefined,
    ...(reason === undefined ? {} : { reason }),
    processors: processors(),
    workers: workerCount(),
    running: runtime?.workers ?? 0,
    memory: runtime?.memory,
    platform: inNode ? 'node' : 'browser',
  };
}
