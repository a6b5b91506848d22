/**
 * Errors of tasks on their way to the user: class, message, cause, own properties and stack survive.
 */
import * as ours from '../errors.js';
import { asText, fromText } from './text.js';
import { howItTravels } from './travel.js';

const CAUSES_MAX = 10;

/** Classes that are rebuilt by name; any other becomes an Error with that name. @type {Record<string, any>} */
const known = { Error, EvalError, RangeError, ReferenceError, SyntaxError, TypeError, URIError, ...ours };

/** @param {any} error @param {string} name */
function safely(error, name) {
  try {
    return error[name];
  } catch {
    return undefined; /* a getter that throws */
  }
}

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

/** @param {unknown} thrown @param {number} depth @returns {Record<string, unknown>} */
function pack(thrown, depth) {
  if (!(thrown instanceof Error)) return travels(thrown) ? { thrown } : { described: describe(thrown) };
  /** @type {Record<string, unknown>} */
  const properties = {};
  for (const key of Object.keys(thrown)) {
    const value = safely(thrown, key);
    if (key !== '__proto__' && key !== 'cause' && travels(value)) properties[key] = value;
  }
  const cause = safely(thrown, 'cause');
  return {
    name: String(safely(thrown, 'name')),
    message: String(safely(thrown, 'message')),
    stack: String(safely(thrown, 'stack') ?? ''),
    properties,
    ...(cause !== undefined && depth < CAUSES_MAX ? { cause: pack(cause, depth + 1) } : {}),
  };
}

/** What was thrown, as text. @param {unknown} thrown */
export function packFailure(thrown) {
  return asText(pack(thrown, 0));
}

/** @param {any} packed @returns {unknown} */
function unpack(packed) {
  if ('described' in packed) return packed.described;
  if ('thrown' in packed) return packed.thrown;
  const options = 'cause' in packed ? { cause: unpack(packed.cause) } : undefined;
  const Class = Object.hasOwn(known, packed.name) ? known[packed.name] : Error;
  const error = Object.setPrototypeOf(new Error(packed.message, options), Class.prototype);
  const define = (/** @type {string} */ name, /** @type {unknown} */ value) =>
    Object.defineProperty(error, name, { value, writable: true, configurable: true });
  if (error.name !== packed.name) define('name', packed.name);
  define('stack', packed.stack);
  return Object.assign(error, packed.properties);
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
  if (thrown instanceof ours.ValueError || thrown instanceof ours.OutOfMemoryError)
    thrown.message = `the result of '${task.key}': ${thrown.message}`;
  if (thrown instanceof Error && Object.isExtensible(thrown)) return Object.assign(thrown, { task });
  return new ours.TaskError(`task '${task.key}' threw ${describe(thrown)}`, { cause: thrown, task });
}

/** An error that another thread of Heddle's own has packed. @param {string} text */
export function restoreError(text) {
  return unpack(fromText(text));
}
