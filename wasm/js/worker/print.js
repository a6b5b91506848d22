/** What tasks print, for a host that wants to show it. */

/** In so many milliseconds so many lines are sent at once; of what is beyond that, the newest, together, later. */
const WINDOW_MS = 50, AT_ONCE = 50, KEPT = 200;

/** @typedef {{ level: string, args: unknown[] }} Line */

/** @param {unknown} value */
function asText(value) {
  try {
    return String(value);
  } catch {
    return typeof value;
  }
}

/** Sends what is given to `console` to a port, as `{ lines, skipped }`, and to the console as before.
 * @param {MessagePort} port */
export function printTo(port) {
  /** @type {Line[]} */
  let lines = [];
  let skipped = 0, windowEnd = 0, sent = 0;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let timer;
  const flush = () => {
    clearTimeout(timer);
    timer = undefined;
    try {
      port.postMessage({ lines, skipped });
    } catch { /* one has a function, say */
      port.postMessage({ lines: lines.map(({ level, args }) => ({ level, args: args.map(asText) })), skipped });
    }
    lines = [];
    skipped = 0;
  };
  for (const level of /** @type {const} */ (['debug', 'log', 'info', 'warn', 'error'])) {
    const before = console[level];
    console[level] = (...args) => {
      before.apply(console, args);
      lines.push({ level, args });
      if (lines.length > KEPT) {
        lines.shift();
        skipped++;
      }
      const now = performance.now();
      if (now >= windowEnd) {
        windowEnd = now + WINDOW_MS;
        sent = 0;
      }
      if (sent++ < AT_ONCE) flush();
      else timer ??= setTimeout(flush, WINDOW_MS);
    };
  }
}
