/** Graphviz's attributes as SVG's: those that say how circles, boxes, lines and letters look. Others change nothing. */
import { OptionError } from '../errors.js';
import { fontFamily, fontSize, fontSizeOf } from './measures.js';

/** @typedef {import('./settings.js').Attributes} Attributes */

/** Text as it may stand in SVG, also between quotes. @param {string} text */
export function escaped(text) {
  // What XML cannot say at all is shown by a sign.
  const sayable = text.replace(/[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ufffe\uffff]|[\ud800-\udfff]/gu, '\ufffd');
  return sayable.replace(/[&<>"']/g, (letter) => `&#${letter.charCodeAt(0)};`);
}

const colour = /^(?:#[0-9a-f]{3,8}|[a-z]+|(?:rgb|hsl)a?\([\d\s.,%/-]+\))$/i;

/** @param {string} name of the attribute @param {unknown} value @returns {string | undefined} */
function colourOf(name, value) {
  if (value === undefined) return undefined;
  if (typeof value === 'string' && colour.test(value)) return value;
  throw new OptionError(`${name} is a colour such as 'red' or '#ff0000' in SVG and PNG, but got '${String(value)}'. ` +
    "What else Graphviz takes goes into a .dot file: { filename: 'mydask.dot' }.", { option: name });
}

/** @param {Attributes} attributes */
const stylesOf = ({ style }) => (typeof style === 'string' ? style.split(',').map((word) => word.trim()) : []);

/** @param {Record<string, string | number | undefined>} attributes */
const written = (attributes) => Object.entries(attributes).map(([name, value]) => (value === undefined ? '' : ` ${name}="${escaped(String(value))}"`)).join('');

/** @param {Attributes} attributes */
function widthOf({ penwidth, ...attributes }) {
  const width = Number(penwidth);
  if (penwidth !== undefined && width >= 0 && width <= 100) return width;
  return stylesOf(attributes).includes('bold') ? 2 : undefined;
}

/** @param {Attributes} attributes */
function dashesOf(attributes) {
  const styles = stylesOf(attributes);
  return styles.includes('dashed') ? '5 2' : styles.includes('dotted') ? '1 5' : undefined;
}

/** How a circle or a box is drawn. @param {Attributes} attributes */
export function figurePaint(attributes) {
  const styles = stylesOf(attributes), color = colourOf('color', attributes.color);
  const fill = styles.includes('filled') ? (colourOf('fillcolor', attributes.fillcolor) ?? color ?? 'lightgrey') : undefined;
  return written({ stroke: styles.includes('invis') ? 'none' : color, fill, 'stroke-width': widthOf(attributes), 'stroke-dasharray': dashesOf(attributes),
    rx: styles.includes('rounded') && attributes.shape !== 'circle' ? 8 : undefined });
}

/** How its label is written. @param {Attributes} attributes */
export function textPaint(attributes) {
  const size = fontSizeOf(attributes);
  return written({ fill: colourOf('fontcolor', attributes.fontcolor) ?? 'black', stroke: 'none', 'font-family': fontOf(attributes), 'font-size': size === fontSize ? undefined : size });
}

/** Letters only, so that nothing is loaded. @param {Attributes} attributes */
function fontOf({ fontname }) {
  return typeof fontname === 'string' && /^[\w ,-]+$/.test(fontname) ? `${fontname}, ${fontFamily}` : undefined;
}

/** How all lines are drawn, and their heads. @param {Attributes} attributes */
export function linePaint(attributes) {
  const color = colourOf('color', attributes.color);
  return {
    lines: written({ stroke: color, 'stroke-width': widthOf(attributes), 'stroke-dasharray': dashesOf(attributes) }),
    heads: written({ fill: color ?? 'black', stroke: 'none' }),
  };
}

/** What lies behind the picture, undefined: nothing. @param {Attributes} attributes */
export function backgroundOf({ bgcolor = 'white' }) {
  const color = /** @type {string} */ (colourOf('bgcolor', bgcolor));
  return color === 'transparent' || color === 'none' ? undefined : color;
}
