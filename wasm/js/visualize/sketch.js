/** The circles, boxes and lines of a picture, by Dask's rules, and what is written in them. Nothing has a place yet. */

/**
 * @typedef {import('./settings.js').Attributes} Attributes
 *
 * @typedef {object} Figure a circle or a box
 * @property {'circle' | 'box'} shape
 * @property {string} label
 * @property {boolean} raw the label may hold Graphviz's escapes (`\n`): it was given as an attribute
 * @property {string} key
 * @property {Attributes} attributes its own
 *
 * @typedef {object} Cell what stands together: a call and its result, or either of them
 * @property {number} circle a figure's number, or -1
 * @property {number} box a figure's number, or -1
 *
 * @typedef {object} Sketch
 * @property {Figure[]} figures
 * @property {Cell[]} cells
 * @property {[number, number][]} links between cells: from an input to who takes it
 * @property {string} sentence what there is, in words
 * @property {string | null} note what the picture does not show
 */

/** @param {Cell} cell which figure its result is: lines to others begin there */
export const outOf = ({ circle, box }) => (box >= 0 ? box : circle);
/** @param {Cell} cell which figure takes its inputs */
export const into = ({ circle, box }) => (circle >= 0 ? circle : box);

/**
 * @param {readonly import('./items.js').Item[]} items
 * @param {import('./settings.js').Settings} settings
 * @param {{ tasks: Attributes[], values: Attributes[] } | null} coloured attributes by item
 * @returns {Sketch}
 */
export function sketchOf(items, settings, coloured) {
  const { collapseOutputs, verbose } = settings;
  /** @type {Figure[]} */
  const figures = [];
  const add = (/** @type {'circle' | 'box'} */ shape, /** @type {string} */ label, /** @type {string} */ key, /** @type {Attributes[]} */ ...given) => {
    const { label: said, ...attributes } = Object.assign({}, ...given);
    return figures.push({ shape, label: String(said ?? label), raw: said !== undefined, key, attributes }) - 1;
  };
  const read = new Set(items.flatMap(({ inputs }) => inputs));
  /** @type {Cell[]} */
  const cells = [];
  const cellOf = new Int32Array(items.length).fill(-1);
  items.forEach(({ key, name, index, task, inputs }, item) => {
    /* A value that nobody takes stands in no relation to the calls, which are all that is left. */
    if (collapseOutputs && !task && inputs.length === 0 && !read.has(item)) return;
    const circle = task ? add('circle', name, key, coloured?.tasks[item] ?? {}, settings.functionAttributes[key] ?? {}) : -1;
    const box = task && collapseOutputs ? -1 : add('box', index ?? (verbose ? key : ''), key, coloured?.values[item] ?? {}, settings.dataAttributes[key] ?? {});
    cellOf[item] = cells.push({ circle, box }) - 1;
  });
  /** @type {[number, number][]} */
  const links = [];
  items.forEach(({ inputs }, item) => {
    for (const input of inputs) links.push([cellOf[input], cellOf[item]]);
  });
  return { figures, cells, links, sentence: sentenceOf(items), note: null };
}

/** How many names the sentence tells. */
const NAMES_MAX = 12;

/** @param {number} count */
const counted = (count) => count.toLocaleString('en-US');

/** @param {readonly import('./items.js').Item[]} items */
function sentenceOf(items) {
  /** @type {Map<string, number>} */
  const names = new Map();
  let values = 0;
  for (const { task, name } of items)
    if (task) names.set(name, (names.get(name) ?? 0) + 1);
    else values++;
  const tasks = items.length - values, told = [...names].sort((a, b) => b[1] - a[1]);
  const calls = told.slice(0, NAMES_MAX).map(([name, count]) => `${counted(count)} ${name}`).join(', ');
  const more = told.length > NAMES_MAX ? ` and ${counted(told.length - NAMES_MAX)} more names` : '';
  return `${counted(tasks)} ${tasks === 1 ? 'task' : 'tasks'}${tasks > 0 ? `: ${calls}${more}` : ''}` +
    `${values > 0 ? `; ${counted(values)} ${values === 1 ? 'value' : 'values'}` : ''}.`;
}

/**
 * The same with one circle and one box for all tasks of a name: for graphs of which nobody could see the tasks.
 * @param {readonly import('./items.js').Item[]} items
 * @param {import('./settings.js').Settings} settings
 * @returns {Sketch}
 */
export function groupedSketch(items, { collapseOutputs }) {
  /** @type {Map<string, { name: string, task: boolean, count: number, place: number }>} */
  const groups = new Map();
  const groupOf = items.map(({ name, task }) => {
    const known = `${task} ${name}`;
    let group = groups.get(known);
    if (!group) groups.set(known, (group = { name, task, count: 0, place: groups.size }));
    group.count++;
    return group;
  });
  /** @type {Figure[]} */
  const figures = [];
  const cells = Array.from(groups.values(), ({ name, task, count }) => {
    const times = `× ${counted(count)}`, key = `${counted(count)} ${name}`;
    /** @param {'circle' | 'box'} shape @param {string} label */
    const add = (shape, label) => figures.push({ shape, label, raw: false, key, attributes: {} }) - 1;
    return { circle: task ? add('circle', `${name}\n${times}`) : -1, box: task && collapseOutputs ? -1 : add('box', times) };
  });
  /** @type {Set<number>} */
  const joined = new Set();
  items.forEach(({ inputs }, item) => {
    const to = groupOf[item].place;
    for (const input of inputs) if (groupOf[input].place !== to) joined.add(groupOf[input].place * groups.size + to);
  });
  const links = Array.from(joined, (pair) => /** @type {[number, number]} */ ([Math.floor(pair / groups.size), pair % groups.size]));
  const note = `${counted(items.length)} tasks and values are too many to be drawn one by one: each circle stands for all tasks of a name.`;
  return { figures, cells, links, sentence: sentenceOf(items), note };
}
