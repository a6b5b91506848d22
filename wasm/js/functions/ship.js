/**
 * Task functions on their way to other threads, as text: source, name, and what their scope carries.
 * Describing needs no parser; checking does, which is loaded when the first function is checked.
 */
import { identity } from '../delayed.js';
import { FunctionError, HdError, OptionError } from '../errors.js';
import { sleep, spin } from '../sleep.js';
import { asText } from '../values/text.js';
import { howItTravels } from '../values/travel.js';
import { functionSource, nameOf } from './source.js';

/** Functions that every task sees without carrying them. @type {Record<string, Function>} */
export const offered = { sleep, spin };

/**
 * A function as text, `source`, and its scope, by name: a value as devalue's text, or a function's source.
 * @typedef {{ name: string, own: string, source: string, values: [string, string][], functions: [string, string][] }} Shipment
 */

/** @type {WeakMap<Function, string>} Texts of functions without a scope. */
const described = new WeakMap();
/** @type {Set<string>} Texts that have passed the check. */
const checked = new Set();

/** Whether a variable of strict code can be called so: not `a b`, nor `class`. @param {string} key */
function isVariableName(key) {
  if (!/^[\p{ID_Start}$_][\p{ID_Continue}$\u200c\u200d]*$/u.test(key)) return false;
  try {
    return Boolean(new Function(`"use strict"; let ${key};`));
  } catch {
    return false;
  }
}

/** @param {Shipment} shipment @param {Record<string, unknown>} scope */
function packScope(shipment, scope) {
  for (const [key, value] of Object.entries(scope)) {
    if (!isVariableName(key))
      throw new OptionError(`the scope of '${shipment.name}' has '${key}', which is no name of a variable.`, { option: 'scope' });
    if (typeof value === 'function') {
      if (offered[key] !== value) shipment.functions.push([key, functionSource(value, key).source]);
      continue;
    }
    try {
      howItTravels(value);
      shipment.values.push([key, asText(value)]);
    } catch (cause) {
      throw new FunctionError(`the scope of '${shipment.name}' carries '${key}': ${/** @type {Error} */ (cause).message}`, { cause });
    }
  }
}

/**
 * The text of a task's function, for `compile` on another thread.
 * @param {import('../delayed.js').TaskFunction} task
 * @returns {string} JSON of a Shipment
 * @throws {FunctionError} if it has no source text, or its scope cannot travel
 */
export function describe(task) {
  let text = task.scope ? undefined : described.get(task.fn);
  if (text === undefined) {
    const { source } = functionSource(task.fn, task.name);
    /** @type {Shipment} */
    const shipment = { name: task.name, own: nameOf(task.fn), source, values: [], functions: [] };
    packScope(shipment, task.scope ?? {});
    text = JSON.stringify(shipment);
    if (!task.scope) described.set(task.fn, text);
    if (task.fn === identity.fn) checked.add(text);
  }
  return text;
}

/** @type {typeof import('./check.js').checkSource | undefined} */
let checkSource;

/** Loads the parser that checks need. */
export async function loadCheck() {
  ({ checkSource } = await import('./check.js'));
}

/**
 * Finds what functions use that does not travel with them.
 * @param {string[]} texts of `describe`
 * @throws {FunctionError} if there is anything
 */
export async function checkAll(texts) {
  if (!checkSource && texts.some((text) => !checked.has(text))) await loadCheck();
  checkAllNow(texts);
}

/** The same in a thread that has loaded the parser. @param {string[]} texts */
export function checkAllNow(texts) {
  for (const text of texts) {
    if (checked.has(text)) continue;
    if (!checkSource) throw new HdError('NOT_LOADED', 'the parser is not loaded.');
    /** @type {Shipment} */
    const { name, own, source, values, functions } = JSON.parse(text);
    const carried = [...Object.keys(offered), ...values.map(([key]) => key), ...functions.map(([key]) => key)];
    checkSource(source, { name, own, carried });
    for (const [key, code] of functions) checkSource(code, { name: key, own: key, carried });
    checked.add(text);
  }
}
