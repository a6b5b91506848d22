/** Values as text, as a console shows them. */
import { inspect } from 'loupe';
import { TEXT_MAX } from './protocol.js';

/** Characters of one value that is not a text. */
const VALUE_MAX = 2000;

/** @param {string} text */
export const cut = (text) => (text.length > TEXT_MAX ? `${text.slice(0, TEXT_MAX - 1)}…` : text);

/** @type {any} A zero is shown as 0, not as +0. */
const options = { truncate: VALUE_MAX, depth: 4, stylize: (/** @type {string} */ text) => (text === '+0' ? '0' : text) };

/** @param {unknown} value */
export function inspectValue(value) {
  try {
    return cut(String(inspect(value, options)));
  } catch {
    return typeof value; /* a getter or a proxy that throws */
  }
}

/** What a value says of itself, however it behaves. @param {() => unknown} say */
export function textOf(say) {
  try {
    return cut(String(say()));
  } catch {
    return '';
  }
}

/** What `console.log(...values)` would show. @param {unknown[]} values */
export function inspectAll(values) {
  return cut(values.map((value) => {
    if (typeof value === 'string') return value;
    return (value instanceof Error && textOf(() => value)) || inspectValue(value);
  }).join(' '));
}
