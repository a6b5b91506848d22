// Pictures of graphs: nothing runs, and no other program is needed.
import { delayed, visualize } from 'heddle';

const inc = delayed(function inc(x) { return x + 1; });
const add = delayed(function add(x, y) { return x + y; });

const z = add(inc(1), inc(2));
const { filename, svg } = await z.visualize(); // a circle is a call, a box its result
console.log(`${filename}: ${/<desc>([^.]*)/.exec(svg)[1]}`);

// In the language of Graphviz, without boxes; circles are numbered in the order in which one worker would run them.
const both = await visualize([z, inc(z)], { filename: null, format: 'dot', collapseOutputs: true, color: 'order' });
console.log(`${both}`.trimEnd());
