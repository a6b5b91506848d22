/** What tasks print, for a host that wants to show it. */

/** Sends what is given to `console` to a port, and to the console as before. @param {MessagePort} port */
export function printTo(port) {
  for (const level of /** @type {const} */ (['debug', 'log', 'info', 'warn', 'error'])) {
    const before = console[level];
    console[level] = (...args) => {
      before.apply(console, args);
      try {
        port.postMessage({ level, args });
      } catch {
        port.postMessage({ level, args: args.map((arg) => { /* a function, say */
          try {
            return String(arg);
          } catch {
            return typeof arg;
          }
        }) });
      }
    };
  }
}
