/** Values as text, as a console shows them. */
import { inspect } from 'loupe';
import { TEXT_MAX } from './protocol.js';

/** Characters of one value that is not a text. */
const VALUE_MAX = 2000;

/** @param {unknown} value */
export function inspectValue(value) {
  try {
    return inspect(value, { truncate: VALUE_MAX, depth: 4 });
  } catch {
    return Object.prototype.toString.call(value); /* a getter or a proxy that throws */
  }
}

/** What `console.log(...values)` would show. @param {unknown[]} values */
export function inspectAll(values) {
  const text = values.map((value) => (typeof value === 'string' ? value : value instanceof Error ? String(value) : inspectValue(value))).join(' ');
  return text.length > TEXT_MAX ? `${text.slice(0, TEXT_MAX - 1)}…` : text;
}
