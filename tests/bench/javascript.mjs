// What a JavaScript task costs through the package: the binary reduction of delayed inc and add that
// peers/dask_delayed.py has too, with numbers and with tiny objects as values. One JSON object a case, in
// ns a task, medians of warm repeats:
//   build    calling the delayed functions until the last node stands
//   compute  that node's compute(): walk, graph, ranks, run, result
//   all      both
//   again    compute() of the same node once more
// The cases take turns within each repeat. Every result is checked.
import { parseArgs } from 'node:util';
import { Runtime, delayed } from 'heddle';

const usage = `usage: node --expose-gc javascript.mjs [--tasks N] [--repeat R] [--numbers-only]
  --tasks N       tasks in the graph (100000, rounded to an odd number)
  --repeat R      measured repeats, after one warm-up (7)
  --numbers-only  leave out the tiny objects
With --expose-gc the garbage of what was before is collected between measurements, as for Dask.`;

const { values: wanted } = parseArgs({
  options: {
    tasks: { type: 'string', default: '100000' },
    repeat: { type: 'string', default: '7' },
    'numbers-only': { type: 'boolean' },
    help: { type: 'boolean', short: 'h' },
  },
});
const tasks = Number(wanted.tasks), repeat = Number(wanted.repeat);
if (wanted.help || !(Number.isInteger(tasks) && tasks >= 3 && Number.isInteger(repeat) && repeat >= 1)) {
  (wanted.help ? console.log : console.error)(usage);
  process.exit(wanted.help ? 0 : 2);
}

const functions = {
  numbers: { inc: delayed((x) => x + 1), add: delayed((x, y) => x + y), number: (result) => result },
  objects: { inc: delayed((x) => ({ v: x + 1 })), add: delayed((x, y) => ({ v: x.v + y.v })), number: (result) => result.v },
};
const leafCount = Math.ceil(tasks / 2);
const taskCount = 2 * leafCount - 1;
const expected = (leafCount * (leafCount + 1)) / 2;

function reduction({ inc, add }) {
  let level = Array.from({ length: leafCount }, (_, leaf) => inc(leaf));
  while (level.length > 1) {
    const sums = [];
    for (let at = 0; at + 1 < level.length; at += 2) sums.push(add(level[at], level[at + 1]));
    if (level.length % 2) sums.push(level.at(-1));
    level = sums;
  }
  return level[0];
}

const runtimes = { 1: await Runtime.start({ workers: 1 }), 2: await Runtime.start({ workers: 2 }) };
const cases = [];
for (const values of wanted['numbers-only'] ? ['numbers'] : ['numbers', 'objects'])
  for (const [scheduler, workers] of [['sync', 1], ['threads', 1], ['threads', 2]])
    cases.push({
      values, scheduler, workers, ...functions[values], samples: { build: [], compute: [], all: [], again: [] },
      options: scheduler === 'sync' ? { scheduler } : { runtime: runtimes[workers], workers },
    });

async function timedCompute(node, { options, number, values, scheduler }) {
  globalThis.gc?.();
  const start = performance.now();
  const result = number(await node.compute(options));
  const ms = performance.now() - start;
  if (result !== expected) throw new Error(`javascript: ${values}, ${scheduler}: the result is ${result}, not ${expected}`);
  return ms;
}

for (let i = -1; i < repeat; i++) {
  for (const one of cases) {
    globalThis.gc?.();
    const start = performance.now();
    const node = reduction(one);
    const build = performance.now() - start;
    const compute = await timedCompute(node, one);
    const again = await timedCompute(node, one);
    if (i < 0) continue; // the warm-up
    one.samples.build.push(build);
    one.samples.compute.push(compute);
    one.samples.all.push(build + compute);
    one.samples.again.push(again);
  }
}
for (const runtime of Object.values(runtimes)) await runtime.close();

const median = (list) => list.sort((a, b) => a - b)[list.length >> 1];
for (const { values, scheduler, workers, samples } of cases) {
  const figures = Object.entries(samples).map(([name, list]) => [`${name}_ns`, Math.round((median(list) * 1e7) / taskCount) / 10]);
  console.log(JSON.stringify({ ours: 'heddle', values, shape: 'reduction', tasks: taskCount, scheduler, workers, ...Object.fromEntries(figures) }));
}
