/** Graph files: JSON, plain or compressed by gzip. They may come from anywhere, so everything is checked. */
import { readFile } from 'node:fs/promises';
import { basename } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { Words } from '../record.js';

/** Texts beyond this cannot be one string of JavaScript's. */
const TEXT_BYTES_MAX = 2 ** 29 - 24;

/** A graph as numbers: task i needs inputs[offsets[i]] … inputs[offsets[i + 1] - 1].
 * @typedef {{ name: string, count: number, offsets: Uint32Array, inputs: Uint32Array, outputs: Uint32Array }} FileGraph */

/** A file that holds no graph. The message says where and why, not which file. */
export class GraphFileError extends Error {}

/** What a file's graph is called. @param {string} path */
export const nameOfFile = (path) => basename(path).replace(/\.gz$/, '').replace(/\.json$/, '');

/**
 * @param {string} path
 * @returns {Promise<FileGraph>}
 * @throws {GraphFileError}
 */
export async function readGraph(path) {
  const graph = parse(unpack(await read(path)));
  if (graph === null || typeof graph !== 'object' || Array.isArray(graph)) bad(`the file holds ${shown(graph)}, not an object`);
  const { n_tasks: count, dependencies, outputs } = /** @type {Record<string, any>} */ (graph);
  if (!Array.isArray(dependencies)) bad(`dependencies is ${shown(dependencies)}, not a list`);
  if (!Number.isInteger(count) || count < 0) bad(`n_tasks is ${shown(count)}, not a number of tasks`);
  if (count !== dependencies.length) bad(`n_tasks is ${count}, but dependencies has ${dependencies.length} entries`);
  const offsets = new Uint32Array(count + 1), inputs = new Words();
  for (let task = 0; task < count; task++) {
    pushTasks(inputs, dependencies[task], count, `dependencies[${task}]`);
    offsets[task + 1] = inputs.length;
  }
  const wanted = new Words();
  pushTasks(wanted, outputs, count, 'outputs');
  return { name: nameOfFile(path), count, offsets, inputs: inputs.view, outputs: wanted.view };
}

/** @param {string} path */
async function read(path) {
  try {
    return await readFile(path);
  } catch (error) {
    const { code, message } = /** @type {NodeJS.ErrnoException} */ (error);
    return bad(code === 'ENOENT' ? 'there is no such file' : code === 'EISDIR' ? 'this is a folder, not a file' : `the file cannot be read: ${message}`);
  }
}

/** The text, by the content and not by the name. @param {Uint8Array} bytes */
function unpack(bytes) {
  if (bytes[0] === 0x1f && bytes[1] === 0x8b) {
    try {
      bytes = gunzipSync(bytes, { maxOutputLength: TEXT_BYTES_MAX });
    } catch (error) {
      const { code, message } = /** @type {NodeJS.ErrnoException} */ (error);
      bad(code === 'ERR_BUFFER_TOO_LARGE' ? `unpacked it is larger than ${TEXT_BYTES_MAX} bytes` : `it cannot be unpacked by gzip: ${message}`);
    }
  }
  if (bytes.length > TEXT_BYTES_MAX) bad(`it is larger than ${TEXT_BYTES_MAX} bytes`);
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    return bad('it is neither gzip nor text in UTF-8');
  }
}

/** @param {string} text @returns {unknown} */
function parse(text) {
  try {
    return JSON.parse(text);
  } catch (error) {
    return bad(text.trim() === '' ? 'it is empty' : `it is not JSON: ${/** @type {Error} */ (error).message}`);
  }
}

/** @param {Words} words @param {unknown} tasks @param {number} count @param {string} at */
function pushTasks(words, tasks, count, at) {
  if (!Array.isArray(tasks)) return bad(`${at} is ${shown(tasks)}, not a list of tasks`);
  for (let place = 0; place < tasks.length; place++) {
    const task = tasks[place];
    if (!Number.isInteger(task)) bad(`${at}[${place}] is ${shown(task)}, not the number of a task`);
    if (task < 0 || task >= count) bad(`${at}[${place}] is ${task}, but the tasks are 0 to ${count - 1}`);
    words.push(task);
  }
}

/** A value in a few words. @param {unknown} value */
function shown(value) {
  if (value === undefined) return 'missing';
  if (Array.isArray(value)) return 'a list';
  if (value !== null && typeof value === 'object') return 'an object';
  return typeof value === 'string' ? `the text '${value.length > 20 ? `${value.slice(0, 20)}…` : value}'` : String(value);
}

/** @param {string} why @returns {never} */
function bad(why) {
  throw new GraphFileError(why);
}
