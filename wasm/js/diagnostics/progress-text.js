/** What a progress bar says, as lines of text: Dask's look, `[########            ] | 40% Completed | 1.2 s`. */

/** Text from outside, without what a terminal would act on. @param {string} text */
export const printable = (text) => text.replace(/[\p{Cc}\p{Cf}\u2028\u2029]/gu, '?');

const NAMES_MAX = 10, NAME_MAX = 24, PER_NAME_WIDTH = 20;

/**
 * @typedef {object} Reading
 * @property {number} done
 * @property {number} total
 * @property {number} elapsedMs
 * @property {string} outcome of computations that have ended other than well: "failed", "cancelled"; empty: none has
 * @property {boolean} over whether all have ended
 * @property {{ name: string, done: number, total: number }[]} names
 */

/** @param {number} ms */
export function clockText(ms) {
  const seconds = ms / 1000;
  if (seconds < 99.95) return `${seconds.toFixed(1)} s`;
  const whole = Math.round(seconds), minutes = Math.floor(whole / 60);
  return minutes < 60 ? `${minutes} min ${whole % 60} s` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

/** 0 to 1. @param {{ done: number, total: number }} reading */
export const fractionOf = ({ done, total }) => (total > 0 ? Math.min(1, done / total) : 1);

/** @param {{ done: number, total: number }} reading @param {number} width */
const bar = (reading, width) => `[${'#'.repeat(Math.floor(width * fractionOf(reading))).padEnd(width)}]`;

/** All but the bar. @param {Reading} reading */
export function sentence(reading) {
  const { done, total, elapsedMs, outcome, over } = reading, parts = [`${Math.floor(100 * fractionOf(reading))}% Completed`, clockText(elapsedMs)];
  if (outcome) parts.push(outcome);
  else if (!over && done > 0) parts.push(`${clockText((elapsedMs / done) * (total - done))} left`);
  return parts.join(' | ');
}

/**
 * The lines for a terminal, each of them narrower than it.
 * @param {Reading} reading
 * @param {number} width of the bar, if there is room
 * @param {number} columns of the terminal
 */
export function barLines(reading, width, columns) {
  const said = ` | ${sentence(reading)}`, room = Math.min(width, columns - said.length - 3);
  const lines = [(room >= 4 ? `${bar(reading, room)}${said}` : said.slice(3)).slice(0, Math.max(1, columns - 1))];
  const shown = reading.names.slice(0, NAMES_MAX), names = shown.map(({ name }) => printable(name).slice(0, NAME_MAX));
  const nameWidth = Math.max(0, ...names.map((name) => name.length)), counts = shown.map(({ done, total }) => `${done} / ${total}`);
  const countWidth = Math.max(0, ...counts.map((count) => count.length));
  shown.forEach((each, at) =>
    lines.push(`  ${names[at].padEnd(nameWidth)} ${bar(each, PER_NAME_WIDTH)} ${counts[at].padStart(countWidth)}`.slice(0, Math.max(1, columns - 1))));
  if (reading.names.length > shown.length) lines.push(`  and ${reading.names.length - shown.length} more names`);
  return lines;
}
