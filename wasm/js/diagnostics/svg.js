/** The frame of a picture: panels above each other on one time axis, as the text of an SVG file. */
import { roundStep } from '../trace/quantities.js';

const LEFT = 84, RIGHT = 20, HEAD = 30, AXIS = 34, TICK_WIDTH = 90;

/**
 * @typedef {object} Panel
 * @property {string} title
 * @property {number} height of what it draws
 * @property {(x: (ms: number) => number, width: number) => string} draw from 0, 0; `x` gives the place of a moment
 *
 * @typedef {{ width: number, title: string, foot?: { text: string, height: number } }} PictureOptions `foot`: drawn below everything
 */

/** Text for SVG, also somebody else's. @param {string} text */
export const escaped = (text) => text.replace(/[&<>"]|[^\t\n\x20-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/gu, (sign) =>
  /** @type {Record<string, string>} */ ({ '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' })[sign] ?? '\ufffd');

/** @param {number} value */
export const place = (value) => String(Math.round(value * 100) / 100);

/** @param {(ms: number) => number} x @param {number} rangeMs @param {number} width @param {number} height */
function axis(x, rangeMs, width, height) {
  const step = roundStep(rangeMs / 1000, Math.max(2, width / TICK_WIDTH)), digits = Math.max(0, -Math.floor(Math.log10(step) + 1e-9));
  let lines = '', labels = '';
  for (let tick = 0; tick * step * 1000 <= rangeMs * (1 + 1e-9); tick++) {
    const at = place(x(tick * step * 1000));
    lines += `<path d="M${at} 0V${height}"/>`;
    labels += `<text x="${at}" y="${height + 18}" text-anchor="middle">${(tick * step).toFixed(digits)} s</text>`;
  }
  return `<g stroke="#d9d9d9" fill="none">${lines}</g>|<g fill="#555">${labels}</g>`.split('|');
}

/** The width of what panels draw. @param {number} width of the picture */
export const innerWidth = (width) => Math.max(60, width - LEFT - RIGHT);

/**
 * @param {readonly Panel[]} panels
 * @param {number} rangeMs
 * @param {PictureOptions} options
 */
export function pictureOf(panels, rangeMs, { width, title, foot }) {
  const inner = innerWidth(width), x = (/** @type {number} */ ms) => (ms / (rangeMs || 1)) * inner;
  const height = panels.reduce((sum, panel) => sum + panel.height + HEAD, 0) + AXIS + (foot?.height ?? 0);
  let y = 0, body = '';
  panels.forEach((panel, at) => {
    y += HEAD;
    const [lines, labels] = axis(x, rangeMs || 1, inner, panel.height);
    body += `<g transform="translate(${LEFT} ${y})"><text x="0" y="-10" font-weight="bold" font-size="13">${escaped(panel.title)}</text>` +
      `${lines}${panel.draw(x, inner)}<path d="M0 0V${panel.height}H${inner}" stroke="#555" fill="none"/>${at === panels.length - 1 ? labels : ''}</g>`;
    y += panel.height;
  });
  if (foot) body += `<g transform="translate(${LEFT} ${y + AXIS})">${foot.text}</g>`;
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" role="img" ` +
    `font-family="Helvetica, Arial, sans-serif" font-size="11" fill="#222"><title>${escaped(title)}</title>` +
    `<rect width="${width}" height="${height}" fill="#fff"/>${body}</svg>\n`;
}
