// `npm run bench`: ours and the peers in one run, taking turns, medians over rounds. It measures and
// asserts no time; only a wrong result makes it fail. README.md beside it says what the figures mean.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import os from 'node:os';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const usage = `usage: npm run bench [-- [--quick] [--json]]
  --quick  100,000 tasks and one round instead of 1,000,000 and three: under a minute, but rougher
  --json   one object a line instead of the tables:
           {"name":…,"ours_ns":…,"peer":…,"peer_ns":…,"ratio":…}, ratio = peer_ns / ours_ns
Exit status: 0, or 1 when a build or a result of ours is wrong.`;

function parse() {
  try {
    return parseArgs({ options: { quick: { type: 'boolean' }, json: { type: 'boolean' }, help: { type: 'boolean', short: 'h' } } }).values;
  } catch (error) {
    console.error(`bench: ${error.message}\n${usage}`);
    process.exit(2);
  }
}
const wanted = parse();
if (wanted.help) {
  console.log(usage);
  process.exit();
}

const ROUNDS = wanted.quick ? 1 : 3;
const TASKS = wanted.quick ? 100_000 : 1_000_000;
const REPEAT = 3; // of each program, each round, besides its warm-up
const DASK_TASKS = wanted.quick ? 5_000 : 20_000;
const SHAPES = ['chain', 'tree', 'reduction', 'wavefront', 'layers', 'wide'];
const PLATFORMS = { wasm: 'WebAssembly', native: 'native' };

const root = fileURLToPath(new URL('../..', import.meta.url));
const inRoot = (path) => `${root}/${path}`;

/** What a command printed, or undefined if it could not be run or failed. */
function output(command, ...args) {
  const { status, stdout } = spawnSync(command, args, { cwd: root, encoding: 'utf8' });
  return status === 0 ? stdout.trim() : undefined;
}

/** Runs a program that prints JSON lines. @returns {{ lines: object[] } | { failure: string }} */
function measure(command, ...args) {
  const { status, stdout, stderr, error } = spawnSync(command, args.map(String), { cwd: root, encoding: 'utf8' });
  if (status !== 0) return { failure: (stderr || String(error ?? `exit status ${status}`)).trim() };
  return { lines: stdout.trim().split('\n').map((line) => JSON.parse(line)) };
}

function ours(command, ...args) {
  const { lines, failure } = measure(command, ...args);
  if (lines) return lines;
  console.error(`bench: ${[command, ...args].join(' ')}\n${failure}`);
  process.exit(1);
}

/* ---- peers: each can be measured, or has a reason why not --------------------------------------- */

function prepareTbb() {
  const source = inRoot('tests/bench/peers/tbb_flow.cpp'), program = inRoot('build/bench/tbb_flow');
  mkdirSync(inRoot('build/bench'), { recursive: true });
  const { status, error, stderr } = spawnSync('g++', ['-O3', '-DNDEBUG', '-std=c++17', source, '-ltbb', '-o', program], { encoding: 'utf8' });
  if (error) return { missing: 'there is no g++' };
  if (status !== 0) return { missing: stderr.includes('tbb') ? 'g++ finds no oneTBB' : `g++ failed: ${stderr.split('\n')[0]}` };
  return { program, about: `oneTBB ${output('pkg-config', '--modversion', 'tbb') ?? '(version unknown)'}` };
}

function prepareDask() {
  for (const python of ['/usr/bin/python3', 'python3']) {
    const versions = output(python, '-c', 'import dask, platform; print("Dask", dask.__version__, "on Python", platform.python_version())');
    if (versions) return { program: python, about: versions };
  }
  return { missing: 'python3 finds no dask' };
}

/** A peer's figures; after a failure it is missing from then on, with what it said. */
function measurePeer(peer, ...args) {
  if (peer.missing) return [];
  const { lines, failure } = measure(peer.program, ...args);
  if (lines) return lines;
  peer.missing = failure.split('\n')[0];
  return [];
}

/* ---- measuring ---------------------------------------------------------------------------------- */

/** @type {Map<string, object[]>} What was measured, by name; one object a round. */
const samples = new Map();

function note(name, lines) {
  for (const line of lines) samples.set(name(line), [...(samples.get(name(line)) ?? []), line]);
}

function median(numbers) {
  const sorted = [...numbers].sort((a, b) => a - b), half = sorted.length >> 1;
  return sorted.length % 2 ? sorted[half] : (sorted[half - 1] + sorted[half]) / 2;
}

/** The median over the rounds of each figure of a name, or undefined. @returns {Record<string, number> | undefined} */
function figures(name) {
  const rounds = samples.get(name);
  return rounds && Object.fromEntries(Object.keys(rounds[0]).filter((key) => typeof rounds[0][key] === 'number')
    .map((key) => [key, median(rounds.map((round) => round[key]))]));
}

/** Runs some measurements in a row, every other round backwards, so that none always follows the same one. */
function takeTurns(round, measurements) {
  for (const run of round % 2 ? measurements.reverse() : measurements) run();
}

function measureCore(round, tbb) {
  for (const workers of [1, 2])
    for (const shape of SHAPES) {
      progress(round, `C tasks, ${shape}, ${workers} ${workers > 1 ? 'workers' : 'worker'}`);
      const size = ['--shape', shape, '--tasks', TASKS, '--repeat', REPEAT];
      const name = ({ platform, shape: of }) => `${platform ?? 'tbb'} ${workers} ${of}`;
      takeTurns(round, [
        () => note(name, ours(process.execPath, inRoot('tests/bench/core-in-node.mjs'), ...size, '--workers', workers)),
        () => note(name, measurePeer(tbb, ...size, '--threads', workers)),
        () => note(name, ours(inRoot('build/native/bench-core'), ...size, '--workers', workers)),
      ]);
    }
}

function measureJavaScript(round, dask) {
  progress(round, 'JavaScript tasks');
  const script = inRoot('tests/bench/peers/dask_delayed.py');
  const size = ['--shape', 'reduction', '--tasks', DASK_TASKS, '--repeat', 2, '--workers', 2];
  takeTurns(round, [
    () => note(() => 'dask sync', measurePeer(dask, script, ...size, '--scheduler', 'sync')),
    () => note(({ values, scheduler, workers }) => `js ${values} ${scheduler} ${workers}`,
      ours(process.execPath, '--expose-gc', inRoot('tests/bench/javascript.mjs'), '--repeat', ROUNDS > 1 ? 5 : 7,
        ...(round ? ['--numbers-only'] : []))), // objects once: nothing is compared with them
    () => note(() => 'dask threads', measurePeer(dask, script, ...size, '--scheduler', 'threads')),
  ]);
}

/** In each browser, how soon there is a first result: milliseconds. @returns {object[]} */
function measureStart() {
  const { lines, failure } = measure(process.execPath, inRoot('tests/bench/start.mjs'), '--repeat', wanted.quick ? 3 : 7);
  return lines ?? [{ browser: 'browsers', missing: failure.split('\n').at(-1) }];
}

function progress(round, what) {
  if (process.stderr.isTTY) process.stderr.write(`\r\x1b[Kround ${round + 1} of ${ROUNDS}: ${what}`);
}

/* ---- rows --------------------------------------------------------------------------------------- */

const perCent = (number) => Math.round(number * 100) / 100;
const geometricMean = (numbers) => Math.exp(numbers.reduce((sum, number) => sum + Math.log(number), 0) / numbers.length);

/** A row of the output. Without the peer's figure there is no ratio. @param {number} oursNs @param {number} [peerNs] */
function row(name, oursNs, peer, peerNs) {
  const compared = peerNs !== undefined;
  return {
    name, ours_ns: perCent(oursNs), peer: peer && !compared ? 'not run' : peer,
    peer_ns: compared ? perCent(peerNs) : null, ratio: compared ? perCent(peerNs / oursNs) : null,
  };
}

/** The rows of one platform and number of workers, with what a table shows of each. */
function coreRows(platform, workers) {
  const threads = `${workers} ${workers > 1 ? 'threads' : 'thread'}`;
  const name = (what) => `C tasks, ${PLATFORMS[platform]}, ${threads}, ${what}`, peer = `oneTBB flow graph, native, ${threads}`;
  const shapes = SHAPES.map((shape) => {
    const own = figures(`${platform} ${workers} ${shape}`), other = figures(`tbb ${workers} ${shape}`);
    const sum = own.build_ns + own.run_ns, otherSum = other && other.build_ns + other.run_ns;
    return {
      shape, own, other,
      plain: row(name(`${shape}: build + run`), sum, peer, otherSum),
      seal: row(name(`${shape}: seal`), own.seal_ns, null),
      all: row(name(`${shape}: build + seal + run`), sum + own.seal_ns, peer, otherSum),
    };
  });
  const mean = (of, what) => {
    const rows = shapes.map((one) => one[of]), others = rows.map(({ peer_ns }) => peer_ns);
    return row(name(`geometric mean: ${what}`), geometricMean(rows.map(({ ours_ns }) => ours_ns)), peer,
      others.includes(null) ? undefined : geometricMean(others));
  };
  return { threads, shapes, plainMean: mean('plain', 'build + run'), allMean: mean('all', 'build + seal + run') };
}

function javaScriptRows() {
  const cases = [...samples.keys()].filter((key) => key.startsWith('js ')).map((key) => {
    const [, values, scheduler, workers] = key.split(' ');
    return { values, scheduler, workers: Number(workers), own: figures(key) };
  });
  return cases.map(({ values, scheduler, workers, own }) => {
    const how = scheduler === 'sync' ? 'sync' : `threads, ${workers} ${workers > 1 ? 'workers' : 'worker'}`;
    /* Dask has its counterpart for numbers, on sync and on two threads. */
    const compared = values === 'numbers' && (scheduler === 'sync' || workers === 2);
    const dask = compared ? figures(`dask ${scheduler}`) : undefined;
    const name = `JavaScript tasks, ${values}, ${how}`;
    return {
      how, values, own,
      all: row(`${name}: build + compute`, own.all_ns, compared ? `Dask delayed, ${how}` : null, dask && dask.build_ns + dask.run_ns),
      again: row(`${name}: compute again`, own.again_ns, null),
    };
  });
}

/* ---- printing ----------------------------------------------------------------------------------- */

function printTable(heads, rows) {
  const lines = [heads, ...rows], widths = heads.map((_, at) => Math.max(...lines.map((line) => line[at].length)));
  for (const line of lines)
    console.log(`  ${line.map((cell, at) => (at ? cell.padStart(widths[at]) : cell.padEnd(widths[at]))).join('  ')}`.trimEnd());
}

const ns = (number) => (number === undefined || number === null ? '' : number.toFixed(1));
const us = (number) => (number === undefined || number === null ? '' : (number / 1000).toFixed(number < 10000 ? 2 : 0));
const ratio = ({ peer, ratio: times }) => (times === null ? (peer === 'not run' ? 'not run' : '') : `${times.toFixed(times < 10 ? 1 : 0)}x`);

function printMachine(peers) {
  const { version } = JSON.parse(readFileSync(inRoot('package.json'), 'utf8'));
  const [cpu] = os.cpus();
  const compiler = (command) => output(command, '--version')?.split('\n')[0] ?? `no ${command}`;
  console.log(`Heddle ${version} (${output('git', 'rev-parse', '--short', 'HEAD') ?? 'no commit'}), ${new Date().toISOString().slice(0, 10)}
${os.cpus().length} x ${cpu?.model.trim() ?? 'unknown processor'}, ${Math.round(os.totalmem() / 2 ** 30)} GB, ${os.type()} ${os.release()}; load before: ${load.map((one) => one.toFixed(1)).join(' ')}
Node.js ${process.version}; ${compiler('emcc')}; ${compiler('gcc')}
peers: ${Object.entries(peers).map(([peer, { about, missing }]) => (missing ? `${peer}: not run, ${missing}` : about)).join('; ')}
Medians of ${ROUNDS} ${ROUNDS > 1 ? 'rounds' : 'round'}, in which ours and the peers take turns, of medians of warm runs.`);
}

function printCore(platform, { threads, shapes, plainMean, allMean }) {
  console.log(`\nC tasks, ${PLATFORMS[platform]} with ${threads}, against native oneTBB with ${threads}: ns a task, ${TASKS.toLocaleString('en')} tasks`);
  printTable(['', 'build', 'seal', 'run', 'build+run', 'bytes', 'oneTBB build', 'run', 'build+run', 'ratio', 'ratio with seal'], [
    ...shapes.map(({ shape, own, other, plain, all }) => [shape, ns(own.build_ns), ns(own.seal_ns), ns(own.run_ns), ns(plain.ours_ns),
      own.bytes_per_task.toFixed(0), ns(other?.build_ns), ns(other?.run_ns), ns(plain.peer_ns), ratio(plain), ratio(all)]),
    ['geometric mean', '', '', '', ns(plainMean.ours_ns), '', '', '', ns(plainMean.peer_ns), ratio(plainMean), ratio(allMean)],
  ]);
}

function printJavaScript(rows) {
  console.log(`\nJavaScript tasks, a binary reduction of ${rows[0].own.tasks.toLocaleString('en')} tasks: µs a task (Dask: ${DASK_TASKS.toLocaleString('en')} tasks)`);
  printTable(['', 'build', 'compute', 'all', 'again', 'Dask all', 'ratio'], rows.map(({ how, values, own, all }) =>
    [`${values}, ${how}`, us(own.build_ns), us(own.compute_ns), us(own.all_ns), us(own.again_ns), us(all.peer_ns), ratio(all)]));
}

function printStart(starts) {
  console.log('\nFirst result of two threads in a page on this machine: ms, medians');
  printTable(['', 'after navigation', 'after a click in the playground'], [...new Set(starts.map(({ browser }) => browser))].map((browser) => {
    const of = (way) => starts.find((one) => one.browser === browser && one.way === way)?.ms;
    const { missing } = starts.find((one) => one.browser === browser);
    return [browser, missing ? `not run: ${missing}` : String(of('navigation')), missing ? '' : String(of('click'))];
  }));
}

/* ---- all of it ---------------------------------------------------------------------------------- */

const load = os.loadavg();
const { status } = spawnSync(process.execPath, [inRoot('wasm/build.mjs'), '--bench'], { cwd: root, stdio: ['ignore', 'ignore', 'inherit'] });
if (status !== 0) process.exit(1);
const tbb = prepareTbb(), dask = prepareDask();
for (let round = 0; round < ROUNDS; round++) {
  measureCore(round, tbb);
  measureJavaScript(round, dask);
}
progress(ROUNDS - 1, 'first results in browsers');
const starts = measureStart();
if (process.stderr.isTTY) process.stderr.write('\r\x1b[K');

const core = Object.keys(PLATFORMS).flatMap((platform) => [1, 2].map((workers) => ({ platform, rows: coreRows(platform, workers) })));
const javaScript = javaScriptRows();
if (wanted.json) {
  for (const { rows } of core) {
    for (const { plain, seal, all } of rows.shapes) for (const one of [plain, seal, all]) console.log(JSON.stringify(one));
    for (const one of [rows.plainMean, rows.allMean]) console.log(JSON.stringify(one));
  }
  for (const { all, again } of javaScript) for (const one of [all, again]) console.log(JSON.stringify(one));
  for (const { browser, way, ms } of starts) if (ms !== undefined) console.log(JSON.stringify({ name: `first result, ${browser}, after ${way}`, ours_ns: ms * 1e6, peer: null, peer_ns: null, ratio: null }));
} else {
  printMachine({ oneTBB: tbb, Dask: dask });
  for (const { platform, rows } of core) printCore(platform, rows);
  printJavaScript(javaScript);
  printStart(starts);
}
