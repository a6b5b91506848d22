/** `visualize`: a graph as a picture. What draws is loaded when it is first asked for. */
import { Delayed } from './delayed.js';

/**
 * @typedef {import('./visualize/picture.js').Picture} Picture
 * @typedef {import('./visualize/settings.js').VisualizeOptions} VisualizeOptions
 */

/**
 * Draws what would be computed, in Dask's language: a circle is a call, labelled with its key without number or hash; a box
 * is its result, or a value, labelled with the index if the key is a tuple; arrows go from inputs to who takes them, upwards.
 * Nothing runs, and no other program is needed. In Node.js it writes `mydask.svg`, or the `filename` that it is given;
 * in pages no file is written. An SVG of more than 5000 tasks shows names rather than tasks, and says so; DOT has all of them.
 * PNG needs, in Node.js, the package @resvg/resvg-js and a font on the machine.
 * @param {unknown} structure a Delayed, arrays, plain objects, Maps, Sets with Delayed inside, or a raw graph as `get` takes it
 * @param {VisualizeOptions} [options]
 * @returns {Promise<Picture>}
 * @throws {import('./errors.js').OptionError}
 * @throws {import('./errors.js').UnsupportedError} if PNG cannot be made here, or there is too much to be drawn even by name
 * @example
 * await visualize({ a, b }, { filename: 'graph.svg', rankdir: 'LR' });
 * document.body.append((await z.visualize()).element()); // in a page
 */
export async function visualize(structure, options = {}) {
  const { picture } = await import('./visualize/index.js');
  return picture(structure, options);
}

Delayed.visualize = visualize;
