/**
 * The functions of tasks that Heddle makes itself, by name. Each carries nothing with it, so that other threads,
 * which have this list too, need only be told the name.
 */
export const builtins = Object.freeze({
  /** What was wrapped, or another node's result. @param {unknown} value */
  value: (value) => value,
  /** An item of a result: `node.get`. @param {any} object @param {any} item */
  getitem: (object, item) => (object instanceof Map ? object.get(item) : object[item]),
  /** A method of a result: `node.call`. @param {any} object @param {string} method @param {unknown[]} args */
  call: (object, method, ...args) => {
    if (object !== undefined && object !== null && typeof object[method] !== 'function')
      throw new TypeError(`the result has no method '${method}'`);
    return object[method](...args);
  },
  /** Something to wait for. */
  checkpoint: () => null,
  /** A result that is given when others are there too. @param {unknown} value */
  waitOn: (value) => value,
});
