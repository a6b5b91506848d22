/** How a computation is getting on, as `onProgress` is told. */

/** At most so often, in milliseconds. */
export const PROGRESS_MS = 100;

/**
 * @typedef {{ total: number, done: number, running: number, failed: number }} Counts tasks
 *
 * @typedef {object} Progress
 * @property {number} done tasks that are done
 * @property {number} total tasks in all; those that run again for each reader are counted for each
 * @property {number} running
 * @property {number} failed
 * @property {Record<string, Counts>} names the same for each name of a function
 * @property {{ key: string, fraction: number }[]} tasks those that run and have said how far they are (`ctx.progress`)
 * @property {number} elapsedMs since the computation began to run
 * @property {number | undefined} remainingMs how long it may take still, if the rest takes as long as what is done;
 *   undefined: nothing is done yet
 */

/**
 * @param {readonly [string, Counts][]} named counts for each function; several may have one name
 * @param {Progress['tasks']} tasks
 * @param {number} elapsedMs
 * @returns {Progress}
 */
export function progressOf(named, tasks, elapsedMs) {
  const names = /** @type {Record<string, Counts>} */ (Object.create(null));
  const all = { total: 0, done: 0, running: 0, failed: 0 };
  for (const [name, counts] of named) {
    const of = (names[name] ??= { total: 0, done: 0, running: 0, failed: 0 });
    for (const count of /** @type {(keyof Counts)[]} */ (['total', 'done', 'running', 'failed'])) {
      of[count] += counts[count];
      all[count] += counts[count];
    }
  }
  const worked = tasks.reduce((sum, { fraction }) => sum + fraction, all.done);
  const remainingMs = worked > 0 ? (elapsedMs / worked) * Math.max(0, all.total - worked) : undefined;
  return { ...all, names, tasks, elapsedMs, remainingMs };
}
