/** `heddle trace`: what happened in a recorded run, as text, for Chrome's and Perfetto's viewers, or as a picture. */
import { createWriteStream, readFileSync, writeFileSync } from 'node:fs';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { parseArgs } from 'node:util';
import { printable } from '../diagnostics/progress-text.js';
import { taskTimes } from '../diagnostics/profiler.js';
import { summary } from '../diagnostics/summary.js';
import { streamPicture } from '../diagnostics/visualize.js';
import { timed } from '../trace/quantities.js';
import { TraceFileError } from '../errors.js';
import { chromeTraceOf } from '../trace/chrome.js';
import { readTrace } from '../trace/file.js';
import { storyOf } from '../trace/story.js';

const usage = 'usage: heddle trace FILE [--task KEY] [--chrome OUT] [--svg OUT] [--help]';

export const help = `${usage}

Says of a recorded run (recorder.save('run.heddle'), or a file that the playground has saved) how long it
took and where its time went: for each name the number of tasks and their times, how well the threads were
used, the most results in memory, and the chain of tasks that no number of threads could shorten.

  --task KEY     what happened to one task instead, step by step
  --chrome OUT   writes it for chrome://tracing and https://ui.perfetto.dev (JSON)
  --svg OUT      writes the task stream as a picture: one row a worker, one bar a task

Exit status: 0, or 1 if the file cannot be read or written, or 2 if the command is wrong.`;

/** @param {string[]} args @returns {Promise<number>} the exit status */
export async function trace(args) {
  let files, options;
  try {
    ({ positionals: files, values: options } = parseArgs({ args, allowPositionals: true, options: { task: { type: 'string' }, chrome: { type: 'string' }, svg: { type: 'string' } } }));
    if (files.length !== 1) throw new TypeError(files.length ? 'one file at a time.' : 'which file?');
  } catch (error) {
    console.error(`heddle trace: ${/** @type {Error} */ (error).message}\n\n${usage}`);
    return 2;
  }
  try {
    const model = await readTrace(readFileSync(files[0]));
    if (options.chrome !== undefined) await pipeline(Readable.from(chromeTraceOf(model)), createWriteStream(options.chrome));
    if (options.svg !== undefined) writeFileSync(options.svg, streamPicture(taskTimes(model)));
    if (options.task !== undefined) return tellStory(model, options.task);
    if (options.chrome === undefined && options.svg === undefined) console.log(summary(model));
    return 0;
  } catch (error) {
    if (!(error instanceof TraceFileError) && typeof /** @type {any} */ (error).errno !== 'number') throw error;
    console.error(`heddle trace: ${error instanceof TraceFileError ? `${printable(files[0])}: ` : ''}${printable(/** @type {Error} */ (error).message)}`);
    return 1;
  }
}

/** @param {import('../trace/model.js').TraceModel} model @param {string} key */
function tellStory(model, key) {
  for (let task = 0; task < model.count; task++) {
    if (model.keyOf(task) !== key) continue;
    const story = storyOf(model, task).map(({ atMs, text }) => [timed(atMs), text]), width = Math.max(...story.map(([at]) => at.length));
    for (const [at, text] of story) console.log(`${at.padStart(width)}  ${printable(text)}`);
    return 0;
  }
  console.error(`heddle trace: the run has no task '${printable(key)}'.`);
  return 1;
}
