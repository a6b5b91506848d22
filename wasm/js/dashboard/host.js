/** The thread of the dashboard's server. A thread of its own, so that pages see what happens also while the program's is busy. */
import { spawn } from 'node:child_process';
import { workerData } from 'node:worker_threads';
import { HdError } from '../errors.js';
import { Gate } from '../gate.js';
import { DashboardServer } from './server.js';

/** @typedef {{ port: import('node:worker_threads').MessagePort, words: Int32Array, wanted: { port: number, open: boolean }, program: string, gate: ArrayBufferLike }} Given */

const { port, words, wanted, program, gate } = /** @type {Given} */ (workerData);

/** @param {object} message what the main thread waits for */
function answer(message) {
  port.postMessage(message);
  Atomics.store(words, 0, 1);
  Atomics.notify(words, 0);
}

/** @param {string} url */
function openBrowser(url) {
  const commands = /** @type {Record<string, string[]>} */ ({ darwin: ['open', url], win32: ['cmd', '/c', 'start', '', url] });
  const [command, ...args] = commands[process.platform] ?? ['xdg-open', url];
  spawn(command, args, { stdio: 'ignore', detached: true }).once('error', () => {}).unref(); /* the address is printed anyway */
}

try {
  const server = new DashboardServer({ folder: new URL('./dashboard/', import.meta.url), program, gate: new Gate({ shared: gate }) });
  const url = await server.listen(wanted.port);
  port.on('message', async (/** @type {any} */ { message, flush }) => {
    if (message) server.receive(message);
    if (!flush) return;
    await server.flushed();
    port.postMessage({ flushed: flush });
  });
  if (wanted.open) openBrowser(url);
  answer({ url });
} catch (error) {
  const { code = 'DASHBOARD', message, port: taken } = /** @type {any} */ (error);
  answer({ error: { code: error instanceof HdError ? code : 'DASHBOARD', message, port: taken } });
}
