/** `asCompleted`: results in the order in which they come. */
import { prepare, rebuild } from './compute.js';
import { asValues, execute, withResults } from './execute.js';
import { checkOptions } from './options.js';

/**
 * Computes what a structure needs, and gives each of its Delayed with its result as soon as that is there.
 * Those that are there at the same time come in no particular order. Leaving the
 * loop early cancels the rest.
 * @param {unknown} structure a Delayed, or arrays, plain objects, Maps, Sets with Delayed inside
 * @param {import('./execute.js').ComputeOptions} [options]
 * @returns {AsyncGenerator<[import('./delayed.js').Delayed<any>, any], void, void>} pairs of a node and its result
 * @throws what `compute` throws, after the results that came before
 * @example
 * for await (const [node, result] of asCompleted(urls.map((url) => fetchPage(url)))) console.log(node.key, result.length);
 */
export async function* asCompleted(structure, options = {}) {
  checkOptions(/** @type {any} */ (options));
  const { recording, places } = prepare(structure);
  if (!recording.outputs.length) return;
  /** @type {import('./delayed.js').Delayed[][]} By place: equal pure calls have one. */
  const nodes = recording.outputs.map(() => []);
  for (const [node, place] of places) nodes[place].push(node);
  const controller = new AbortController(), { signal } = options;
  const abort = () => controller.abort(signal?.reason);
  signal?.addEventListener('abort', abort, { once: true });
  if (signal?.aborted) abort();
  /** @type {[number, unknown][]} */
  const come = [];
  /** @type {{ error?: unknown } | undefined} */
  let end;
  let wake = () => {};
  /** @type {() => void} The serial scheduler goes on when somebody asks for more. */
  let goOn = () => {};
  execute(recording, { ...options, signal: controller.signal }, asValues, (place, result) => {
    come.push([place, result]);
    wake();
    return new Promise((resolve) => (goOn = () => resolve(undefined)));
  }).then(() => (end = {}), (error) => (end = { error })).finally(() => wake());
  try {
    for (;;) {
      for (let next; (next = come.shift()); )
        for (const node of nodes[next[0]]) yield [node, next[1]];
      if (end) break;
      goOn();
      await /** @type {Promise<void>} */ (new Promise((resolve) => {
        wake = resolve;
        if (come.length || end) resolve();
      }));
    }
    if ('error' in end) throw withResults(end.error, (results) => rebuild(structure, results, places));
  } finally {
    signal?.removeEventListener('abort', abort);
    if (!end) controller.abort(new Error('the loop over asCompleted was left'));
  }
}
