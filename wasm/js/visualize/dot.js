/** A sketch in DOT, Graphviz's language, as Dask writes it. */
import { into, outOf } from './sketch.js';

/** Graphviz takes texts of up to 16384 bytes. */
const textMax = 4000;

/** Halves of letters, and signs that may stand in no text, not even escaped: all but tabs and ends of lines.
 * @param {string} text */
const sayable = (text) => text.replace(/[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]|[\ud800-\udfff]/gu, '\ufffd');

/** A text of ours, of which nothing is an escape or an entity to Graphviz. @param {string} text */
function quoted(text) {
  const shown = text.length > textMax ? `${text.slice(0, textMax)}…` : text;
  return `"${sayable(shown).replace(/[\\"]/g, '\\$&').replaceAll('&', '&amp;').replace(/\r\n|\r|\n/g, '\\n')}"`;
}

/** A text of the user's, in which `\n` and the like are Graphviz's. @param {string} text */
function asGiven(text) {
  const loneAtEnd = /(?<!\\)(?:\\\\)*\\$/.test(text) ? '\\' : '';
  return `"${sayable(text).replace(/\\[^]|"/g, (part) => (part === '"' ? '\\"' : part))}${loneAtEnd}"`;
}

/** @param {import('./settings.js').Attributes} attributes */
const listed = (attributes) => Object.entries(attributes).map(([name, value]) => `${name}=${asGiven(String(value))}`).join(' ');

/**
 * @param {import('./sketch.js').Sketch} sketch
 * @param {import('./settings.js').Settings} settings
 */
export function dotOf({ figures, cells, links }, { rankdir, graphAttr, nodeAttr, edgeAttr }) {
  const lines = ['digraph {', `\tgraph [${listed({ rankdir, ...graphAttr })}]`, `\tnode [${listed({ fontname: 'helvetica', ...nodeAttr })}]`];
  if (Object.keys(edgeAttr).length > 0) lines.push(`\tedge [${listed(edgeAttr)}]`);
  figures.forEach(({ shape, label, raw, attributes }, figure) => {
    const own = listed({ shape, ...attributes });
    lines.push(`\tn${figure} [label=${raw ? asGiven(label) : quoted(label)} ${own}]`);
  });
  for (const { circle, box } of cells) if (circle >= 0 && box >= 0) lines.push(`\tn${circle} -> n${box}`);
  for (const [from, to] of links) lines.push(`\tn${outOf(cells[from])} -> n${into(cells[to])}`);
  lines.push('}', '');
  return lines.join('\n');
}
