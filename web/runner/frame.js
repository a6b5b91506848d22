/**
 * All that the sandboxed frame's document runs: it waits for the sources, hosts the program's thread and
 * its workers, and tells the page how that went. The program itself never runs in this document, which
 * has what workers lack, WebRTC for one, that no policy stops.
 */
import { startProgram } from 'heddle/host';
import { inspectAll } from './inspect.js';

addEventListener('message', async ({ data, ports: [toPage, toProgram] }) => {
  if (data?.type !== 'host' || !toPage || !toProgram) return;
  const fatal = (/** @type {Error} */ error) => toPage.postMessage({ type: 'fatal', message: String(error?.message ?? error).slice(0, 1000) });
  toPage.onmessage = (event) => {
    if (event.data?.type === 'flush') toPage.postMessage({ type: 'flushed' });
  };
  try {
    const { threads, reason } = await startProgram(data.sources, {
      port: toProgram, onFatal: fatal,
      onPrint: ({ worker, level, args }) => toPage.postMessage({ type: 'print', level, text: inspectAll(args), worker }),
    });
    toPage.postMessage({ type: 'hosted', threads, reason });
  } catch (error) {
    fatal(/** @type {Error} */ (error));
  }
}, { once: true });
