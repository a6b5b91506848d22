/** Writes what a diagnostic has made into a file, in Node.js. */
import { OptionError, UnsupportedError } from '../errors.js';

/** @param {string} filename @param {string | Uint8Array} content @throws {UnsupportedError} in a page */
export function writeOut(filename, content) {
  const fs = /** @type {any} */ (globalThis).process?.getBuiltinModule?.('node:fs');
  if (!fs) throw new UnsupportedError('files are written in Node.js only: leave the name out, and take what is returned.');
  fs.writeFileSync(filename, content);
}

/**
 * Writes a picture if that was asked for, and gives it.
 * @param {string} svg @param {string | undefined} filename @returns {string}
 */
export function pictureOut(svg, filename) {
  if (filename === undefined) return svg;
  if (typeof filename !== 'string' || !/\.svg$/i.test(filename)) throw new OptionError(`the picture is SVG: give a filename that ends in .svg, not ${String(filename)}.`, { option: 'filename' });
  writeOut(filename, svg);
  return svg;
}
