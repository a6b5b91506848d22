/** What `visualize` was asked for, checked. */
import { isPlainObject } from '../containers.js';
import { OptionError } from '../errors.js';
import { colorings } from './order.js';

/**
 * @typedef {Record<string, string | number | boolean>} Attributes Graphviz's: `{ penwidth: 6, color: 'red' }`
 *
 * @typedef {object} VisualizeOptions
 * @property {string | null | false} [filename] the file that is written, in Node.js; `'mydask'` if left out, and none if
 *   null or false. `.svg`, `.dot` and `.png` at its end say what it holds; to any other name `.svg` is added
 * @property {'svg' | 'dot' | 'png'} [format] rather than what the name says
 * @property {'BT' | 'TB' | 'LR' | 'RL'} [rankdir] where results are, seen from inputs: above (`'BT'`, if left out), below, right, left
 * @property {boolean} [collapseOutputs] no boxes for results: a circle points to the circles that take its result
 * @property {boolean} [verbose] whole keys in boxes
 * @property {string | null} [color] outlines, and numbers in circles, by the order of a serial run: `'order'`; by what it does to
 *   memory: `'age'`, `'freed'`, `'memoryincreases'`, `'memorydecreases'`, `'memorypressure'`; or both: `'order-age'`, …
 * @property {number} [maxval] the number that has the last colour, rather than the greatest one
 * @property {Attributes} [graphAttr] of the whole picture: `{ bgcolor: 'transparent', label: 'a title' }`
 * @property {Attributes} [nodeAttr] of all circles and boxes: `{ penwidth: 6 }`
 * @property {Attributes} [edgeAttr] of all lines
 * @property {Record<string, Attributes>} [functionAttributes] of one circle each, by key
 * @property {Record<string, Attributes>} [dataAttributes] of one box each, by key
 * @property {boolean} [optimizeGraph] the graph as it runs: a chain that runs in one go is one circle, with the names of its
 *   parts. A raw graph, of which nobody says what is wanted, is drawn as it is
 *
 * @typedef {object} Settings
 * @property {string | null} filename with its ending; null: none is written
 * @property {'svg' | 'dot' | 'png'} format
 * @property {'BT' | 'TB' | 'LR' | 'RL'} rankdir
 * @property {boolean} collapseOutputs @property {boolean} verbose @property {boolean} optimizeGraph
 * @property {string | null} color
 * @property {number | undefined} maxval
 * @property {Attributes} graphAttr @property {Attributes} nodeAttr @property {Attributes} edgeAttr
 * @property {Record<string, Attributes>} functionAttributes @property {Record<string, Attributes>} dataAttributes
 */

const formats = ['svg', 'dot', 'png'];
const rankdirs = ['BT', 'TB', 'LR', 'RL'];
/** What Dask writes by asking Graphviz, and nothing here does. */
const graphvizOnly = /\.(pdf|jpe?g|gif|ps|eps|webp)$/i;

/** @param {string} option @param {string} says @param {unknown} got @returns {never} */
function refuse(option, says, got) {
  const shown = typeof got === 'string' ? `'${got}'` : got !== null && typeof got === 'object' ? 'an object' : typeof got === 'function' ? 'a function' : String(got);
  throw new OptionError(`${option} is ${says}, but got ${shown}.`, { option });
}

/** @param {string} option @param {unknown} wish @param {string[]} words @returns {any} */
function oneOf(option, wish, words) {
  if (!words.includes(/** @type {string} */ (wish))) refuse(option, `one of ${words.map((word) => `'${word}'`).join(', ')}`, wish);
  return wish;
}

/** @param {string} option @param {unknown} wish */
function yesOrNo(option, wish) {
  if (wish === undefined) return false;
  return typeof wish === 'boolean' ? wish : refuse(option, 'true or false', wish);
}

/** @param {string} option @param {unknown} wish @returns {Attributes} */
function attributes(option, wish = {}) {
  const says = "an object of Graphviz's attributes, each a text, a number, true or false: { penwidth: 6 }";
  if (!isPlainObject(wish)) refuse(option, says, wish);
  const entries = Object.entries(/** @type {object} */ (wish)).filter(([, value]) => value !== undefined);
  for (const [name, value] of entries) {
    if (!/^[A-Za-z_]\w*$/.test(name)) refuse(option, `${says}, with names of letters, digits and _`, name);
    if (!['string', 'number', 'boolean'].includes(typeof value)) refuse(`${option}.${name}`, 'a text, a number, true or false', value);
  }
  return Object.fromEntries(entries);
}

/** @param {string} option @param {unknown} wish @returns {Record<string, Attributes>} */
function attributesByKey(option, wish = {}) {
  if (!isPlainObject(wish)) refuse(option, "an object of keys, each with an object of Graphviz's attributes", wish);
  /** @type {Record<string, Attributes>} A key may be called 'constructor'. */
  const byKey = Object.create(null);
  for (const [key, one] of Object.entries(/** @type {object} */ (wish))) byKey[key] = attributes(option, one);
  return byKey;
}

/** The file's name with its ending, and what it holds. @param {unknown} filename @param {unknown} format @returns {{ filename: string | null, format: any }} */
function fileOf(filename = 'mydask', format = undefined) {
  if (format !== undefined) oneOf('format', format, formats);
  if (filename === null || filename === false) return { filename: null, format: format ?? 'svg' };
  if (typeof filename !== 'string' || filename === '' || filename.includes('\0')) refuse('filename', "a name such as 'mydask.svg', or null for no file", filename);
  const name = /** @type {string} */ (filename), ending = /\.(svg|dot|png)$/i.exec(name)?.[1].toLowerCase();
  if (format === undefined && graphvizOnly.test(name))
    throw new OptionError(`'${name}': visualize writes .svg, .dot and .png. Write it to a .dot file, of which Graphviz makes the rest: dot -Tpdf -O mydask.dot.`, { option: 'filename' });
  const wanted = format ?? ending ?? 'svg';
  return { filename: ending === wanted ? name : `${name}.${wanted}`, format: wanted };
}

const known = ['filename', 'format', 'rankdir', 'collapseOutputs', 'verbose', 'color', 'maxval', 'graphAttr', 'nodeAttr', 'edgeAttr',
  'functionAttributes', 'dataAttributes', 'optimizeGraph'];

/**
 * @param {VisualizeOptions} options
 * @returns {Settings}
 * @throws {OptionError}
 */
export function settingsOf(options) {
  if (!isPlainObject(options)) refuse('options', "an object: { filename: 'mydask.svg' }", options);
  for (const option of Object.keys(options))
    if (!known.includes(option)) throw new OptionError(`visualize has no option '${option}'; it has ${known.join(', ')}.`, { option });
  const { rankdir = 'BT', color = null, maxval } = options;
  if (color !== null) oneOf('color', color, [...colorings]);
  if (maxval !== undefined && !(typeof maxval === 'number' && maxval > 0 && maxval < Infinity)) refuse('maxval', 'a number above 0', maxval);
  return {
    ...fileOf(options.filename, options.format), rankdir: oneOf('rankdir', rankdir, rankdirs), color, maxval,
    collapseOutputs: yesOrNo('collapseOutputs', options.collapseOutputs), verbose: yesOrNo('verbose', options.verbose),
    optimizeGraph: yesOrNo('optimizeGraph', options.optimizeGraph),
    graphAttr: attributes('graphAttr', options.graphAttr), nodeAttr: attributes('nodeAttr', options.nodeAttr), edgeAttr: attributes('edgeAttr', options.edgeAttr),
    functionAttributes: attributesByKey('functionAttributes', options.functionAttributes), dataAttributes: attributesByKey('dataAttributes', options.dataAttributes),
  };
}
