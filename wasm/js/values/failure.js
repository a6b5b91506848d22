/**
 * What tasks throw, on its way to the user. An error arrives whole if it can travel as a value; otherwise
 * without those of its properties that cannot.
 */
import * as ours from '../errors.js';
import { isError, leftOut, partsOf } from './error-parts.js';
import { asText, fromText } from './text.js';
import { howItTravels } from './travel.js';

/** So many causes (and errors of an AggregateError) in one another arrive also if something in them cannot travel. */
const CAUSES_MAX = 100;

/** @param {unknown} value */
function travels(value) {
  try {
    howItTravels(value);
    asText(value);
    return true;
  } catch {
    return false;
  }
}

/** @param {unknown} thrown */
function describe(thrown) {
  try {
    return String(thrown);
  } catch {
    return 'something that cannot be shown';
  }
}

/** Errors without what cannot travel, as text. @param {Error} thrown */
function packWithout(thrown) {
  /** @type {Map<unknown, unknown[]>} Each error's parts. */
  const parts = new Map();
  const found = [{ error: thrown, depth: 0 }];
  for (const { error, depth } of found) {
    if (parts.has(error)) continue;
    const within = (/** @type {unknown} */ value) => {
      if (!isError(value)) return travels(value) ? value : describe(value);
      if (depth === CAUSES_MAX) return `${describe(value)} (whose causes were too many)`;
      found.push({ error: value, depth: depth + 1 });
      return value;
    };
    parts.set(error, partsOf(error, (key, value) => {
      if (key === 'cause') return within(value);
      if (key === 'errors' && Array.isArray(value)) return value.map(within);
      return travels(value) ? value : leftOut;
    }));
  }
  return asText({ thrown }, { Error: (value) => isError(value) && (parts.get(value) ?? partsOf(value)) });
}

/** What was thrown, as text. @param {unknown} thrown */
export function packFailure(thrown) {
  if (travels(thrown)) return asText({ thrown });
  if (!isError(thrown)) return asText({ described: describe(thrown) });
  try {
    return packWithout(thrown);
  } catch { /* more than an encoder has stack for */
    return asText({ thrown: Object.assign(new Error(describe(thrown)), { stack: String(thrown.stack) }) });
  }
}

/** @param {any} packed @returns {unknown} */
function unpack(packed) {
  return 'described' in packed ? packed.described : packed.thrown;
}

/** The error to reject with. @param {string} text @param {TaskInfo} task */
export function unpackFailure(text, task) {
  return asTaskError(unpack(fromText(text)), task);
}

/** @typedef {{ key: string, name: string, worker: number, attempt: number, made?: string }} TaskInfo `made`: where
 * `delayed` was called */

/**
 * An error as the user sees it: their own, with `task` added; a TaskError around anything else.
 * @param {unknown} thrown
 * @param {TaskInfo} task
 */
export function asTaskError(thrown, task) {
  const known = isError(thrown);
  if (known && (thrown instanceof ours.ValueError || thrown instanceof ours.OutOfMemoryError))
    thrown.message = `the result of '${task.key}': ${thrown.message}`;
  if (known && Object.isExtensible(thrown)) return Object.assign(thrown, { task });
  return new ours.TaskError(`task '${task.key}' threw ${describe(thrown)}`, { cause: thrown, task });
}

/**
 * What a computation throws that kept going when tasks failed.
 * @param {unknown[]} errors one for each task that failed
 * @param {number} total tasks
 * @param {unknown[]} results those that were wanted; undefined: failed, or needed what failed
 */
export function failedTogether(errors, total, results) {
  const keys = errors.slice(0, 5).map((error) => `'${/** @type {any} */ (error).task.key}'`).join(', ');
  const message = `${errors.length} of ${total} tasks failed: ${keys}${errors.length > 5 ? `, and ${errors.length - 5} more` : ''}`;
  return Object.assign(new AggregateError(errors, message), { results });
}

/** An error that another thread of Heddle's own has packed. @param {string} text */
export function restoreError(text) {
  return unpack(fromText(text));
}
