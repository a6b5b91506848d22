/** Heddle's own task functions, by the name under which every thread has them. */

/** @type {Record<string, Function>} */
export const builtins = {
  value: /** @param {unknown} value */ (value) => value,
  checkpoint: () => null,
  waitOn: /** @param {unknown} value */ (value) => value,
};
