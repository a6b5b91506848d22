/** The task stream as a panel of a picture: one row a worker, one bar a task, coloured by name as everywhere. */
import { countedNoun, timed } from '../trace/quantities.js';
import { colourOf } from '../trace/palette.js';
import { escaped, innerWidth, place } from './svg.js';

const ROW = 24, GAP = 4, LEGEND = 20, LETTER = 6.2, LEGEND_MAX = 30;
/** Neighbours of one name that are narrower than so many pixels share a bar. */
const NARROW = 0.75;

/** @typedef {import('./profiler.js').TaskTime} TaskTime @typedef {{ left: number, right: number, tasks: number, of: TaskTime }} Bar */

/** @param {readonly TaskTime[]} row by time @param {(ms: number) => number} x @returns {Bar[]} */
function barsOf(row, x) {
  /** @type {Bar[]} */
  const bars = [];
  for (const task of row) {
    const left = x(task.startMs), right = x(task.endMs), last = bars.at(-1);
    const joins = last && last.of.name === task.name && last.of.state === task.state && right - left < NARROW && left - last.right < NARROW &&
      (last.tasks > 1 || last.right - last.left < NARROW);
    if (joins) {
      last.right = Math.max(last.right, right);
      last.tasks++;
    } else {
      bars.push({ left, right, tasks: 1, of: task });
    }
  }
  return bars;
}

/** @param {Bar} bar @param {number} y */
function drawnBar({ left, right, tasks, of }, y) {
  const { fill, text } = colourOf(of.name), failed = of.state === 'erred', cut = of.state === 'cancelled' || of.state === 'running';
  const width = Math.max(0.5, right - left), height = ROW - GAP, label = `${failed ? '✕ ' : ''}${of.name}`;
  const says = tasks > 1 ? `${of.name}: ${countedNoun(tasks, 'task')}` : `${of.key}: began at ${timed(of.startMs)}, took ${timed(of.endMs - of.startMs)}${failed || cut ? `, ${of.state}` : ''}`;
  const style = failed ? ' stroke="#000" stroke-width="2"' : cut ? ' stroke="#000" stroke-dasharray="3 2" fill-opacity="0.6"' : '';
  return `<g><title>${escaped(says)}</title><rect x="${place(left)}" y="${y}" width="${place(width)}" height="${height}" fill="${failed ? '#000' : fill}"${style}/>` +
    (label.length * LETTER + 6 < width ? `<text x="${place(left + 4)}" y="${y + height / 2 + 4}" fill="${failed ? '#fff' : text}">${escaped(label)}</text>` : '') + '</g>';
}

/** Which colour is which name. @param {readonly TaskTime[]} tasks @param {number} pictureWidth */
export function legendOf(tasks, pictureWidth) {
  const names = [...new Set(tasks.map(({ name }) => name))].sort(), width = innerWidth(pictureWidth);
  let at = 0, line = 0, out = '';
  const shown = names.slice(0, LEGEND_MAX), more = names.length - shown.length;
  for (const [index, name] of [...shown, ...(more ? [`and ${more} more`] : [])].entries()) {
    const label = name.length > 40 ? `${name.slice(0, 39)}…` : name, room = label.length * LETTER + 30;
    if (at > 0 && at + room > width) [at, line] = [0, line + 1];
    if (index < shown.length) out += `<rect x="${place(at)}" y="${line * LEGEND}" width="11" height="11" fill="${colourOf(name).fill}"/>`;
    out += `<text x="${place(at + 16)}" y="${line * LEGEND + 10}">${escaped(label)}</text>`;
    at += room;
  }
  return { text: out, height: (line + 1) * LEGEND };
}

/** @param {readonly TaskTime[]} tasks by time @returns {import('./svg.js').Panel} */
export function taskStream(tasks) {
  /** @type {Map<number, TaskTime[]>} */
  const rows = new Map();
  for (const task of tasks) {
    const row = rows.get(task.worker) ?? [];
    if (!row.length) rows.set(task.worker, row);
    row.push(task);
  }
  const workers = [...rows.keys()].sort((a, b) => a - b);
  return {
    title: `Task stream: ${countedNoun(tasks.length, 'task')}`, height: Math.max(1, workers.length) * ROW + GAP,
    draw: (x) => workers.map((worker, row) => `<text x="-10" y="${row * ROW + GAP + ROW / 2}" text-anchor="end">worker ${worker}</text>` +
      barsOf(/** @type {TaskTime[]} */ (rows.get(worker)), x).map((bar) => drawnBar(bar, row * ROW + GAP)).join('')).join(''),
  };
}
