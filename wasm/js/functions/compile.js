/** The other end of ship.js: from text to a function, in the thread that runs it. */
import { sleep, spin } from '../sleep.js';
import { fromText } from '../values/text.js';

/**
 * The body of a task's script, and where in it each function's source begins: those of the scope, and its own.
 * @param {{ source: string, functions: [string, string][] }} shipment
 */
export function layOut({ source, functions }) {
  let body = '"use strict"; ';
  /** @type {number[]} */
  const starts = [];
  const add = (/** @type {string} */ before, /** @type {string} */ code, /** @type {string} */ after) => {
    starts.push(body.length + before.length);
    body += before + code + after;
  };
  /* Functions of the scope see its values and each other. */
  for (const [key, code] of functions) add(`const ${key} = (`, code, '\n);\n');
  add('return (', source, '\n)');
  return { body, starts };
}

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
  for (const [key] of functions) visible.delete(key);
  const factory = new Function(...visible.keys(), `${layOut({ source, functions }).body}\n//# sourceURL=heddle:${encodeURIComponent(name)}`);
  return factory(...visible.values());
}
