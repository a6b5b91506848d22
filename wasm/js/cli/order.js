/** `heddle order`: how task graphs are ordered, as a table or as JSON. */
import { parseArgs } from 'node:util';
import { HdError } from '../errors.js';
import { Bench } from './bench-graph.js';
import { GraphFileError, readGraph } from './graph-file.js';

const usage = 'usage: heddle order FILE... [--json] [--order best|fast] [--help]';

export const help = `${usage}

Ranks the task graphs in the files by the core in WebAssembly, and says of each
  µs/task        how long ranking takes, in microseconds for each task (the median of at least 3 times)
  peak serial    how many results are held at once, at most, if one worker runs all tasks by rank
  peak two       the same with two workers who take turns, all tasks taking equally long
  peak threads   the same in real runs of empty tasks on two threads (the median of 11)
  fast serial    peak serial by the other order, the fast one, for comparison

  --order best   the order that compute(..., { order: 'best' }) has; this is the default here
  --order fast   the one that it has otherwise
  --json         one line of JSON for each graph: name, n_tasks, n_edges, order_us_per_task, peak_serial,
                 peak_two, peak_threads, peak_serial_fast, order

A file holds JSON, plain or compressed by gzip: { "n_tasks": 3, "dependencies": [[], [], [0, 1]],
"outputs": [2] }: for each task the numbers of the tasks that it needs, in any order, and the tasks whose
results are wanted. All tasks are kept and none are fused. A result counts from when its task begins until
the last task that needs it is done; wanted ones to the end.

Exit status: 0, or 1 if a file could not be measured (the others are), or 2 if the command is wrong.`;

/** @typedef {{ name: string, n_tasks: number, n_edges: number, order_us_per_task: number, peak_serial: number, peak_two: number,
 *   peak_threads: number, peak_serial_fast: number, order: 'fast' | 'best' }} Row */

/** Text from outside, without what a terminal would act on. @param {string} text */
const printable = (text) => text.replace(/[\p{Cc}\p{Cf}\u2028\u2029]/gu, '?');

/** @param {string[]} args @returns {Promise<number>} the exit status */
export async function order(args) {
  let files, options;
  try {
    ({ positionals: files, values: options } = parseArgs({ args, allowPositionals: true, options: { json: { type: 'boolean' }, order: { type: 'string' } } }));
    if (options.order !== undefined && options.order !== 'best' && options.order !== 'fast') throw new TypeError(`--order is best or fast, but got '${options.order}'.`);
    if (files.length === 0) throw new TypeError('which files?');
  } catch (error) {
    console.error(`heddle order: ${/** @type {Error} */ (error).message}\n\n${usage}`);
    return 2;
  }
  /** @type {Row[]} */
  const rows = [];
  let failed = false;
  const bench = await Bench.start();
  try {
    for (const [index, file] of files.entries()) {
      progress(`${index + 1} of ${files.length}: ${printable(file)}`);
      try {
        const row = await rowOf(bench, file, options.order === 'fast' ? 'fast' : 'best');
        progress('');
        if (options.json) console.log(JSON.stringify(row));
        else rows.push(row);
      } catch (error) {
        progress('');
        failed = true;
        if (!(error instanceof GraphFileError || error instanceof HdError)) throw error;
        console.error(`heddle order: ${printable(file)}: ${printable(error.message)}`);
        if (error instanceof HdError && error.code === 'WORKER_LOST') return 1; /* no threads are left to go on with */
      }
    }
  } finally {
    await bench.close();
  }
  if (rows.length) console.log(table(rows, options.order === 'fast'));
  return failed ? 1 : 0;
}

/** @param {Bench} bench @param {string} file @param {'fast' | 'best'} wanted @returns {Promise<Row>} */
async function rowOf(bench, file, wanted) {
  const graph = await readGraph(file);
  const { edges, order: by, orderUs, peakSerial, peakTwo, peakThreads, peakSerialFast } = await bench.measure(graph, wanted);
  return {
    name: graph.name, n_tasks: graph.count, n_edges: edges, order_us_per_task: graph.count ? Number((orderUs / graph.count).toFixed(4)) : 0,
    peak_serial: peakSerial, peak_two: peakTwo, peak_threads: peakThreads, peak_serial_fast: peakSerialFast, order: by,
  };
}

/** Shows how far it is, to somebody who looks. @param {string} text */
function progress(text) {
  if (process.stderr.isTTY) process.stderr.write(`\r\x1b[K${text}`);
}

/** @param {Row[]} rows @param {boolean} fast whether the fast order is all there is */
function table(rows, fast) {
  const lines = [['graph', 'tasks', 'edges', 'µs/task', 'peak serial', 'peak two', 'peak threads', ...(fast ? [] : ['fast serial'])]];
  for (const row of rows)
    lines.push([printable(row.name), ...[row.n_tasks, row.n_edges].map(String), row.order_us_per_task.toFixed(3),
      ...[row.peak_serial, row.peak_two, row.peak_threads, ...(fast ? [] : [row.peak_serial_fast])].map(String)]);
  const widths = lines[0].map((_, column) => Math.max(...lines.map((line) => line[column].length)));
  return lines.map((line) => line.map((cell, column) => (column ? cell.padStart(widths[column]) : cell.padEnd(widths[column]))).join('  ')).join('\n');
}
