/** How wide text is in Helvetica, or fonts made to its measures (Arial, Liberation Sans), without a font at hand. */

/** The widths of the characters from space to tilde, in thousandths of the font's size. */
const widths = [
  278, 278, 355, 556, 556, 889, 667, 191, 333, 333, 389, 584, 278, 333, 278, 278, 556, 556, 556,
  556, 556, 556, 556, 556, 556, 556, 278, 278, 584, 584, 584, 556, 1015, 667, 667, 722, 722, 667,
  611, 778, 722, 278, 500, 667, 556, 833, 722, 778, 667, 778, 722, 667, 611, 722, 667, 944, 667,
  667, 611, 278, 278, 278, 469, 556, 333, 556, 556, 500, 556, 556, 278, 556, 556, 222, 222, 500,
  222, 833, 556, 556, 556, 556, 333, 500, 278, 556, 500, 722, 500, 500, 500, 334, 260, 334, 584,
];
const first = 0x20, last = 0x7e, otherLetter = 600, wide = 1000;
/** From here on letters are mostly as wide as they are high: those of East Asia, and pictures. */
const firstWide = 0x1100;

/**
 * @param {string} text one line
 * @param {number} fontSize
 */
export function textWidth(text, fontSize) {
  let sum = 0;
  for (const letter of text) {
    const code = /** @type {number} */ (letter.codePointAt(0));
    if (code >= first && code <= last) sum += widths[code - first];
    else if (!/\p{M}/u.test(letter)) sum += code >= firstWide ? wide : otherLetter;
  }
  return (sum * fontSize) / 1000;
}
