/**
 * `tokenize`: values by a hash, so that what is equal is known by one name. The text that is hashed is the one by
 * which values travel, which is exact; what it would spell out at length, or cannot say, stands there by a word.
 */
import { sha256 } from '@noble/hashes/sha2.js';
import { bytesToHex } from '@noble/hashes/utils.js';
import { Delayed, delayedTask } from './delayed.js';
import { functionSource, nameOf } from './functions/source.js';
import { rawBytes, rawKind } from './values/codec.js';
import { asText } from './values/text.js';
import { AS_JSON, howItTravels, isShared } from './values/travel.js';

const encoder = new TextEncoder();

/** 32 hexadecimal digits. @param {Uint8Array} bytes */
const digest = (bytes) => bytesToHex(sha256(bytes).subarray(0, 16));

/** Whether only a function's text is missing for it to be known. @param {unknown} value @returns {value is Function} */
function hasText(value) {
  if (typeof value !== 'function') return false;
  if (delayedTask(value)) return true;
  try {
    return functionSource(value) !== undefined;
  } catch {
    return false; /* a built-in or bound function, or a class */
  }
}

/** Bytes are hashed by themselves: as text they would be long, and a part of a buffer would stand there with the
 * whole of it. @param {any} value */
const hasBytes = (value) => rawKind(value) !== 0 && !isShared(value.buffer);

/** @param {unknown} value */
const isWord = (value) => value instanceof Delayed || hasText(value);

/** @type {Record<string, (value: any) => unknown>} */
const words = {
  Delayed: (value) => value instanceof Delayed && [value.key],
  Function: (value) => typeof value === 'function' && [tokenOf(delayedTask(value)) ?? functionSource(value).source, nameOf(value)],
  Bytes: (value) => hasBytes(value) && [rawKind(value), digest(rawBytes(value))],
};

/** @type {WeakMap<import('./delayed.js').TaskFunction, string>} */
const tokens = new WeakMap();

/** What says of calls of a function that they are equal, but for their arguments.
 * @param {import('./delayed.js').TaskFunction | undefined} task */
function tokenOf(task) {
  let token = task && tokens.get(task);
  if (task && !token) {
    if (!task.module) functionSource(task.fn, task.name); /* or it says why not */
    tokens.set(task, (token = tokenize(task.module ?? task.fn, task.scope, task.ctx, task.traverse)));
  }
  return token;
}

Delayed.pureKey = (task, args) => `${task.name}-${tokenize(tokenOf(task), args)}`;

/**
 * A hash of values: equal for equal values, in every thread and on every day, and different for all that a task
 * could tell apart: -0 and 0, `undefined` and `null`, 1 and '1', [1, [2]] and [[1], 2], typed arrays of different
 * classes, holes, a part that is shared and one that is there twice, cycles. Properties count in their order, since
 * that can be seen too. A function is known by its text and its name, one that `delayed` made by its scope as well,
 * and a Delayed by its key: what a function takes from around it is not seen. Of typed arrays on one buffer only
 * what they show counts.
 * @param {...unknown} values what can travel between threads, functions and Delayed
 * @returns {string} 32 hexadecimal digits, the first half of a SHA-256
 * @throws {import('./errors.js').ValueError} with the path of what cannot be told
 * @example
 * tokenize([1, 2], 'x') === tokenize([1, 2], 'x'); // true
 */
export function tokenize(...values) {
  const how = howItTravels(values, isWord);
  return digest(encoder.encode(how === AS_JSON ? `json ${JSON.stringify(values)}` : `text ${asText(values, words)}`));
}
