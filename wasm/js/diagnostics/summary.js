/** `summary`: a run as a table of text. */
import { counted, countedNoun, timed } from '../trace/quantities.js';
import { statisticsOf } from '../trace/statistics.js';
import { printable } from './progress-text.js';
import { aligned, bytesText } from './table.js';

const NAMES_MAX = 40, NAME_MAX = 40, STEPS_MAX = 8;

/** @param {string} text @param {number} most */
const cut = (text, most) => printable(text.length > most ? `${text.slice(0, most - 1)}…` : text);

/**
 * Where the time of a run went, in some lines of text: how well the threads were used, what was in memory, the time of each
 * name, and the chain of tasks that no number of threads could shorten. `statisticsOf` of `heddle/trace` has the numbers.
 * @param {import('../trace/model.js').TraceModel} model of a run that has ended, or how it stands
 * @returns {string}
 */
export function summary(model) {
  const stats = statisticsOf(model), { workers, names } = stats;
  const how = model.scheduler === 'sync' ? 'one by one' : `on ${countedNoun(workers, 'thread')}`;
  const lines = [`${countedNoun(stats.tasks, 'task')} ${how} in ${timed(stats.wallMs)}: ${model.outcome ?? 'still running'}`,
    `${Math.round(stats.utilisation * 100)} % of the threads' time was used; ran ${stats.parallelism.toFixed(2)} times as fast as its serial time (${timed(stats.serialMs)}), at best ${stats.best.toFixed(2)} times`,
    `at most ${countedNoun(stats.peakResults, 'result')} in memory${stats.peakBytes ? `, ${bytesText(stats.peakBytes)}` : ''}${stats.retries ? `; ${counted(stats.retries)} tried again` : ''}`];
  const rows = names.slice(0, NAMES_MAX).map((name) => [cut(name.name, NAME_MAX), ...[name.tasks, name.done, name.failed, name.cancelled].map(counted),
    ...[name.totalMs, name.meanMs, name.longestMs].map((ms) => timed(ms)), `${Math.round((100 * name.totalMs) / (stats.serialMs || 1))} %`, name.bytes ? bytesText(name.bytes) : '']);
  lines.push('', aligned([['name', 'tasks', 'done', 'failed', 'cancelled', 'total', 'mean', 'longest', 'share', 'bytes'], ...rows]));
  if (names.length > rows.length) lines.push(`and ${countedNoun(names.length - rows.length, 'more name')}`);
  lines.push('', criticalText(model, stats));
  return lines.join('\n');
}

/** @param {import('../trace/model.js').TraceModel} model @param {import('../trace/statistics.js').Statistics} stats */
function criticalText(model, { criticalMs, criticalPath }) {
  const path = [...criticalPath], half = STEPS_MAX / 2;
  const said = (/** @type {number} */ task) => `${cut(model.keyOf(task), NAME_MAX)} (${timed(model.record.elapsedMs[task])})`;
  const steps = path.length <= STEPS_MAX ? path.map(said)
    : [...path.slice(0, half).map(said), `${counted(path.length - STEPS_MAX)} more`, ...path.slice(-half).map(said)];
  return `critical path: ${timed(criticalMs)} in ${countedNoun(path.length, 'task')}${steps.length ? `\n  ${steps.join(' → ')}` : ''}`;
}
