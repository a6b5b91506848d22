/** The other end of ship.js: from text to a function, in the thread that runs it. */
import { builtins } from '../builtins.js';
import { FunctionError } from '../errors.js';
import { sleep, spin } from '../sleep.js';
import { fromText } from '../values/text.js';
import { moduleExport } from './module-export.js';
import { scriptName } from './stack.js';

/** Functions that every task sees without carrying them. @type {Record<string, Function>} */
export const offered = { sleep, spin };

/** Functions of Heddle's own that every thread has. @type {Record<string, Function>} */
export const ownFunctions = { ...builtins, ...offered };

/**
 * A built-in function, ready to be called. As a method of its object: Promise.resolve needs it.
 * @param {string[]} path
 * @returns {Function}
 */
export function nativeAt([name, property]) {
  const value = Reflect.get(globalThis, name);
  const fn = property === undefined ? value : value?.[property];
  if (typeof fn !== 'function') throw new FunctionError(`the function ${[name, property].filter(Boolean).join('.')} is missing on the thread that runs it.`);
  return fn.bind(property === undefined ? undefined : value);
}

/** @param {import('./ship.js').Known} known @returns {Function} */
function find(known) {
  if (known.builtin !== undefined) return ownFunctions[known.builtin];
  if (known.native !== undefined) return nativeAt(known.native);
  return moduleExport(known.module, known.export, known.importer);
}

/** @param {string} name @param {unknown} [cause] */
export const forbidden = (name, cause) =>
  new FunctionError(`this page's Content-Security-Policy forbids to make functions of text ('unsafe-eval'), which is how '${name}' would travel to other threads: ` +
    'export it from a module and use { module, name }.', { functionName: name, cause });

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
  const shipment = JSON.parse(text);
  if (!('source' in shipment)) return find(shipment);
  const { name, source, values, functions, known } = shipment;
  /* What is carried comes last: a `sleep` of the user's own wins. */
  const visible = new Map(Object.entries(/** @type {Record<string, unknown>} */ (offered)));
  for (const [key, value] of values) visible.set(key, fromText(value));
  for (const [key, place] of known) visible.set(key, find(place));
  for (const [key] of functions) visible.delete(key);
  let factory;
  try {
    factory = new Function(...visible.keys(), `${layOut({ source, functions }).body}\n//# sourceURL=heddle:${scriptName(name)}`);
  } catch (error) {
    if (error instanceof SyntaxError) throw error;
    throw forbidden(name, error);
  }
  return factory(...visible.values());
}

/** What may leave a promise behind that nobody waits for. A word too many does no harm. */
const PROMISES = /\b(?:async|await|Promise|fetch|import)\b|\.\s*then\b|\basync|Async\b/;

/**
 * What a caller should know of a function before it calls it.
 * @param {string} text of `describe`
 * @returns {{ name: string, ctx: boolean, asynchronous: boolean, timeoutMs: number }} whether it takes the task's context
 *   first; whether it, or something in its scope, could leave a promise behind; how long it may take, 0: as it likes
 */
export function traitsOf(text) {
  /** @type {import('./ship.js').Shipment} */
  const shipment = JSON.parse(text);
  const texts = 'source' in shipment
    ? [shipment.source, ...shipment.functions.map(([, code]) => code), ...shipment.known.map(([, { native }]) => native?.join('.') ?? '')]
    : [shipment.native?.join('.') ?? ''];
  return { name: shipment.name, ctx: shipment.ctx === true, timeoutMs: shipment.timeoutMs ?? 0, asynchronous: texts.some((code) => PROMISES.test(code)) };
}
