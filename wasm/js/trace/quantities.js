/** Numbers as the views write them. */

const grouping = new Intl.NumberFormat('en');

/**
 * A count, with commas: 1,200.
 * @param {number} count
 */
export function counted(count) {
  return grouping.format(count);
}

/**
 * A count with its noun: "1 task", "1,200 tasks".
 * @param {number} count
 * @param {string} noun
 */
export function countedNoun(count, noun) {
  return `${counted(count)} ${noun}${count === 1 ? '' : 's'}`;
}

/**
 * A time as people read it: "0.4 ms", "12 ms", "1.25 s".
 * @param {number} ms
 */
export function timed(ms) {
  if (!Number.isFinite(ms)) return '';
  if (ms >= 999.5) return `${(ms / 1000).toFixed(ms < 99_950 ? 2 : 0)} s`;
  return `${ms < 9.95 ? ms.toFixed(1) : ms.toFixed(0)} ms`;
}

/**
 * The least round step (1, 2 or 5 times a power of ten) that divides a range into at most `most` parts.
 * @param {number} range
 * @param {number} most
 */
export function roundStep(range, most) {
  const least = range / Math.max(1, most);
  const power = 10 ** Math.floor(Math.log10(least));
  for (const factor of [1, 2, 5]) if (factor * power >= least * (1 - 1e-9)) return factor * power;
  return 10 * power;
}
