/**
 * One colour for each function's name, the same in every picture. The list is Dask's (viridis in 18 steps),
 * and so is the idea of picking by a hash of the name; Dask takes md5, here it is FNV-1a, which needs no
 * library, so the two do not agree on which name gets which colour.
 */
const viridis = Object.freeze([
  '#440154', '#471669', '#472A79', '#433C84', '#3C4D8A', '#355D8C', '#2E6C8E', '#287A8E', '#23898D',
  '#1E978A', '#20A585', '#2EB27C', '#45BF6F', '#64CB5D', '#88D547', '#AFDC2E', '#D7E219', '#FDE724',
]);
/** From here on black letters are read better than white ones. */
const firstBright = 8;

/**
 * @param {string} name
 * @returns {{ fill: string, text: string }} each text has a contrast of 4.5 or more on its fill
 */
export function colourOf(name) {
  let hash = 0x811c9dc5;
  for (let at = 0; at < name.length; at++) hash = Math.imul(hash ^ name.charCodeAt(at), 0x01000193);
  // The low bits of FNV are the weakest: fold the high ones in before taking the rest.
  const place = ((hash ^ (hash >>> 16)) >>> 0) % viridis.length;
  return { fill: viridis[place], text: place < firstBright ? '#fff' : '#000' };
}
