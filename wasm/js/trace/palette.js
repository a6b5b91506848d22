/**
 * One colour for each function's name, the same in every picture, run and program: Dask's, whose dashboard takes the
 * first 8 hexadecimal digits of the name's MD5, modulo 18, as the place in a list (viridis in 18 steps).
 */
import { md5 } from '@noble/hashes/legacy.js';

export const viridis = Object.freeze([
  '#440154', '#471669', '#472A79', '#433C84', '#3C4D8A', '#355D8C', '#2E6C8E', '#287A8E', '#23898D',
  '#1E978A', '#20A585', '#2EB27C', '#45BF6F', '#64CB5D', '#88D547', '#AFDC2E', '#D7E219', '#FDE724',
]);
/** From here on black letters are read better than white ones. */
const firstBright = 8;

const encoder = new TextEncoder();
/** @type {Map<string, { fill: string, text: string }>} */
const known = new Map();
const KNOWN_MAX = 10_000;

/**
 * @param {string} name
 * @returns {{ fill: string, text: string }} each text has a contrast of 4.5 or more on its fill
 */
export function colourOf(name) {
  let colour = known.get(name);
  if (colour) return colour;
  const place = new DataView(md5(encoder.encode(name)).buffer).getUint32(0) % viridis.length;
  colour = { fill: viridis[place], text: place < firstBright ? '#fff' : '#000' };
  if (known.size < KNOWN_MAX) known.set(name, colour);
  return colour;
}
