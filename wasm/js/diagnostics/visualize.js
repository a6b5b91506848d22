/** What diagnostics have recorded as one picture: panels above each other, on one time axis. */
import { OptionError } from '../errors.js';
import { countedNoun } from '../trace/quantities.js';
import { checkOptions } from './diagnostic.js';
import { memoryPanels } from './memory-chart.js';
import { pictureOut } from './picture-file.js';
import { pictureOf } from './svg.js';
import { legendOf, taskStream } from './task-stream.js';

const WIDTH = 1000;

/** @typedef {{ filename?: string, width?: number }} VisualizeOptions `filename`: where to write it (in Node.js), ends in .svg; `width` in pixels */
/** @typedef {{ startedAt: number | undefined, results: readonly any[] }} Recorded a Profiler or a MemoryProfiler */

/**
 * @param {readonly Recorded[]} diagnostics Profilers and MemoryProfilers
 * @param {VisualizeOptions} [options]
 * @returns {string} SVG
 * @throws {OptionError | import('../errors.js').UnsupportedError}
 * @example visualize([profiler, memory], { filename: 'run.svg' });
 */
export function visualize(diagnostics, options = {}) {
  checkOptions('visualize', options, { filename: (name) => typeof name === 'string', width: (width) => Number.isFinite(width) && width >= 200 && width <= 20_000 });
  const list = [...diagnostics];
  if (list.length === 0 || !list.every((one) => Array.isArray(one?.results)))
    throw new OptionError('visualize takes a list of Profilers and MemoryProfilers.', { option: 'diagnostics' });
  const { width = WIDTH, filename } = options, first = Math.min(...list.map(({ startedAt }) => startedAt ?? Infinity));
  const all = list.map(({ startedAt, results }) => {
    const offset = (startedAt ?? first) - first;
    return results.map((/** @type {any} */ row) => ('atMs' in row ? { ...row, atMs: row.atMs + offset } : { ...row, startMs: row.startMs + offset, endMs: row.endMs + offset }));
  });
  return pictureOut(drawn(all, width), filename);
}

/** @param {readonly any[][]} all rows of each diagnostic @param {number} width */
function drawn(all, width) {
  /** @type {import('./svg.js').Panel[]} */
  const panels = [];
  /** @type {import('./profiler.js').TaskTime[]} */
  let tasks = [];
  for (const rows of all) {
    if (rows.length && 'atMs' in rows[0]) {
      panels.push(...memoryPanels(rows));
    } else {
      tasks = [...tasks, ...rows];
      panels.push(taskStream(rows));
    }
  }
  const rangeMs = all.flat().reduce((most, row) => Math.max(most, row.atMs ?? row.endMs), 0);
  return pictureOf(panels, rangeMs, { width, title: `Heddle: ${countedNoun(tasks.length, 'task')}`, foot: tasks.length ? legendOf(tasks, width) : undefined });
}

/** The task stream of one model. @param {readonly import('./profiler.js').TaskTime[]} tasks @param {number} [width] */
export const streamPicture = (tasks, width = WIDTH) => drawn([[...tasks]], width);
