/** Values as text by devalue, for all that JSON cannot say exactly. What may go in, travel.js decides. */
import { defaultStringifyOperations, parse, stringify } from 'devalue';
import { fromParts, isError, partsOf } from './error-parts.js';
import { setOwn } from '../containers.js';
import { isShared } from './travel.js';

const hasBuffer = typeof Buffer === 'function';

/** What devalue lacks or would change; each also says whether a value is one. @type {Record<string, (value: any) => unknown>} */
const reducers = {
  /* Or it would arrive as the Uint8Array that it also is. */
  ...(hasBuffer ? { Buffer: (value) => value instanceof Buffer && new Uint8Array(value) } : {}),
  Error: (value) => isError(value) && partsOf(value),
  /* It refuses a property of this name, lest it become the prototype. */
  Own: (value) => typeof value === 'object' && value !== null && Object.hasOwn(value, '__proto__') && !isError(value)
    && [Object.getPrototypeOf(value) === null, ...Object.entries(value).flat()],
  /* One that stands at a place in its text. */
  RegExpAt: (value) => value instanceof RegExp && !Object.is(value.lastIndex, 0) && [value.source, value.flags, value.lastIndex],
};
/** @type {Record<string, (value: any) => unknown>} */
const revivers = {
  ...(hasBuffer ? { Buffer: ({ buffer, byteOffset, byteLength }) => Buffer.from(buffer, byteOffset, byteLength) } : {}),
  Error: fromParts,
  Own: fromEntries,
  RegExpAt: ([source, flags, lastIndex]) => Object.assign(new RegExp(source, flags), { lastIndex }),
};

/** Objects under way, by their entries: one that is in itself is asked for before all its entries are there. @type {WeakMap<unknown[], object>} */
const made = new WeakMap();

/** @param {unknown[]} entries whether it has no prototype, then keys and values */
function fromEntries(entries) {
  const object = made.get(entries) ?? (entries[0] ? Object.create(null) : {});
  made.set(entries, object);
  if (entries.length - 1 in entries) for (let at = 1; at < entries.length; at += 2) setOwn(object, /** @type {string} */ (entries[at]), entries[at + 1]);
  return object;
}

/** A view of the heap goes as a copy of what it shows: its buffer would be the whole heap. */
const operations = {
  viewInfo: (/** @type {any} */ view) => {
    if (isShared(view.buffer)) {
      const { buffer } = new Uint8Array(view.buffer, view.byteOffset, view.byteLength).slice();
      view = new view.constructor(buffer);
    }
    return defaultStringifyOperations.viewInfo(view);
  },
};

/**
 * @param {unknown} value
 * @param {Record<string, (value: unknown) => unknown>} [more] reducers, as devalue calls them
 */
export function asText(value, more) {
  return stringify(value, { ...reducers, ...more }, { operations });
}

/**
 * @param {string} text
 * @param {Record<string, (value: any) => unknown>} [more] revivers
 * @returns {any}
 */
export function fromText(text, more) {
  return parse(text, { ...revivers, ...more });
}
