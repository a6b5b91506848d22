/**
 * Task functions on their way to other threads, as text: where to find them, or their source, name, and what
 * their scope carries. Describing needs no parser; checking does, which is loaded when the first function is checked.
 */
import { importerAddress, workersMayMakeFunctions } from '../core/load-threads.js';
import { FunctionError, HdError, OptionError } from '../errors.js';
import { asText } from '../values/text.js';
import { howItTravels } from '../values/travel.js';
import { forbidden, nativeAt, offered, ownFunctions } from './compile.js';
import { importBy } from './module-export.js';
import { nativePath } from './natives.js';
import { functionSource, isNative, nameOf, subjectOf } from './source.js';

importBy((url) => import(/* webpackIgnore: true */ /* @vite-ignore */ url));

/**
 * A function that the other thread has or can get, so that nothing is made of text there: one of Heddle's own, a
 * built-in one, or an export of a module (`importer`: the address of core/import.js).
 * @typedef {{ builtin: string, native?: undefined, module?: undefined }
 *   | { native: string[], builtin?: undefined, module?: undefined }
 *   | { module: string, export: string, importer?: string, builtin?: undefined, native?: undefined }} Known
 */

/**
 * A function as text, `source`, and its scope, by name: a value as devalue's text, a function's source, or a
 * function that is known there.
 * @typedef {{ own: string, source: string, values: [string, string][], functions: [string, string][], known: [string, Known][] }} Source
 */

/** @typedef {{ name: string, ctx?: boolean, timeoutMs?: number } & (Known | Source)} Shipment `ctx`: it takes the task's context first */

/** @typedef {import('../delayed.js').TaskFunction} TaskFunction */

/** Texts of functions without a scope, by whether they take the context. @type {Record<'true' | 'false', WeakMap<Function, string>>} */
const described = { true: new WeakMap(), false: new WeakMap() };
/** @type {Set<string>} Texts that have passed the check. */
const checked = new Set();

const own = new Map(Object.entries(ownFunctions).map(([name, fn]) => [fn, name]));

/** What strict code does not let a variable be called. */
const RESERVED = new RegExp(
  '^(?:arguments|break|case|catch|class|const|continue|debugger|default|delete|do|else|enum|eval|export|extends|false|finally|for|' +
    'function|if|implements|import|in|instanceof|interface|let|new|null|package|private|protected|public|return|static|super|switch|' +
    'this|throw|true|try|typeof|var|void|while|with|yield)$',
);

/** Whether a variable of strict code can be called so: not `a b`, nor `class`. @param {string} key */
const isVariableName = (key) => /^[\p{ID_Start}$_][\p{ID_Continue}$\u200c\u200d]*$/u.test(key) && !RESERVED.test(key);

/** Where another thread has this function, if it has. @param {Function} fn @returns {Known | undefined} */
function knownThere(fn) {
  const builtin = own.get(fn);
  if (builtin !== undefined) return { builtin };
  const native = isNative(fn) ? nativePath(fn) : undefined;
  return native && { native };
}

/** @param {string} name @param {Source} shipment @param {Record<string, unknown>} scope */
function packScope(name, shipment, scope) {
  for (const [key, value] of Object.entries(scope)) {
    if (!isVariableName(key))
      throw new OptionError(`the scope of '${name}' has '${key}', which is no name of a variable.`, { option: 'scope' });
    if (typeof value === 'function') {
      if (offered[key] === value) continue;
      const known = knownThere(value);
      if (known) shipment.known.push([key, known]);
      else shipment.functions.push([key, functionSource(value, key).source]);
      continue;
    }
    try {
      howItTravels(value);
      shipment.values.push([key, asText(value)]);
    } catch (cause) {
      throw new FunctionError(`the scope of '${name}' carries '${key}': ${/** @type {Error} */ (cause).message}`, { cause });
    }
  }
}

/** @param {TaskFunction} task @returns {Known | Source} */
function packFunction({ fn, name, scope, module }) {
  if (module) {
    if (scope)
      throw new FunctionError(`'${name}' is exported from a module and sees what is there, so it has no scope: pass values as arguments.`, { functionName: name });
    return { module: module.url, export: module.name, importer: importerAddress() };
  }
  const known = knownThere(fn);
  if (known) return known;
  const { source, kind } = functionSource(fn, name);
  if (kind.includes('generator')) throw new FunctionError(`${subjectOf(name)} ${whyNoGenerator(kind, name)}`, { functionName: name });
  /** @type {Source} */
  const shipment = { own: nameOf(fn), source, values: [], functions: [], known: [] };
  packScope(name, shipment, scope ?? {});
  return shipment;
}

/** @param {string} kind @param {string} name */
function whyNoGenerator(kind, name) {
  const generator = isVariableName(name) && name !== 'task' ? name : 'generator';
  const collect = kind.includes('async')
    ? `async (...args) => { const all = []; for await (const one of ${generator}(...args)) all.push(one); return all; }`
    : `(...args) => [...${generator}(...args)]`;
  return 'is a generator function, which gives an iterator, not a value: give a function that returns an array of what it ' +
    `yields, such as ${collect} with { scope: { ${generator} } }.`;
}

/**
 * The text of a task's function, for `compile` on another thread.
 * @param {TaskFunction & { timeoutMs?: number }} task
 * @returns {string} JSON of a Shipment
 * @throws {FunctionError} if it cannot be a task on another thread, or its scope cannot travel
 */
export function describe(task) {
  const texts = task.scope ? undefined : described[task.ctx ? 'true' : 'false'];
  let text = texts?.get(task.fn);
  if (text === undefined) {
    text = JSON.stringify({ name: task.name, ctx: task.ctx || undefined, ...packFunction(task) });
    texts?.set(task.fn, text);
  }
  if (task.timeoutMs) return `{"timeoutMs":${task.timeoutMs},${text.slice(1)}`;
  return text;
}

/** @type {WeakMap<Function, Function>} */
const callables = new WeakMap();

/**
 * The function as it is called in this thread, without travelling: a built-in one as a method of its object.
 * @param {TaskFunction} task
 */
export function functionHere({ fn }) {
  let callable = callables.get(fn);
  if (!callable) {
    const path = isNative(fn) ? nativePath(fn) : undefined;
    callables.set(fn, (callable = path ? nativeAt(path) : fn));
  }
  return callable;
}

/** @type {typeof import('./check.js').checkSource | undefined} */
let checkSource;

/** Loads the parser that checks need. */
export async function loadCheck() {
  ({ checkSource } = await import('./check.js'));
}

/** Whether a policy lets this thread make functions of text; in Node.js, where one could, nobody has to. */
function mayMakeFunctions() {
  try {
    return Boolean(new Function(''));
  } catch {
    return false;
  }
}

/** Texts that have a source which nobody has checked yet. @param {string[]} texts */
const unchecked = (texts) => texts.filter((text) => !checked.has(text) && 'source' in JSON.parse(text));

/**
 * Finds what functions use that does not travel with them.
 * @param {string[]} texts of `describe`
 * @throws {FunctionError} if there is anything, or if functions must not be made of text
 */
export async function checkAll(texts) {
  const open = unchecked(texts);
  if (open.length === 0) return;
  if (!mayMakeFunctions() && !(await workersMayMakeFunctions())) throw forbidden(JSON.parse(open[0]).name);
  if (!checkSource) await loadCheck();
  check(open);
}

/** The same in a thread that has loaded the parser. @param {string[]} texts */
export function checkAllNow(texts) {
  const open = unchecked(texts);
  if (open.length > 0 && !mayMakeFunctions()) throw forbidden(JSON.parse(open[0]).name);
  check(open);
}

/** @param {string[]} texts */
function check(texts) {
  for (const text of texts) {
    if (checked.has(text)) continue;
    if (!checkSource) throw new HdError('NOT_LOADED', 'the parser is not loaded.');
    /** @type {{ name: string } & Source} */
    const { name, own, source, values, functions, known } = JSON.parse(text);
    const carried = [...values, ...functions, ...known].map(([key]) => key);
    checkSource(source, { name, own, carried, offered: Object.keys(offered) });
    for (const [key, code] of functions) checkSource(code, { name: key, own: key, carried, offered: Object.keys(offered) });
    checked.add(text);
  }
}
