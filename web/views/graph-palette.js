/** The colours of the page's stylesheet for a canvas: as words, and as pixels. */
import { CANCELLED, DONE, ERRED, READY, RELEASED, RUNNING, taskStates } from 'heddle/trace';
import { plasmaOn } from './graph-colour.js';

const names = /** @type {const} */ (['surface', 'ink', 'muted', 'line', 'faint', 'focus', 'waiting', 'running', 'done', 'memory', 'released', 'on-fill', 'erred', 'on-erred', 'cancelled', 'critical']);

/** So much of a colour is left of what is drawn faintly. */
export const faintly = 0.22;

/** @typedef {{ words: Record<typeof names[number], string>, lift: number, font: string, call: Uint32Array, result: Uint32Array, whole: Uint32Array, plasma: Uint32Array, none: Uint32Array }} Palette
 * by state: the pixel of a circle, of a box, of both in one; those drawn faintly stand after all states, or steps of plasma */

export const plasmaSteps = 256;

/** @param {Element} host whose style has the variables @returns {Palette} */
export function paletteOf(host) {
  const style = getComputedStyle(host), context = /** @type {CanvasRenderingContext2D} */ (document.createElement('canvas').getContext('2d', { willReadFrequently: true }));
  const words = /** @type {Palette['words']} */ (Object.fromEntries(names.map((name) => [name, style.getPropertyValue(`--v-${name}`).trim() || '#888'])));
  const read = (/** @type {string} */ word) => {
    context.fillStyle = word;
    context.fillRect(0, 0, 1, 1);
    return [...context.getImageData(0, 0, 1, 1).data.subarray(0, 3)];
  };
  const surface = read(words.surface), lift = parseFloat(style.getPropertyValue('--v-lift')) / 100 || 0;
  const mixed = (/** @type {number[]} */ colour, /** @type {number} */ share) => colour.map((part, at) => Math.round(part * share + surface[at] * (1 - share)));
  const nothing = mixed(read(words.line), 0.33), ready = mixed(read(words.line), 0.9);
  const colours = (/** @type {Record<number, number[]>} */ of) => pixels(taskStates.map((_, state) => of[state] ?? nothing), mixed);
  const [running, done, memory, released, erred, cancelled] = [words.running, words.done, words.memory, words.released, words.erred, words.cancelled].map(read);
  return {
    words, lift, font: style.fontFamily,
    call: colours({ [READY]: ready, [RUNNING]: running, [DONE]: done, [RELEASED]: done, [ERRED]: erred, [CANCELLED]: cancelled }),
    result: colours({ [DONE]: memory, [RELEASED]: released }),
    whole: colours({ [READY]: ready, [RUNNING]: running, [DONE]: memory, [RELEASED]: released, [ERRED]: erred, [CANCELLED]: cancelled }),
    plasma: pixels(Array.from({ length: plasmaSteps }, (_, step) => plasmaOn(step / (plasmaSteps - 1), lift)), mixed),
    none: pixels([nothing], mixed),
  };
}

/** Pixels as a canvas holds them, and then those drawn faintly. @param {number[][]} colours @param {(colour: number[], share: number) => number[]} mixed */
function pixels(colours, mixed) {
  const bytes = new Uint8ClampedArray(colours.length * 8);
  colours.forEach((colour, at) => {
    bytes.set([...colour, 255], at * 4);
    bytes.set([...mixed(colour, faintly), 255], (colours.length + at) * 4);
  });
  return new Uint32Array(bytes.buffer);
}
