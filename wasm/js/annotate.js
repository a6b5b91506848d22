/** `annotate`: what is said about tasks, beside what they do. */
import { isPlainObject } from './containers.js';
import { actingAnnotations, checkOption, recordWith } from './delayed.js';
import { OptionError } from './errors.js';
import { howItTravels } from './values/travel.js';

/**
 * Runs a function at once, and says something about every task that is recorded meanwhile. Three words act, as
 * they do as options of {@link import('./delayed.js').delayed}: `priority`, a whole number: tasks of higher
 * priority, and all that they need, run first; `retries`: how often a task is run again that failed;
 * `timeoutMs`: how long one run of it may take. Whatever else is said is carried along, for
 * {@link import('./watch.js').watch} and those who look at `node.annotations`.
 * @template T
 * @param {Record<string, unknown>} given values that can travel between threads. Inside another `annotate`
 *   both are said, and of two of one name the inner one
 * @param {() => T} fn not told anything that it records after an `await`
 * @returns {T} what `fn` gives
 * @throws {OptionError} for what is no plain object, no function, no priority (retries, timeoutMs), or cannot travel
 * @example
 * const first = annotate({ priority: 10, stage: 'load' }, () => load('file'));
 * first.annotations; // { priority: 10, stage: 'load' }
 */
export function annotate(given, fn) {
  if (!isPlainObject(given)) throw new OptionError('annotate takes a plain object of annotations: { priority: 1 }.', { option: 'annotations' });
  if (typeof fn !== 'function') throw new OptionError('annotate takes a function, which it runs at once.', { option: 'fn' });
  for (const option of actingAnnotations) checkOption(option, given[option], `the annotation '${option}'`);
  try {
    howItTravels(given);
  } catch (cause) {
    throw new OptionError(`the annotations cannot travel: ${/** @type {Error} */ (cause).message}`, { option: 'annotations', cause });
  }
  return recordWith(given, fn);
}
