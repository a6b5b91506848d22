/** Tasks that are exported by ES modules: `{ module, name }` from the user's hands. */
import { FunctionError, UnsupportedError } from '../errors.js';
import { isLoaded, moduleExport, shown } from './module-export.js';

const known = /^(?:https?|file|data|blob|node):/i;
const here = "new URL('./tasks.js', import.meta.url)";

/** @param {string} text @param {string} [base] */
function parse(text, base) {
  try {
    return new URL(text, base).href;
  } catch (cause) {
    throw new FunctionError(`'${shown(text)}' is no address of a module: give ${here}.`, { module: text, cause });
  }
}

/**
 * The absolute address of a module, told at once: later nobody knows what it was relative to.
 * @param {unknown} module
 */
function addressOf(module) {
  const text = typeof module === 'object' && module !== null && 'href' in module ? String(module.href) : module;
  if (typeof text !== 'string' || text === '')
    throw new FunctionError(`module is the address of an ES module, a URL or a string, such as ${here}.`);
  if (known.test(text)) return parse(text);
  const { document, process } = /** @type {any} */ (globalThis);
  const inNode = Boolean(process?.versions?.node);
  const refuse = (/** @type {string} */ why) => new FunctionError(`the module '${shown(text)}' ${why}`, { module: text });
  if (inNode && /^(?:\/(?!\/)|[a-z]:[\\/])/i.test(text)) {
    const { pathToFileURL } = process.getBuiltinModule?.('node:url') ?? {};
    return pathToFileURL ? pathToFileURL(text).href : parse(`file://${encodeURI(text)}`);
  }
  if (/^(?:\.{0,2}\/|\.{1,2}$)/.test(text)) {
    if (!inNode && document) return parse(text, document.baseURI);
    throw refuse(`is a relative address, and Heddle cannot know relative to which file: give new URL('${text}', import.meta.url).`);
  }
  if (/^[a-z][a-z0-9+.-]*:/i.test(text)) throw refuse('cannot be imported: its address begins with https:, http:, file:, data:, blob: or node:.');
  throw refuse(`is the name of a package, which workers cannot look up: give import.meta.resolve('${text}'), or for a file new URL('./${text}', import.meta.url).`);
}

/**
 * A task function that a module exports.
 * @param {{ module: string | URL, name: string }} place
 * @returns {{ fn: Function, name: string, module: { url: string, name: string } }} `fn` calls it in this thread
 * @throws {FunctionError} if the address cannot be one
 * @example moduleTask({ module: new URL('./tasks.js', import.meta.url), name: 'resize' })
 */
export function moduleTask({ module, name }) {
  if (typeof name !== 'string' || name === '')
    throw new FunctionError(`name is the name of the export, as in { module, name: 'resize' }, but got ${name === '' ? 'an empty string' : name === null ? 'null' : typeof name}.`);
  const url = addressOf(module);
  return { fn: moduleExport(url, name), name, module: { url, name } };
}

/**
 * What runs in this thread and cannot wait needs its modules to be there.
 * @param {import('../delayed.js').TaskFunction[]} tasks
 * @throws {UnsupportedError}
 */
export function refuseUnloaded(tasks) {
  for (const { module, name } of tasks)
    if (module && !isLoaded(module.url))
      throw new UnsupportedError(`computeSync with scheduler 'sync' cannot wait for the module of '${name}', ${shown(module.url)}, which is not loaded yet: ` +
        "await compute() once before, with scheduler 'sync', or use scheduler 'threads'.");
}
