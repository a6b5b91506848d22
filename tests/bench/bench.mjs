// `npm run bench`: ours and the peers in one run, taking turns, medians over rounds. It measures and
// asserts no time; only a wrong result makes it fail. README.md beside it says what the figures mean.
import { spawnSync } from 'node:child_process';
import { parseArgs } from 'node:util';
import { describeMachine, machineText, saveResults } from './machine.mjs';
import { inRoot, progress, Samples } from './measure.mjs';
import { measureCore, measureGrowth, measureJavaScript, measurePools, measureRanking, measureStart, measureWatching, systemOf } from './parts.mjs';
import { prepareDask, prepareOpenMp, preparePools, prepareTbb } from './peers.mjs';
import { printCore, printJavaScript, printLines, printPools, printStart, printWatching } from './tables.mjs';

const TABLES = ['core', 'javascript', 'pools', 'watching']; /* what there is also without --full */
const PARTS = ['core', 'javascript', 'pools', 'growth', 'ranking'];

const usage = `usage: npm run bench [-- [--only PART,...] [--quick] [--json]]
       npm run bench -- --full [--only PART,...] [--graphs FOLDER] [--results FOLDER] [--quick]
  --quick           smaller graphs, one round instead of three: under a minute, but rougher
  --json            one object a line instead of the tables:
                    {"name":…,"ours_ns":…,"peer":…,"peer_ns":…,"ratio":…}, ratio = peer_ns / ours_ns
  --full            more sizes, workers and peers; saves PART.json in the results folder and draws its charts
  --only PART       core, javascript, pools or watching; with --full not watching, but also growth or ranking (all of them)
  --graphs FOLDER   the graphs that ranks are compared on (without it: no ranking)
  --results FOLDER  instead of tests/bench/results, or with --quick build/bench/results
Exit status: 0, or 1 when a build or a result of ours is wrong.`;

function parse() {
  try {
    const { values } = parseArgs({
      options: {
        quick: { type: 'boolean' }, json: { type: 'boolean' }, full: { type: 'boolean' }, only: { type: 'string' },
        graphs: { type: 'string' }, results: { type: 'string' }, help: { type: 'boolean', short: 'h' },
      },
    });
    const known = values.full ? PARTS : TABLES, parts = values.only?.split(',') ?? known, wrong = parts.find((part) => !known.includes(part));
    if (wrong !== undefined) throw new Error(PARTS.includes(wrong) ? `${wrong} goes with --full` : TABLES.includes(wrong) ? `${wrong} goes without --full` : `there is no part "${wrong}"`);
    if (!values.full && (values.graphs ?? values.results) !== undefined) throw new Error('--graphs and --results go with --full');
    return { ...values, parts };
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

const rounds = wanted.quick ? 1 : 3;
const coreSizes = { tasks: wanted.quick ? 100_000 : 1_000_000, workers: wanted.full ? [1, 2, 4] : [1, 2], repeat: 3 };
const javaScriptSizes = { tasks: 100_000, daskTasks: wanted.quick ? 5_000 : 20_000, repeat: wanted.quick ? 7 : 5 };
const poolSizes = { tasks: wanted.quick ? 2_000 : 20_000, waiting: wanted.quick ? 500 : 2_000, many: 100_000, repeat: 3 };
const startRepeat = wanted.quick ? 3 : 7;
const sizes = wanted.quick ? [1e3, 1e4, 1e5] : [1e3, 1e4, 1e5, 1e6, 1e7];
const roundsText = `Medians of ${rounds} ${rounds > 1 ? 'rounds' : 'round'}, in which ours and the peers take turns, of medians of warm runs.`;

const { status } = spawnSync(process.execPath, [inRoot('wasm/build.mjs'), '--bench'], { cwd: inRoot(''), stdio: ['ignore', 'ignore', 'inherit'] });
if (status !== 0) process.exit(1);
const tbb = prepareTbb(), dask = prepareDask(), openMp = wanted.full ? prepareOpenMp() : undefined, pools = preparePools();

function tables() {
  const samples = () => new Samples(), has = (part) => wanted.parts.includes(part);
  const core = has('core') ? samples() : undefined, javaScript = has('javascript') ? samples() : undefined, inPools = has('pools') ? samples() : undefined;
  for (let round = 0; round < rounds; round++) {
    if (core) measureCore(core, round, { ...coreSizes, peers: [tbb] });
    if (javaScript) measureJavaScript(javaScript, round, { ...javaScriptSizes, dask });
    if (inPools) measurePools(inPools, round, { ...poolSizes, pools });
  }
  const starts = javaScript ? measureStart(startRepeat) : undefined, watching = has('watching') ? measureWatching(wanted.quick ? 5 : 15) : undefined;
  progress();
  if (wanted.json) return printLines({ core, javaScript, starts, pools: inPools, watching }, { ...coreSizes, peers: pools });
  console.log(`${machineText(describeMachine({ oneTBB: tbb, Dask: dask, ...pools }))}\n${roundsText}`);
  if (core) printCore(core, coreSizes);
  if (javaScript) printJavaScript(javaScript, javaScriptSizes);
  if (starts) printStart(starts);
  if (inPools) printPools(inPools, pools);
  if (watching) printWatching(watching);
}

/** Each measures a part and gives what is saved of it: { how, rows } or { missing }. */
const full = {
  core() {
    const samples = new Samples();
    for (let round = 0; round < rounds; round++) measureCore(samples, round, { ...coreSizes, peers: [tbb, openMp] });
    progress();
    printCore(samples, coreSizes);
    return { how: { ...coreSizes, rounds }, rows: named(samples) };
  },
  growth() {
    return { rows: named(measureGrowth([tbb, openMp], sizes)), how: { sizes, workers: 1, rounds: 1 } };
  },
  javascript() {
    const samples = new Samples();
    for (let round = 0; round < rounds; round++) measureJavaScript(samples, round, { ...javaScriptSizes, dask });
    const starts = measureStart(startRepeat);
    progress();
    printJavaScript(samples, javaScriptSizes);
    printStart(starts);
    return { how: { ...javaScriptSizes, rounds }, rows: [...samples.rows(), ...starts] };
  },
  pools() {
    const samples = new Samples();
    for (let round = 0; round < rounds; round++) measurePools(samples, round, { ...poolSizes, pools });
    progress();
    printPools(samples, pools);
    return { how: { ...poolSizes, rounds }, rows: samples.rows().filter(({ system }) => !pools[system]?.missing) };
  },
  ranking() {
    return { how: {}, ...measureRanking(wanted.graphs) };
  },
};

const named = (samples) => samples.rows().map((row) => ({ system: systemOf(row), ...row }));

function measureParts() {
  const folder = wanted.results ?? inRoot(wanted.quick ? 'build/bench/results' : 'tests/bench/results');
  for (const part of wanted.parts) {
    const start = Date.now();
    const { missing, how, rows } = full[part]();
    progress();
    if (missing) console.log(`${part}: not run: ${missing}`);
    else saveResults(folder, part, { machine: describeMachine(part === 'pools' ? pools : { oneTBB: tbb, OpenMP: openMp, Dask: dask }), how: { ...how, seconds: Math.round((Date.now() - start) / 1000) }, rows });
  }
  return spawnSync(process.execPath, [inRoot('tests/bench/charts.mjs'), folder], { stdio: 'inherit' }).status;
}

process.exitCode = wanted.full ? measureParts() : tables();
