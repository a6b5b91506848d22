// The parts of the benchmark: what is run, how often, with what. Each gives Samples or lines.
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { inRoot, measure, measurePeer, ours, progress, SHAPES, Samples, takeTurns } from './measure.mjs';

const inNode = (script, ...args) => ours(process.execPath, inRoot(`tests/bench/${script}`), ...args);

/** The systems that run C tasks, by the name in their lines: each takes --shape, --tasks and --repeat. */
function systems(peers, shape, tasks, workers, repeat) {
  const size = ['--shape', shape, '--tasks', tasks, '--repeat', repeat];
  return [
    () => inNode('core-in-node.mjs', ...size, '--workers', workers),
    ...peers.map((peer) => () => measurePeer(peer, ...size, '--threads', workers)),
    () => ours(inRoot('build/native/bench-core'), ...size, '--workers', workers),
  ];
}

/** Name of a line of a system that runs C tasks: "wasm 2 chain". */
export const systemOf = ({ platform, peer }) => platform ?? peer;
const nameCore = (line) => `${systemOf(line)} ${line.workers ?? line.threads} ${line.shape}`;

/** C tasks on every shape. One round; more of them go into the same samples. */
export function measureCore(samples, round, { peers, workers, tasks, repeat }) {
  for (const count of workers)
    for (const shape of SHAPES) {
      progress(`round ${round + 1}: C tasks, ${shape}, ${count} ${count > 1 ? 'workers' : 'worker'}`);
      takeTurns(round, systems(peers, shape, tasks, count, repeat).map((run) => () => samples.note(nameCore, run())));
    }
}

/** C tasks on one worker, from small graphs to large ones. A peer may lack memory for one and go on with the next. */
export function measureGrowth(peers, sizes) {
  const samples = new Samples();
  for (const tasks of sizes)
    for (const shape of SHAPES) {
      progress(`growth: ${tasks.toLocaleString('en')} tasks, ${shape}`);
      const repeat = Math.max(1, Math.min(100, Math.round(3e6 / tasks)));
      for (const run of systems(peers.map((peer) => ({ ...peer })), shape, tasks, 1, repeat))
        samples.note((line) => `${nameCore(line)} ${tasks}`, run());
    }
  return samples;
}

/** JavaScript tasks, ours and Dask's. One round. */
export function measureJavaScript(samples, round, { dask, daskTasks, tasks, repeat }) {
  progress(`round ${round + 1}: JavaScript tasks`);
  const size = [inRoot('tests/bench/peers/dask_delayed.py'), '--shape', 'reduction', '--tasks', daskTasks, '--repeat', 2, '--workers', 2];
  takeTurns(round, [
    () => samples.note(() => 'dask sync', measurePeer(dask, ...size, '--scheduler', 'sync')),
    () => samples.note(({ values, scheduler, workers }) => `js ${values} ${scheduler} ${workers}`,
      ours(process.execPath, '--expose-gc', inRoot('tests/bench/javascript.mjs'), '--tasks', tasks, '--repeat', repeat,
        ...(round ? ['--numbers-only'] : []))), // objects once: nothing is compared with them
    () => samples.note(() => 'dask threads', measurePeer(dask, ...size, '--scheduler', 'threads')),
  ]);
}

/** Independent JavaScript tasks, ours and in pools of workers; and a reduction, ours alone. One round. */
export function measurePools(samples, round, { pools, tasks, waiting, many, repeat }) {
  const script = inRoot('tests/bench/pools.mjs'), size = ['--tasks', tasks, '--waiting', waiting, '--repeat', repeat];
  const run = (system, measureOne) => () => {
    progress(`round ${round + 1}: pools, ${system}`);
    samples.note((line) => `${line.system} ${line.case}`, measureOne('--expose-gc', script, '--system', system, ...size));
  };
  const reduction = () => inNode('javascript.mjs', '--tasks', many, '--repeat', repeat, '--numbers-only').filter(({ workers }) => workers === 2)
    .map(({ tasks: count, workers, all_ns }) => ({ system: 'heddle', case: 'reduction', tasks: count, workers, task_ns: all_ns }));
  takeTurns(round, [
    run('heddle', (...args) => ours(process.execPath, ...args, '--many', many)),
    ...Object.entries(pools).map(([name, pool]) => run(name, (...args) => measurePeer(pool, ...args))),
    () => samples.note((line) => `${line.system} ${line.case}`, reduction()),
  ]);
}

/** In each browser, how soon there is a first result: milliseconds. @returns {object[]} */
export function measureStart(repeat) {
  progress('first results in browsers');
  const { lines, failure } = measure(process.execPath, inRoot('tests/bench/start.mjs'), '--repeat', repeat);
  return lines ?? [{ browser: 'browsers', missing: failure.split('\n').at(-1) }];
}

/** What watching costs. @returns {object[]} */
export function measureWatching(repeat) {
  progress('watching');
  const { lines, failure } = measure(process.execPath, inRoot('tests/bench/watching.mjs'), '--repeat', repeat);
  return lines ?? [{ part: 'views', browser: 'watching', missing: failure.split('\n').at(-1) }];
}

/** The ranks to compare, and how `heddle order` is asked for them. */
const RANKS = { fast: ['--order', 'fast'], best: ['--order', 'best'] };

/**
 * The peaks of our ranks on a folder of graphs, with the peaks that the graphs' own files name.
 * @param {string | undefined} folder of NAME.json or NAME.json.gz: { name, peak: { best, dask_order_2026 } }
 * @returns {{ rows: object[] } | { missing: string }}
 */
export function measureRanking(folder) {
  if (!folder) return { missing: 'no folder of graphs: give --graphs FOLDER' };
  const { bin } = JSON.parse(readFileSync(inRoot('package.json'), 'utf8'));
  if (!bin?.heddle || !existsSync(inRoot(bin.heddle))) return { missing: 'the package has no command `heddle`' };
  const known = new Map(), plain = inRoot('build/bench/graphs');
  mkdirSync(plain, { recursive: true });
  const files = readdirSync(folder).filter((file) => /\.json(\.gz)?$/.test(file)).sort().map((file) => {
    progress(`ranking: reading ${file}`);
    const bytes = readFileSync(`${folder}/${file}`), text = file.endsWith('.gz') ? gunzipSync(bytes) : bytes;
    const { name, peak } = JSON.parse(String(text));
    known.set(name, { best_known: peak?.best, dask_order: peak?.dask_order_2026 });
    writeFileSync(`${plain}/${name}.json`, text);
    return `${plain}/${name}.json`;
  });
  const rows = Object.entries(RANKS).flatMap(([rank, options]) => {
    progress(`ranking: ${rank}`);
    const { lines, failure } = measure(process.execPath, inRoot(bin.heddle), 'order', ...options, ...files, '--json');
    if (failure) console.error(`bench: heddle order, ${rank}: ${failure}`);
    return (lines ?? []).map((line) => ({ rank, ...line, ...known.get(line.name) }));
  });
  return rows.length ? { rows } : { missing: '`heddle order` gave nothing' };
}
