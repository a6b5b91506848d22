/** The programs of the menu, in its order. */
import delayed from './programs/delayed.program.js?text';
import loop from './programs/loop.program.js?text';
import loopFlow from './programs/loop-flow.program.js?text';
import compute from './programs/compute.program.js?text';
import wordCount from './programs/word-count.program.js?text';
import tree from './programs/tree.program.js?text';
import pi from './programs/pi.program.js?text';
import graph from './programs/graph.program.js?text';
import failure from './programs/failure.program.js?text';
import endless from './programs/endless.program.js?text';

const lesson = 'The lesson';
const more = 'More';

/**
 * @typedef {object} Program
 * @property {string} id what the address says after #
 * @property {string} title
 * @property {string} group its place in the menu
 * @property {string} text
 */

/** @type {readonly Program[]} */
export const programs = [
  { id: 'delayed', title: 'Delayed calls', group: lesson, text: delayed },
  { id: 'loop', title: 'A loop', group: lesson, text: loop },
  { id: 'loop-flow', title: 'A loop with a decision', group: lesson, text: loopFlow },
  { id: 'compute', title: 'Real work', group: lesson, text: compute },
  { id: 'word-count', title: 'Counting words: map and reduce', group: more, text: wordCount },
  { id: 'tree', title: 'A tree of additions', group: more, text: tree },
  { id: 'pi', title: 'Pi by throwing darts', group: more, text: pi },
  { id: 'graph', title: 'A graph as plain data', group: more, text: graph },
  { id: 'failure', title: 'A task that fails', group: more, text: failure },
  { id: 'endless', title: 'An endless task, to stop', group: more, text: endless },
].map((program) => ({ ...program, text: program.text.trimEnd() }));
