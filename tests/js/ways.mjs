/**
 * The ways to compute, which must all give the same: tests run each of their statements in every way.
 * And what tasks on other threads can tell a test: through files, since they share nothing else with it.
 */
import { compute, computeSync, get, getSync } from 'heddle';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

/**
 * `waits`: the call blocks until all is done, so nothing can come in between.
 * `encodes`: values pass the codec, as between threads. `threads`: tasks run on other threads.
 */
const all = [
  { way: 'sync', options: { scheduler: 'sync' } },
  { way: 'sync, strict', options: { scheduler: 'sync', strict: true }, encodes: true },
  { way: 'threads, 1 worker', options: { scheduler: 'threads', workers: 1 }, encodes: true, threads: true },
  { way: 'threads, 2 workers', options: { scheduler: 'threads', workers: 2 }, encodes: true, threads: true },
  { way: 'threads, 4 workers', options: { scheduler: 'threads', workers: 4 }, encodes: true, threads: true },
  { way: 'computeSync, sync', options: { scheduler: 'sync' }, waits: true },
  { way: 'computeSync, sync, strict', options: { scheduler: 'sync', strict: true }, waits: true, encodes: true },
  { way: 'computeSync, threads', options: { scheduler: 'threads', workers: 2 }, waits: true, encodes: true, threads: true },
];

/** Each way with `run(structure, options)` and `runGet(graph, keys, options)`, which give promises. */
export const ways = all.map(({ options, waits = false, encodes = false, threads = false, ...rest }) => ({
  ...rest,
  waits,
  encodes,
  threads,
  run: async (structure, more) => (waits ? computeSync : compute)(structure, { ...options, ...more }),
  runGet: async (graph, keys, more) => (waits ? getSync : get)(graph, keys, { ...options, ...more }),
}));

/** What a promise rejects with; it is an error that it does not. */
export async function rejection(promise) {
  let value;
  try {
    value = await promise;
  } catch (error) {
    return error;
  }
  throw new Error(`nothing was thrown: there is a result, ${String(value)}`);
}

/** A file for tasks to write lines to, by `appendFileSync`. */
export function notebook() {
  const folder = mkdtempSync(path.join(tmpdir(), 'heddle-notes-'));
  const file = path.join(folder, 'lines');
  writeFileSync(file, '');
  return {
    file,
    lines: () => readFileSync(file, 'utf8').split('\n').slice(0, -1),
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}

/** A task: writes a line into a notebook's file and gives `value`. */
export function note(file, line, value) {
  globalThis.process.getBuiltinModule('node:fs').appendFileSync(file, `${line}\n`);
  return value;
}

/**
 * A task that is done only when `count` of its kind run at the same time: each writes a line and waits
 * until it sees all. Gives false when they do not come together within 20 s.
 */
export function meet(file, count) {
  const fs = globalThis.process.getBuiltinModule('node:fs');
  fs.appendFileSync(file, 'here\n');
  for (const until = Date.now() + 20_000; Date.now() < until; )
    if (fs.readFileSync(file, 'utf8').split('\n').length > count) return true;
  return false;
}
