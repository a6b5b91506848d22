/**
 * All that the sandboxed frame's document runs: it waits for the sources, hosts the program's thread and
 * its workers, and tells the page how that went. The program itself never runs in this document, which
 * has what workers lack, WebRTC for one, that no policy stops.
 */
import { startProgram } from 'heddle/host';
import { inspectAll } from './inspect.js';
import { Printer } from './printer.js';
import { NAME_MAX, turn } from './protocol.js';

addEventListener('message', async function host({ data, ports: [toPage, toProgram] }) {
  if (data?.type !== 'host' || !toPage || !toProgram) return;
  removeEventListener('message', host);
  const printer = new Printer((message) => toPage.postMessage(message));
  const fatal = (/** @type {Error} */ error) => toPage.postMessage({ type: 'fatal', message: String(error?.message ?? error).slice(0, 1000) });
  /** @type {import('heddle').Gate | undefined} */ let gate;
  toPage.onmessage = (event) => {
    if (event.data?.type === 'gate') turn(gate, event.data);
    if (event.data?.type !== 'flush') return;
    printer.flush();
    toPage.postMessage({ type: 'flushed' });
  };
  try {
    const { threads, reason, gate: made } = await startProgram(data.sources, {
      port: toProgram, onFatal: fatal,
      onPrint: ({ worker, lines, skipped }) => lines.forEach(({ level, args, name }, at) =>
        printer.print({ level: /** @type {any} */ (level), text: inspectAll(args), worker, name: name?.slice(0, NAME_MAX) }, at ? 0 : skipped)),
    });
    gate = made;
    toPage.postMessage({ type: 'hosted', threads, reason });
  } catch (error) {
    fatal(/** @type {Error} */ (error));
  }
});
