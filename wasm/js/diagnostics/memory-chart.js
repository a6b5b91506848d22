/** Quantities over time as panels of a picture. */
import { counted, roundStep } from '../trace/quantities.js';
import { bytesText } from './table.js';
import { place } from './svg.js';

const HEIGHT = 90, POINTS_MAX = 2000;

/** @typedef {import('./memory-profiler.js').Sample} Sample */

/** What is drawn of many samples: of each pixel or so the highest. @param {readonly { at: number, value: number }[]} points */
function thinned(points) {
  const most = Math.ceil(points.length / POINTS_MAX);
  if (most <= 1) return points;
  const out = [];
  for (let from = 0; from < points.length; from += most) out.push(points.slice(from, from + most).reduce((a, b) => (b.value > a.value ? b : a)));
  return out;
}

/** A line that stays as it is until the next sample. @param {string} title @param {string} colour @param {(value: number) => string} text
 * @param {readonly Sample[]} samples @param {(sample: Sample) => number | undefined} of @param {number} [base] 1024 for bytes @returns {import('./svg.js').Panel} */
function line(title, colour, text, samples, of, base = 1000) {
  const points = thinned(samples.flatMap((sample) => {
    const value = of(sample);
    return value === undefined ? [] : [{ at: sample.atMs, value }];
  }));
  const peak = points.reduce((most, { value }) => Math.max(most, value), 0), unit = base ** Math.floor(Math.log(Math.max(peak, 1)) / Math.log(base));
  const step = Math.max(1, roundStep(Math.max(peak, 1) / unit, 2) * unit);
  const top = Math.ceil(Math.max(peak, 1) / step) * step, y = (/** @type {number} */ value) => HEIGHT - (value / top) * HEIGHT;
  return {
    title: `${title} (peak ${text(peak)})`, height: HEIGHT,
    draw: (x, width) => {
      let path = '', grid = '';
      points.forEach(({ at, value }, index) => (path += index ? `H${place(x(at))}V${place(y(value))}` : `M${place(x(at))} ${place(y(value))}`));
      for (let tick = 0; tick <= top + step / 2; tick += step)
        grid += `<path d="M0 ${place(y(tick))}H${width}" stroke="#d9d9d9"/><text x="-8" y="${place(y(tick) + 4)}" text-anchor="end">${text(tick)}</text>`;
      const last = points.at(-1), area = last ? `<path d="${path}V${HEIGHT}H${place(x(points[0].at))}Z" fill="${colour}" fill-opacity="0.2"/>` : '';
      return `${grid}${area}<path d="${path || 'M0 0'}" fill="none" stroke="${colour}" stroke-width="1.5"/>`;
    },
  };
}

/** @param {readonly Sample[]} samples by time @returns {import('./svg.js').Panel[]} */
export function memoryPanels(samples) {
  const panels = [line('Results in memory', '#cc3029', counted, samples, ({ results }) => results)];
  if (samples.some(({ bytes }) => bytes > 0)) panels.push(line('Bytes of results', '#cc3029', bytesText, samples, ({ bytes }) => bytes, 1024));
  if (samples.some(({ processBytes }) => processBytes)) panels.push(line('Memory of the process', '#2b57c4', bytesText, samples, ({ processBytes }) => processBytes, 1024));
  return panels;
}
