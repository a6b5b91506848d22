/** Values as text by devalue, for all that JSON cannot say exactly. What may go in, travel.js decides. */
import { defaultStringifyOperations, parse, stringify } from 'devalue';
import { isShared } from './travel.js';

const hasBuffer = typeof Buffer === 'function';

/** Node's Buffers have a name of their own, or they would arrive as the Uint8Array that they also are.
 * @type {Record<string, (value: any) => unknown>} */
const reducers = hasBuffer
  ? { Buffer: (value) => value instanceof Buffer && new Uint8Array(value) }
  : {};
/** @type {Record<string, (value: any) => unknown>} */
const revivers = hasBuffer
  ? { Buffer: ({ buffer, byteOffset, byteLength }) => Buffer.from(buffer, byteOffset, byteLength) }
  : {};

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
