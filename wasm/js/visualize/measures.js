/** How large circles and boxes are: Graphviz's sizes, in points. */
import { textWidth } from './text-width.js';

export const fontSize = 14;
/** Without quotes around names, which resvg does not read in an attribute. */
export const fontFamily = 'Helvetica, Arial, Liberation Sans, DejaVu Sans, sans-serif';
/** Between lines of a label, as a part of the font's size. */
export const lineHeight = 1.2;
const marginX = 16, marginY = 8;
const radiusMin = 18, boxWidthMin = 54, boxHeightMin = 36;
/** Letters of a label that are drawn: all of it is in the title. */
const labelMax = 100;
const linesMax = 8;

/**
 * @typedef {object} Measured
 * @property {string[]} lines what is written
 * @property {number} width
 * @property {number} height
 */

/** @param {import('./sketch.js').Figure} figure @returns {string[]} */
function linesOf({ label, raw }) {
  const text = raw ? label.replace(/\\[nlr]/g, '\n').replace(/\\(.)/g, '$1') : label;
  const lines = text.split(/\r\n|\r|\n/);
  if (lines.length > linesMax) lines.splice(linesMax - 1, Infinity, '…');
  return lines.map((line) => (line.length > labelMax ? `${Array.from(line.slice(0, labelMax)).slice(0, -1).join('')}…` : line));
}

/** A size that was given in inches, in points, or the least there is. @param {unknown} inches @param {number} least */
const given = (inches, least) => (Number(inches) > 0 && Number(inches) < 100 ? Number(inches) * 72 : least);

/**
 * @param {import('./sketch.js').Figure} figure
 * @param {import('./settings.js').Attributes} attributes its own and all figures'
 * @returns {Measured}
 */
export function measured(figure, attributes) {
  const lines = linesOf(figure), size = fontSizeOf(attributes);
  const width = Math.max(...lines.map((line) => textWidth(line, size))) + marginX, height = lines.length * size * lineHeight + marginY;
  if (figure.shape === 'box')
    return { lines, width: Math.max(given(attributes.width, boxWidthMin), width), height: Math.max(given(attributes.height, boxHeightMin), height) };
  const empty = lines.length === 1 && lines[0] === '';
  const text = lines.length > 1 ? Math.hypot(width, height) : Math.SQRT2 * width;
  const across = Math.max(2 * radiusMin, given(attributes.width, 0), empty ? 0 : text);
  return { lines, width: across, height: across };
}

/** @param {import('./settings.js').Attributes} attributes */
export function fontSizeOf({ fontsize }) {
  return Number(fontsize) > 0 && Number(fontsize) <= 200 ? Number(fontsize) : fontSize;
}
