/** Where rows and lanes stand in a picture of threads, and which moments its axis names. No DOM. */
import { roundStep } from 'heddle/trace';

/**
 * @typedef {object} Place of a row
 * @property {number} top @property {number} height of all its lanes
 * @property {number} lane the height of one, with what is between it and the next
 *
 * @typedef {object} Places
 * @property {Place[]} rows @property {number} height of the picture @property {number} gap between bars of two lanes
 */

/**
 * @param {number[]} lanes how many each row has
 * @param {{ tallest: number, largest: number }} room the picture is as high as `tallest`, if lanes can be so low; `largest`: the highest lane
 * @returns {Places}
 */
export function placesOf(lanes, { tallest, largest }) {
  const all = lanes.reduce((sum, count) => sum + count, 0), isMany = lanes.some((count) => count > 1);
  const lane = Math.max(4, Math.min(isMany ? Math.min(20, largest) : largest, Math.floor(tallest / Math.max(1, all))));
  const between = lane >= 12 ? (isMany ? 6 : 4) : lane >= 6 ? 2 : 1;
  let top = between / 2;
  const rows = lanes.map((count) => {
    const row = { top, height: count * lane, lane };
    top += row.height + between;
    return row;
  });
  return { rows, height: Math.ceil(top + between / 2), gap: isMany && lane >= 8 ? 1 : 0 };
}

/** The row and lane at a height; null: between or beside them. @param {Places} places @param {number} y @returns {{ row: number, lane: number } | null} */
export function placeAt({ rows }, y) {
  const row = rows.findIndex(({ top, height }) => y >= top && y < top + height);
  return row < 0 ? null : { row, lane: Math.floor((y - rows[row].top) / rows[row].lane) };
}

const units = /** @type {const} */ ([[1000, 's'], [1, 'ms'], [1e-3, 'µs']]);

/**
 * The moments that an axis names, at round steps, in one unit: "0", "20 ms", "40 ms".
 * @param {number} fromMs @param {number} toMs @param {number} most so many parts
 * @returns {{ ms: number, text: string }[]}
 */
export function ticksOf(fromMs, toMs, most) {
  const step = roundStep(Math.max(1e-9, toMs - fromMs), most);
  const [unit, name] = units.find(([ms]) => toMs >= ms && step >= ms / 1000) ?? units[2];
  const digits = Math.max(0, Math.min(9, -Math.floor(Math.log10(step / unit) + 1e-9)));
  const ticks = [];
  for (let tick = Math.ceil(fromMs / step - 1e-9); tick * step <= toMs * (1 + 1e-12) && ticks.length < 200; tick++)
    ticks.push({ ms: tick * step, text: tick === 0 ? '0' : `${((tick * step) / unit).toFixed(digits)} ${name}` });
  return ticks;
}
