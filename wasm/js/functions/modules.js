/** Functions of ES modules, which threads import by themselves. */
import { UnsupportedError } from '../errors.js';

/** By address and name. @type {Map<string, Function>} */
const functions = new Map();

/** @param {{ module: string | URL, name: string }} descriptor */
export function moduleTask({ module, name }) {
  const url = String(module), id = `${name} ${url}`;
  let fn = functions.get(id);
  if (!fn) functions.set(id, (fn = () => {
    throw new UnsupportedError(`'${name}' of ${url} cannot be imported here.`);
  }));
  return { fn, name, module: { url, name } };
}
