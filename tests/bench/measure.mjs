// Runs the programs of the benchmark, and keeps what they print until medians are taken.
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

export const SHAPES = ['chain', 'tree', 'reduction', 'wavefront', 'layers', 'wide'];

/** What pools are measured with, and what we are content with. @type {Record<string, { says: string, goalNs?: number }>} */
export const POOL_CASES = {
  numbers: { says: 'numbers', goalNs: 300 },
  many: { says: 'numbers', goalNs: 300 },
  reduction: { says: 'numbers in a reduction', goalNs: 1000 },
  objects: { says: 'small objects' },
  arrays: { says: 'arrays of 8 MB' },
  given: { says: 'arrays of 8 MB, results given' },
  waiting: { says: 'tasks that wait' },
};

const root = fileURLToPath(new URL('../..', import.meta.url));
export const inRoot = (path) => `${root}/${path}`;

const NO_MEMORY = 3; /* the exit status of the C programs when a graph does not fit */

/** What a command printed, or undefined if it could not be run or failed. */
export function output(command, ...args) {
  const { status, stdout } = spawnSync(command, args, { cwd: root, encoding: 'utf8' });
  return status === 0 ? stdout.trim() : undefined;
}

/** Runs a program that prints JSON lines. @returns {{ lines: object[] } | { failure: string, noMemory: boolean }} */
export function measure(command, ...args) {
  const { status, signal, stdout, stderr, error } = spawnSync(command, args.map(String), { cwd: root, encoding: 'utf8', maxBuffer: 2 ** 28 });
  if (status !== 0) return { failure: (stderr || String(error ?? signal ?? `exit status ${status}`)).trim(), noMemory: status === NO_MEMORY };
  return { lines: stdout.trim().split('\n').map((line) => JSON.parse(line)) };
}

/** Runs a program of ours: a failure ends the benchmark, except that a graph may be too large for the memory. */
export function ours(command, ...args) {
  const { lines, failure, noMemory } = measure(command, ...args);
  if (lines) return lines;
  console.error(`bench: ${[command, ...args].join(' ')}\n${failure}`);
  if (noMemory) return [];
  process.exit(1);
}

/** A peer's figures; after a failure it is missing from then on, with what it said. */
export function measurePeer(peer, ...args) {
  if (peer.missing) return [];
  const { lines, failure } = measure(peer.program, ...args);
  if (lines) return lines;
  peer.missing = failure.split('\n')[0];
  return [];
}

/** Runs some measurements in a row, every other round backwards, so that none always follows the same one. */
export function takeTurns(round, measurements) {
  for (const run of round % 2 ? measurements.reverse() : measurements) run();
}

function median(numbers) {
  const sorted = [...numbers].sort((a, b) => a - b), half = sorted.length >> 1;
  return sorted.length % 2 ? sorted[half] : (sorted[half - 1] + sorted[half]) / 2;
}

/** What was measured, by name: one line a round. */
export class Samples {
  #rounds = /** @type {Map<string, object[]>} */ (new Map());

  note(name, lines) {
    for (const line of lines) this.#rounds.set(name(line), [...(this.#rounds.get(name(line)) ?? []), line]);
  }

  names() {
    return [...this.#rounds.keys()];
  }

  /** The line of a name, each number the median over the rounds. @returns {Record<string, any> | undefined} */
  figures(name) {
    const rounds = this.#rounds.get(name);
    return rounds && Object.fromEntries(Object.entries(rounds[0])
      .map(([key, value]) => [key, typeof value === 'number' ? median(rounds.map((round) => round[key])) : value]));
  }

  /** All lines, for a file: medians, and what each round took in all. */
  rows() {
    const steps = ['build_ns', 'seal_ns', 'run_ns', 'compute_ns', 'task_ns'];
    return this.names().map((name) => {
      const rounds = this.#rounds.get(name);
      const sums = rounds.map((round) => Math.round(10 * steps.reduce((sum, step) => sum + (round[step] ?? 0), 0)) / 10);
      return { ...this.figures(name), rounds_ns: sums };
    });
  }
}

/** Says on a terminal what goes on; nothing: clears that. @param {string} [what] */
export function progress(what = '') {
  if (process.stderr.isTTY) process.stderr.write(`\r\x1b[K${what}`);
}
