/** Drawing, from a structure to a Picture and its file. visualize.js loads it when somebody draws. */
import { inNode } from '../core/load-threads.js';
import { UnsupportedError } from '../errors.js';
import { dotOf } from './dot.js';
import { itemsOf } from './items.js';
import { attributesBy, orderOf } from './order.js';
import { Picture } from './picture.js';
import { pngOf } from './png.js';
import { settingsOf } from './settings.js';
import { groupedSketch, sketchOf } from './sketch.js';
import { svgOf } from './svg.js';

/** Beyond so many tasks and values, or lines between them, an SVG has one circle for all tasks of a name. */
const itemsMax = 5000, linksMax = 20_000;
/** No more names than this are drawn. */
const namesMax = 1000;

/** @param {string} filename @param {string | Uint8Array} data */
async function write(filename, data) {
  const { writeFile } = await import(/* webpackIgnore: true */ /* @vite-ignore */ 'node:fs/promises');
  await writeFile(filename, data);
}

/**
 * What SVG shows: everything, or as much as can be seen.
 * @param {import('./items.js').Item[]} items @param {import('./settings.js').Settings} settings
 * @param {() => import('./sketch.js').Sketch} whole
 */
function visible(items, settings, whole) {
  const links = items.reduce((sum, { inputs }) => sum + inputs.length, 0);
  if (items.length <= itemsMax && links <= linksMax) return whole();
  const sketch = groupedSketch(items, settings);
  if (sketch.cells.length <= namesMax && sketch.links.length <= linksMax) return sketch;
  throw new UnsupportedError(`${items.length} tasks and values of ${sketch.cells.length} names, with ${links} lines between them, cannot be drawn so that ` +
    "anybody could see them. Draw a part of the graph, or write it for Graphviz: { filename: 'mydask.dot' }.");
}

/** @template T @param {() => T} make @returns {() => T} */
function once(make) {
  /** @type {{ value: T } | undefined} */
  let made;
  return () => (made ??= { value: make() }).value;
}

/**
 * @param {unknown} subject
 * @param {import('./settings.js').VisualizeOptions} options
 * @returns {Promise<Picture>}
 */
export async function picture(subject, options) {
  const settings = settingsOf(options), { format } = settings;
  const drawn = await itemsOf(subject, settings.optimizeGraph), { items } = drawn;
  const coloured = settings.color === null ? null : attributesBy(settings.color, items, await orderOf(drawn), settings.maxval);
  const whole = once(() => sketchOf(items, settings, coloured)), seen = once(() => visible(items, settings, whole));
  const svg = once(() => svgOf(seen(), settings)), dot = once(() => dotOf(whole(), settings));
  const png = format === 'png' ? /** @type {Uint8Array<ArrayBuffer>} */ (await pngOf(svg())) : null;
  const filename = inNode ? settings.filename : null;
  const made = new Picture({ svg: () => svg().text, dot, note: () => seen().note }, { format, filename, png });
  const { data } = made;
  if (filename !== null) await write(filename, data);
  return made;
}
