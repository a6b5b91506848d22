/** `story`: what happened to one task of the last computations. */
import { HdError, UnknownKeyError } from '../errors.js';
import { storyOf } from '../trace/story.js';
import { recentModels } from './feed.js';

/**
 * What happened to a task, in order: Dask's `story(key)`.
 * @param {string} key
 * @param {import('../trace/model.js').TraceModel} [model] by default the newest that has the key, of the last computations that
 *   any diagnostic was told of
 * @returns {import('../trace/story.js').Chapter[]}
 * @throws {UnknownKeyError | HdError}
 * @example for (const { atMs, text } of story(z.key)) console.log(atMs.toFixed(1), text);
 */
export function story(key, model) {
  const models = model ? [model] : recentModels();
  if (!models.length) throw new HdError('NOT_WATCHED', 'no computation was watched: register a Profiler, Recorder or another diagnostic before computing.');
  for (const one of models) {
    const task = taskOf(one, key);
    if (task >= 0) return storyOf(one, task);
  }
  throw new UnknownKeyError(key, model ? '' : ` of the last ${models.length === 1 ? 'computation' : `${models.length} computations`} that were watched`);
}

/** @param {import('../trace/model.js').TraceModel} model @param {string} key */
function taskOf(model, key) {
  const { keys } = model.graph;
  if (keys.length) return keys.indexOf(key);
  for (let task = 0; task < model.count; task++) if (model.keyOf(task) === key) return task; /* of large graphs keys are not told, but numbers */
  return -1;
}
