/** SVG as PNG: in pages by a canvas, in Node.js by resvg, a package that is not needed otherwise. */
import { inNode } from '../core/load-threads.js';
import { UnsupportedError } from '../errors.js';
import { fontFamily } from './measures.js';

/** Dots for each unit of the SVG, if the picture is not too large for them. */
const scaleWished = 2;
const sideMax = 12_000, dotsMax = 64e6;

const install = 'npm install @resvg/resvg-js';

/** @param {number} width @param {number} height */
function scaleOf(width, height) {
  return Math.min(scaleWished, sideMax / Math.max(width, height), Math.sqrt(dotsMax / (width * height)));
}

/**
 * @param {{ text: string, width: number, height: number }} svg
 * @returns {Promise<Uint8Array>}
 * @throws {UnsupportedError} that says what is missing
 */
export async function pngOf({ text, width, height }) {
  const scale = scaleOf(width, height);
  return inNode ? byResvg(text, scale) : byCanvas(text, Math.max(1, Math.round(width * scale)), Math.max(1, Math.round(height * scale)));
}

/** @param {string} text @param {number} scale */
async function byResvg(text, scale) {
  /* Not a literal, so that bundlers for pages do not look for it. */
  const name = '@resvg/resvg-js';
  let resvg;
  try {
    resvg = await import(/* webpackIgnore: true */ /* @vite-ignore */ name);
  } catch (cause) {
    throw new UnsupportedError(`PNG needs a package that is not there: ${install}. SVG and DOT need none.`, { cause, install });
  }
  const { Resvg } = /** @type {any} */ (resvg.Resvg ? resvg : resvg.default);
  const font = { loadSystemFonts: true };
  const probe = new Resvg(`<svg xmlns="http://www.w3.org/2000/svg" width="50" height="50"><text y="40" font-family="${fontFamily}">x</text></svg>`, { font });
  if (!(probe.getBBox()?.width > 0))
    throw new UnsupportedError("PNG needs a font on this machine for its labels, and there is none: install one (apt-get install fonts-liberation), or write SVG.", { install: 'fonts-liberation' });
  const drawn = new Resvg(text, { font, fitTo: { mode: 'zoom', value: scale } }).render();
  return new Uint8Array(drawn.asPng());
}

/** @param {string} text @param {number} width @param {number} height */
async function byCanvas(text, width, height) {
  if (typeof Image !== 'function' || typeof document === 'undefined')
    throw new UnsupportedError("PNG is made in a page's main thread, or in Node.js: here take SVG.");
  const address = URL.createObjectURL(new Blob([text], { type: 'image/svg+xml' }));
  try {
    const image = new Image();
    image.src = address;
    await image.decode();
    const canvas = document.createElement('canvas');
    canvas.width = width;
    canvas.height = height;
    canvas.getContext('2d')?.drawImage(image, 0, 0, width, height);
    const blob = await new Promise((resolve) => canvas.toBlob(resolve, 'image/png'));
    if (!blob) throw new UnsupportedError(`a canvas of ${width} by ${height} is more than this browser draws: take SVG.`);
    return new Uint8Array(await /** @type {Blob} */ (blob).arrayBuffer());
  } finally {
    URL.revokeObjectURL(address);
  }
}
