// Rows that compare ours with a peer, and the tables that show them.
import { POOL_CASES, SHAPES } from './measure.mjs';

const PLATFORMS = { wasm: 'WebAssembly', native: 'native' };

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
function coreRows(samples, platform, workers) {
  const threads = `${workers} ${workers > 1 ? 'threads' : 'thread'}`;
  const name = (what) => `C tasks, ${PLATFORMS[platform]}, ${threads}, ${what}`, peer = `oneTBB flow graph, native, ${threads}`;
  const shapes = SHAPES.map((shape) => {
    const own = samples.figures(`${platform} ${workers} ${shape}`), other = samples.figures(`onetbb-flow ${workers} ${shape}`);
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
  return { platform, threads, shapes, plainMean: mean('plain', 'build + run'), allMean: mean('all', 'build + seal + run') };
}

function javaScriptRows(samples) {
  return samples.names().filter((key) => key.startsWith('js ')).map((key) => {
    const own = samples.figures(key), { values, scheduler, workers } = own;
    const how = scheduler === 'sync' ? 'sync' : `threads, ${workers} ${workers > 1 ? 'workers' : 'worker'}`;
    /* Dask has its counterpart for numbers, on sync and on two threads. */
    const compared = values === 'numbers' && (scheduler === 'sync' || workers === 2);
    const dask = compared ? samples.figures(`dask ${scheduler}`) : undefined;
    const name = `JavaScript tasks, ${values}, ${how}`;
    return {
      how, values, own,
      all: row(`${name}: build + compute`, own.all_ns, compared ? `Dask delayed, ${how}` : null, dask && dask.build_ns + dask.run_ns),
      again: row(`${name}: compute again`, own.again_ns, null),
    };
  });
}

/** A row a case, with one against each pool; a pool that failed has no figures, in whichever round that was. */
function poolRows(samples, pools) {
  return Object.entries(POOL_CASES).map(([name, { says, goalNs }]) => {
    const own = samples.figures(`heddle ${name}`), text = `${own.tasks.toLocaleString('en')} ${says}`;
    const alone = name === 'many' || name === 'reduction';
    const against = alone ? [row(`pools, ${text}`, own.task_ns, null)] : Object.entries(pools).map(([pool, { missing }]) =>
      row(`pools, ${text}: against ${pool}`, own.task_ns, pool, missing ? undefined : samples.figures(`${pool} ${name}`)?.task_ns));
    return { text, goalNs, against };
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

function printCoreTable({ platform, threads, shapes, plainMean, allMean }, tasks) {
  console.log(`\nC tasks, ${PLATFORMS[platform]} with ${threads}, against native oneTBB with ${threads}: ns a task, ${tasks.toLocaleString('en')} tasks`);
  printTable(['', 'build', 'seal', 'run', 'build+run', 'bytes', 'oneTBB build', 'run', 'build+run', 'ratio', 'ratio with seal'], [
    ...shapes.map(({ shape, own, other, plain, all }) => [shape, ns(own.build_ns), ns(own.seal_ns), ns(own.run_ns), ns(plain.ours_ns),
      own.bytes_per_task.toFixed(0), ns(other?.build_ns), ns(other?.run_ns), ns(plain.peer_ns), ratio(plain), ratio(all)]),
    ['geometric mean', '', '', '', ns(plainMean.ours_ns), '', '', '', ns(plainMean.peer_ns), ratio(plainMean), ratio(allMean)],
  ]);
}

const eachCore = (samples, workers) => Object.keys(PLATFORMS).flatMap((platform) => workers.map((count) => coreRows(samples, platform, count)));

/** @param {import('./measure.mjs').Samples} samples */
export function printCore(samples, { workers, tasks }) {
  for (const rows of eachCore(samples, workers)) printCoreTable(rows, tasks);
}

export function printJavaScript(samples, { daskTasks }) {
  const rows = javaScriptRows(samples);
  console.log(`\nJavaScript tasks, a binary reduction of ${rows[0].own.tasks.toLocaleString('en')} tasks: µs a task (Dask: ${daskTasks.toLocaleString('en')} tasks)`);
  printTable(['', 'build', 'compute', 'all', 'again', 'Dask all', 'ratio'], rows.map(({ how, values, own, all }) =>
    [`${values}, ${how}`, us(own.build_ns), us(own.compute_ns), us(own.all_ns), us(own.again_ns), us(all.peer_ns), ratio(all)]));
}

const time = (number) => (number === null || number === undefined ? '' : number < 1e6 ? `${us(number)} µs` : `${(number / 1e6).toFixed(2)} ms`);

export function printPools(samples, pools) {
  console.log('\nPools of two workers, independent JavaScript tasks: time a task, from the first call to the last result; the ratio is to Heddle');
  printTable(['', 'Heddle', 'goal', ...Object.keys(pools).flatMap((name) => [name, 'ratio'])], poolRows(samples, pools).map(({ text, goalNs, against }) =>
    [text, time(against[0].ours_ns), goalNs ? `<= ${goalNs / 1000} µs` : '', ...Object.keys(pools).flatMap((_, at) => (against[at]?.peer ? [time(against[at].peer_ns), ratio(against[at])] : ['', '']))]));
  for (const [name, { missing }] of Object.entries(pools)) if (missing) console.log(`  ${name}: not run: ${missing}`);
}

/** @param {object[]} starts */
export function printStart(starts) {
  console.log('\nFirst result of two threads in a page on this machine: ms, medians');
  printTable(['', 'after navigation', 'after a click in the playground'], [...new Set(starts.map(({ browser }) => browser))].map((browser) => {
    const of = (way) => starts.find((one) => one.browser === browser && one.way === way)?.ms;
    const { missing } = starts.find((one) => one.browser === browser);
    return [browser, missing ? `not run: ${missing}` : String(of('navigation')), missing ? '' : String(of('click'))];
  }));
}

/** @param {object[]} lines of watching.mjs */
export function printWatching(lines) {
  const of = (part) => lines.filter((line) => line.part === part);
  console.log('\nRecording: a watched run takes so many times as long as one that is not');
  printTable(['', 'tasks of 20 µs', 'tasks of 100 µs'], [['sync', 1], ['threads', 1], ['threads', 2]].map(([scheduler, workers]) => [`${scheduler}, ${workers} ${workers > 1 ? 'workers' : 'worker'}`,
    ...[20, 100].map((us) => String(of('recording').find((line) => line.scheduler === scheduler && line.workers === workers && line.us === us)?.ratio ?? '?'))]));
  for (const { tasks, mbytes, write_ms, read_ms, first_seek_ms, seek_ms } of of('file'))
    console.log(`\nA trace of ${tasks.toLocaleString('en')} tasks: ${mbytes} MB, written in ${write_ms} ms, read in ${read_ms} ms; the first moment ${first_seek_ms} ms, any other ${seek_ms} ms`);
  console.log('\nViews (<heddle-run>, 1280 x 900): a live run with them, their share of all processors, the longest frame; a large trace, shown and scrubbed');
  printTable(['', 'live, 20 µs', 'live, 1 ms', 'large trace'], [...new Set(of('views').map(({ browser }) => browser))].map((browser) => {
    const { missing } = of('views').find((line) => line.browser === browser);
    const live = (us) => of('views').find((line) => line.browser === browser && line.us === us), trace = of('views').find((line) => line.browser === browser && line.what === 'trace');
    const said = (line) => (line ? `${line.ratio}x, ${(line.share_of_processors * 100).toFixed(1)} %, ${line.longest_ms} ms` : '?');
    return missing ? [browser, `not run: ${missing}`, '', ''] : [browser, said(live(20)), said(live(1000)), trace ? `${trace.shown_ms} ms; a frame ${trace.frame_ms}, worst ${trace.worst_frame_ms} ms` : '?'];
  }));
}

/** All rows of the parts that there are, as JSON lines. @param {{ core?: Samples, javaScript?: Samples, pools?: Samples, starts?: object[], watching?: object[] }} measured
 * @typedef {import('./measure.mjs').Samples} Samples */
export function printLines({ core, javaScript, starts = [], pools, watching = [] }, { workers, peers }) {
  const print = (rows) => { for (const one of rows) console.log(JSON.stringify(one)); };
  if (core) for (const { shapes, plainMean, allMean } of eachCore(core, workers)) print([...shapes.flatMap(({ plain, seal, all }) => [plain, seal, all]), plainMean, allMean]);
  if (javaScript) print(javaScriptRows(javaScript).flatMap(({ all, again }) => [all, again]));
  print(starts.filter(({ ms }) => ms !== undefined).map(({ browser, way, ms }) => row(`first result, ${browser}, after ${way}`, ms * 1e6, null)));
  print(watching);
  if (pools) print(poolRows(pools, peers).flatMap(({ against }) => against));
}
