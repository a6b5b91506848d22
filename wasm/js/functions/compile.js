/** The other end of ship.js: from text to a function, in the thread that runs it. */
import { sleep, spin } from '../sleep.js';
import { fromText } from '../values/text.js';

/**
 * A function from the text of `describe`.
 * @param {string} text
 * @returns {Function}
 */
export function compile(text) {
  /** @type {import('./ship.js').Shipment} */
  const { name, source, values, functions } = JSON.parse(text);
  const visible = new Map(/** @type {[string, unknown][]} */ ([['sleep', sleep], ['spin', spin]]));
  for (const [key, value] of values) visible.set(key, fromText(value));
  /* Functions of the scope see its values and each other. */
  const others = functions.map(([key, code]) => `const ${key} = (${code}\n);`).join('\n');
  for (const [key] of functions) visible.delete(key);
  const file = encodeURIComponent(name);
  const factory = new Function(...visible.keys(), `"use strict"; ${others} return (${source}\n)\n//# sourceURL=heddle:${file}`);
  return factory(...visible.values());
}
