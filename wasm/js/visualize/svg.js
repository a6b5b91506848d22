/** A sketch as SVG: a text that stands for itself, in a file, in an <img>, or among a page's elements. */
import { fontFamily, fontSize, fontSizeOf, lineHeight, measured } from './measures.js';
import { backgroundOf, escaped, figurePaint, linePaint, textPaint } from './paint.js';
import { placesOf, roundRoom } from './place.js';
import { into, outOf } from './sketch.js';
import { textWidth } from './text-width.js';

const headLength = 10, headHalf = 3.6;
/** No line arrives further from straight than this. */
const widest = (72 * Math.PI) / 180;
/** Letters of a key that a title tells. */
const titleMax = 400;

/** @param {number} value */
const n = (value) => Math.round(value * 10) / 10;

/** From across and along to the picture's x and y. @param {import('./settings.js').Settings['rankdir']} rankdir @param {{ across: number, along: number }} size */
function directionOf(rankdir, { across, along }) {
  /** @type {Record<string, (point: [number, number]) => [number, number]>} */
  const directions = {
    BT: ([a, l]) => [a, along - l],
    TB: ([a, l]) => [a, l],
    LR: ([a, l]) => [l, a],
    RL: ([a, l]) => [along - l, a],
  };
  const upright = rankdir === 'BT' || rankdir === 'TB';
  return { at: directions[rankdir], width: upright ? across : along, height: upright ? along : across };
}

/** @typedef {{ middle: [number, number], round: boolean, across: number, along: number }} Body a figure in its place */

/**
 * One line with its head, as path data, in across and along.
 * @param {Body} from @param {Body} to @param {[number, number][]} bends
 * @param {(point: [number, number]) => [number, number]} at
 */
function lineOf(from, to, bends, at) {
  const p = (/** @type {number} */ a, /** @type {number} */ l) => at([a, l]).map(n).join(' ');
  const [fromA, fromL] = from.middle, [toA, toL] = to.middle;
  if (toL - to.along / 2 <= fromL) return roundabout(from, to, p);
  const angleTo = (/** @type {[number, number]} */ [a, l]) => Math.max(-widest, Math.min(widest, Math.atan2(a - toA, toL - l)));
  const first = bends[0] ?? to.middle, outAngle = Math.max(-widest, Math.min(widest, Math.atan2(first[0] - fromA, first[1] - fromL)));
  let a = from.round ? fromA + Math.sin(outAngle) * (from.across / 2) : fromA;
  let l = fromL + (from.round ? Math.cos(outAngle) : 1) * (from.along / 2);
  let data = `M${p(a, l)}`;
  for (let bend = 0; bend < bends.length; bend += 2) {
    const [enters, leaves] = [bends[bend], bends[bend + 1]], half = (l + enters[1]) / 2;
    data += `C${p(a, half)} ${p(enters[0], half)} ${p(...enters)}L${p(...leaves)}`;
    [a, l] = leaves;
  }
  const angle = angleTo(bends.at(-1) ?? [a, l]), [ua, ul] = [Math.sin(angle), -Math.cos(angle)];
  const tip = to.round ? [toA + ua * (to.across / 2), toL + ul * (to.along / 2)] : [toA, toL - to.along / 2];
  const neck = [tip[0] + ua * headLength, tip[1] + ul * headLength];
  const pull = Math.max(0, neck[1] - l) * 0.4;
  const [outA, outL] = bends.length === 0 && !(a === toA) ? [-ua * pull * 0.6, -ul * pull * 0.6] : [0, pull];
  data += `C${p(a + outA, l + outL)} ${p(neck[0] + ua * pull, neck[1] + ul * pull)} ${p(neck[0], neck[1])}`;
  const head = `M${p(tip[0], tip[1])}L${p(neck[0] - ul * headHalf, neck[1] + ua * headHalf)} ${p(neck[0] + ul * headHalf, neck[1] - ua * headHalf)}Z`;
  return { data, head };
}

/** A line of a cycle that goes back. @param {Body} from @param {Body} to @param {(a: number, l: number) => string} p */
function roundabout(from, to, p) {
  const aside = Math.max(from.middle[0] + from.across / 2, to.middle[0] + to.across / 2) + roundRoom * 1.2;
  const outA = from.middle[0] + from.across / 2, tip = to.middle[0] + to.across / 2, neck = tip + headLength, [fromL, toL] = [from.middle[1], to.middle[1]];
  return {
    data: `M${p(outA, fromL)}C${p(aside, fromL)} ${p(aside, toL)} ${p(neck, toL)}`,
    head: `M${p(tip, toL)}L${p(neck, toL - headHalf)} ${p(neck, toL + headHalf)}Z`,
  };
}

/**
 * @param {import('./sketch.js').Sketch} sketch
 * @param {import('./settings.js').Settings} settings
 * @returns {{ text: string, width: number, height: number }}
 */
export function svgOf(sketch, settings) {
  const { rankdir, nodeAttr, edgeAttr, graphAttr } = settings, { figures, cells, links } = sketch;
  const upright = rankdir === 'BT' || rankdir === 'TB';
  const paints = figures.map(({ attributes }) => ({ ...nodeAttr, ...attributes }));
  const sizes = figures.map((figure, place) => measured(figure, paints[place]));
  const places = placesOf(sketch, sizes, upright);
  const { at, ...size } = directionOf(rankdir, places);
  const bodies = figures.map(({ shape }, figure) => {
    const { width, height } = sizes[figure];
    return { middle: places.figures[figure], round: shape === 'circle', across: upright ? width : height, along: upright ? height : width };
  });
  /** @type {string[]} */
  const edges = [];
  const { lines, heads } = linePaint(edgeAttr);
  const edge = (/** @type {number} */ from, /** @type {number} */ to, /** @type {[number, number][]} */ bends) => {
    const { data, head } = lineOf(bodies[from], bodies[to], bends, at);
    edges.push(`<g data-from="${from}" data-to="${to}"><path d="${data}"/><path class="head" d="${head}"${heads}/></g>`);
  };
  for (const { circle, box } of cells) if (circle >= 0 && box >= 0) edge(circle, box, []);
  links.forEach(([from, to], link) => edge(outOf(cells[from]), into(cells[to]), places.bends[link]));
  const drawn = figures.map((figure, place) => figureOf(place, figure, sizes[place], at(places.figures[place]), paints[place]));
  return framed(sketch, { ...size, graphAttr, rankdir }, [
    `<g class="edges"${lines}>`, ...edges, '</g>', '<g class="nodes">', ...drawn, '</g>',
  ]);
}

/**
 * @param {number} place @param {import('./sketch.js').Figure} figure @param {import('./measures.js').Measured} size
 * @param {[number, number]} at @param {import('./settings.js').Attributes} paint
 */
function figureOf(place, { shape, key }, { lines, width, height }, [x, y], paint) {
  const body = shape === 'circle' ? `<circle cx="${n(x)}" cy="${n(y)}" r="${n(width / 2)}"${figurePaint({ ...paint, shape })}/>`
    : `<rect x="${n(x - width / 2)}" y="${n(y - height / 2)}" width="${n(width)}" height="${n(height)}"${figurePaint({ ...paint, shape })}/>`;
  const step = fontSizeOf(paint) * lineHeight, top = y - ((lines.length - 1) * step) / 2 + fontSizeOf(paint) * 0.35;
  const written = lines.map((line, row) => (line === '' ? '' : `<text x="${n(x)}" y="${n(top + row * step)}"${textPaint(paint)}>${escaped(line)}</text>`)).join('');
  const title = typeof paint.tooltip === 'string' ? paint.tooltip : key;
  return `<g class="${shape === 'circle' ? 'task' : 'result'}" data-node="${place}"><title>${escaped(title.length > titleMax ? `${title.slice(0, titleMax)}…` : title)}</title>${body}${written}</g>`;
}

const words = { BT: ['at the bottom', 'at the top'], TB: ['at the top', 'at the bottom'], LR: ['on the left', 'on the right'], RL: ['on the right', 'on the left'] };
/** Below or above the picture, for a line of text. */
const textRoom = 24;

/**
 * The picture around what is drawn: its size, what it is, what lies behind it, and lines of text below.
 * @param {import('./sketch.js').Sketch} sketch
 * @param {{ width: number, height: number, graphAttr: import('./settings.js').Attributes, rankdir: import('./settings.js').Settings['rankdir'] }} frame
 * @param {string[]} drawn
 */
function framed({ sentence, note }, { width, height, graphAttr, rankdir }, drawn) {
  const below = [graphAttr.label === undefined ? null : String(graphAttr.label), note].filter((line) => line !== null);
  const wide = Math.ceil(Math.max(width, ...below.map((line) => textWidth(line, fontSize) + 20))), high = Math.ceil(height + below.length * textRoom);
  const background = backgroundOf(graphAttr), [start, end] = words[rankdir];
  const said = `${sentence} A circle is a call, a box its result or a value; inputs are ${start}, results ${end}.${note ? ` ${note}` : ''}`;
  const text = [
    `<svg xmlns="http://www.w3.org/2000/svg" role="img" width="${wide}" height="${high}" viewBox="0 0 ${wide} ${high}" font-family="${fontFamily}" font-size="${fontSize}" text-anchor="middle">`,
    `<title>Task graph</title>`, `<desc>${escaped(said)}</desc>`,
    background === undefined ? '' : `<rect width="${wide}" height="${high}" fill="${escaped(background)}"/>`,
    `<g fill="none" stroke="black"${wide > width ? ` transform="translate(${n((wide - width) / 2)} 0)"` : ''}>`, ...drawn, '</g>',
    ...below.map((line, row) => `<text class="note" x="${wide / 2}" y="${n(height + (row + 0.5) * textRoom)}">${escaped(line)}</text>`),
    '</svg>', '',
  ].filter((line, place, all) => line !== '' || place === all.length - 1).join('\n');
  return { text, width: wide, height: high };
}
