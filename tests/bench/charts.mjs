// Draws the charts of a full run from the saved JSON of its parts; alone: `node tests/bench/charts.mjs [FOLDER]`.
// A chart whose part is not there is skipped with a word.
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { BLUE, drawSvg, GREEN, ORANGE, PINK, RED, SKY, YELLOW } from './draw.mjs';
import { machineText } from './machine.mjs';
import { POOL_CASES, SHAPES } from './measure.mjs';

const { values: wanted, positionals } = parseArgs({ options: { help: { type: 'boolean', short: 'h' } }, allowPositionals: true });
if (wanted.help) {
  console.log(`usage: node tests/bench/charts.mjs [FOLDER]
Draws FOLDER/*.svg from FOLDER/{core,growth,javascript,pools,ranking}.json, and puts the machines of these into
FOLDER/README.md, if there is one. FOLDER is tests/bench/results.`);
  process.exit();
}
const folder = positionals[0] ?? fileURLToPath(new URL('results', import.meta.url));

/* What has a colour keeps it in all charts; what may overlap has a shape besides. */
const SYSTEMS = {
  wasm: { label: 'Heddle, WebAssembly', color: BLUE, shape: 'circle' },
  native: { label: 'Heddle, native', color: SKY, shape: 'diamond' },
  'onetbb-flow': { label: 'oneTBB flow graph, native', color: RED, shape: 'square' },
  'openmp-tasks': { label: 'OpenMP tasks, native', color: ORANGE, shape: 'triangle-up' },
};
const labels = (named) => Object.values(named).map(({ label }) => label);
const scale = (named, what) => ({ domain: labels(named), range: Object.values(named).map((one) => one[what]) });

const count = (number) => number.toLocaleString('en');
const geometricMean = (numbers) => Math.exp(numbers.reduce((sum, number) => sum + Math.log(number), 0) / numbers.length);
const plainly = (ns) => ns.toPrecision(ns < 10 ? 2 : 3).replace(/\.0+$/, '');
const allOf = (row) => row.build_ns + (row.seal_ns ?? 0) + row.run_ns;
const where = ({ machine }) => `${machine.processor}; ${machine.date}, ${machine.commit}`;
const list = (named, words) => Object.entries(named).map(([name, { label }]) => [label, words(name)]).filter(([, text]) => text).map(([label, text]) => `${label}: ${text}`).join('; ');

/** Cost of a task on each shape, next to the peers. */
function compare(results, workers) {
  const rows = results.rows.filter((row) => workers.includes(row.workers ?? row.threads));
  if (!rows.length) return undefined;
  const head = (row) => { const threads = row.workers ?? row.threads; return `${threads} ${threads > 1 ? 'workers' : 'worker'}`; };
  const values = rows.flatMap((row) => [
    { ...row, part: 'build + run', ns: row.build_ns + row.run_ns, order: 0 },
    ...(row.seal_ns ? [{ ...row, part: 'seal: check, rank, renumber', ns: row.seal_ns, order: 1 }] : []),
  ].map((value) => ({ shape: row.shape, label: SYSTEMS[row.system].label, workers: head(row), part: value.part, ns: value.ns, order: value.order })));
  const mean = (system) => workers.map((number) => {
    const own = rows.filter((row) => row.system === system && (row.workers ?? row.threads) === number);
    return own.length ? `${plainly(geometricMean(own.map((row) => row.build_ns + row.run_ns)))} ns on ${number}` : '';
  }).filter(Boolean).join(', ');
  return {
    title: `What a task costs, on ${workers.join(' and ')} ${workers.length > 1 || workers[0] > 1 ? 'workers' : 'worker'}`,
    subtitle: [`C tasks that do next to nothing, ${count(results.how.tasks)} of them; what only Heddle does, sealing, is paler on top`, where(results)],
    desc: `Grouped bars: nanoseconds a task to build and run, for six shapes of graphs. Geometric means: ${list(SYSTEMS, mean)}.`,
    spec: {
      data: { values },
      facet: { row: { field: 'workers', type: 'nominal', sort: workers.map(String) } },
      spec: {
        width: 680, height: 190,
        mark: { type: 'bar' },
        encoding: {
          x: { field: 'shape', sort: SHAPES, title: null, axis: { labelAngle: 0, ticks: false, labelPadding: 8 }, scale: { paddingInner: 0.25 } },
          xOffset: { field: 'label', sort: labels(SYSTEMS) },
          y: { field: 'ns', type: 'quantitative', title: 'ns a task', axis: { tickCount: 5 } },
          color: { field: 'label', scale: scale(SYSTEMS, 'color') },
          opacity: { field: 'part', type: 'ordinal', scale: { domain: ['build + run', 'seal: check, rank, renumber'], range: [1, 0.4] }, legend: null },
          order: { field: 'order' },
        },
      },
      resolve: { axis: { x: 'independent' } },
    },
  };
}

/** Cost of a task against the number of tasks. */
function growth(results) {
  const values = results.rows.map((row) => ({ shape: row.shape, label: SYSTEMS[row.system].label, tasks: row.tasks, ns: allOf(row) }));
  const largest = Math.max(...results.how.sizes);
  const mean = (system) => results.how.sizes.map((size) => {
    const own = results.rows.filter((row) => row.system === system && Math.abs(row.tasks / size - 1) < 0.1);
    return own.length ? `${plainly(geometricMean(own.map(allOf)))} ns at ${count(size)}` : '';
  }).filter(Boolean).join(', ');
  return {
    title: 'How the cost of a task grows with the graph',
    subtitle: [`From ready arrays to the last result: build, seal and run on 1 worker, up to ${count(largest)} tasks; both axes logarithmic`, where(results)],
    desc: `Six panels, one a shape, with a line a system: nanoseconds a task against the number of tasks. Geometric means: ${list(SYSTEMS, mean)}.`,
    spec: {
      data: { values },
      facet: { field: 'shape', sort: SHAPES, type: 'nominal' },
      columns: 3,
      spacing: { row: 26, column: 26 },
      spec: {
        width: 215, height: 170,
        mark: { type: 'line', strokeWidth: 2, point: { size: 55, filled: true, opacity: 1 } },
        encoding: {
          x: { field: 'tasks', type: 'quantitative', title: 'tasks', scale: { type: 'log', nice: false, padding: 12 }, axis: { values: [1e3, 1e4, 1e5, 1e6, 1e7], labelExpr: "datum.value < 1e6 ? datum.value / 1e3 + ' k' : datum.value / 1e6 + ' M'", grid: false } },
          y: { field: 'ns', type: 'quantitative', title: 'ns a task', scale: { type: 'log', nice: true }, axis: { values: [10, 20, 50, 100, 200, 500, 1000, 2000, 5000] } },
          color: { field: 'label', scale: scale(SYSTEMS, 'color') },
          shape: { field: 'label', scale: scale(SYSTEMS, 'shape') },
        },
      },
      resolve: { axis: { x: 'independent' } },
    },
  };
}

/** The most memory that a task takes. */
function memory(results) {
  const named = { native: { ...SYSTEMS.native, label: 'Heddle', color: BLUE }, 'onetbb-flow': SYSTEMS['onetbb-flow'], 'openmp-tasks': SYSTEMS['openmp-tasks'] };
  const rows = results.rows.filter((row) => row.system in named && (row.workers ?? row.threads) === 1)
    .map((row) => ({ system: row.system, shape: row.shape, label: named[row.system].label, bytes: Math.max(row.bytes_per_task, row.seal_most_bytes ?? 0) }));
  const range = (system) => {
    const bytes = rows.filter((row) => row.system === system).map((row) => row.bytes);
    return bytes.length ? `${Math.round(Math.min(...bytes))} to ${Math.round(Math.max(...bytes))} bytes` : '';
  };
  return {
    title: 'The most memory that a task takes',
    subtitle: [`At ${count(results.how.tasks)} tasks on 1 worker, edges, results and sealing included; Heddle counts, of the peers the process is watched`,
      'OpenMP has no graph: its runtime stops at 64 ready tasks a thread, but lets those that wait for others pile up', where(results)],
    desc: `Grouped bars: bytes a task for six shapes of graphs. ${list(named, range)}.`,
    spec: {
      data: { values: rows },
      width: 680, height: 240,
      layer: [
        { mark: 'bar' },
        { mark: { type: 'text', dy: -7, fontSize: 11 }, encoding: { text: { field: 'bytes', format: '.0f' }, color: { value: 'currentColor' } } },
      ],
      encoding: {
        x: { field: 'shape', sort: SHAPES, title: null, axis: { labelAngle: 0, ticks: false, labelPadding: 8 }, scale: { paddingInner: 0.25 } },
        xOffset: { field: 'label', sort: labels(named) },
        y: { field: 'bytes', type: 'quantitative', title: 'bytes a task', axis: { tickCount: 5 } },
        color: { field: 'label', scale: scale(named, 'color') },
      },
    },
  };
}

/** Where the time of one computation goes. */
function whereTime(results) {
  const steps = {
    build_ns: { label: 'build', color: SKY },
    rank_ns: { label: 'rank', color: YELLOW },
    seal_ns: { label: 'the rest of sealing', color: BLUE },
    create_ns: { label: 'create the run', color: GREEN },
    run_ns: { label: 'run', color: ORANGE },
    free_run_ns: { label: 'free the run', color: RED },
    free_graph_ns: { label: 'free the graph', color: PINK },
  };
  const platforms = { wasm: 'WebAssembly', native: 'native' };
  const rows = results.rows.filter((row) => row.system in platforms && row.workers === 1).map((row) => ({ ...row, run_ns: row.run_ns - row.create_ns, seal_ns: row.seal_ns - row.rank_ns }));
  const values = rows.flatMap((row) => Object.entries(steps).map(([step, { label }], order) => ({ platform: platforms[row.system], shape: row.shape, label, ns: row[step], order })));
  return {
    title: `Where the time goes at ${count(results.how.tasks)} tasks`,
    subtitle: ['One computation from ready arrays to the memory given back, C tasks on 1 worker', where(results)],
    desc: `Stacked bars: nanoseconds a task for six shapes of graphs, in WebAssembly and native. ${Object.entries(platforms).map(([system, label]) =>
      `${label}, geometric means: ${list(steps, (step) => `${plainly(geometricMean(rows.filter((row) => row.system === system).map((row) => Math.max(row[step], 0.1))))} ns`)}`).join('. ')}.`,
    spec: {
      data: { values },
      facet: { row: { field: 'platform', type: 'nominal', sort: Object.values(platforms) } },
      spec: {
        width: 640, height: { step: 26 },
        mark: { type: 'bar' },
        encoding: {
          y: { field: 'shape', sort: SHAPES, title: null, axis: { ticks: false, domain: false, labelPadding: 8 } },
          x: { field: 'ns', type: 'quantitative', title: 'ns a task', axis: { tickCount: 8 } },
          color: { field: 'label', scale: scale(steps, 'color') },
          order: { field: 'order' },
        },
      },
      resolve: { axis: { x: 'independent' } },
    },
  };
}

/** What holds memory at each moment of one computation. */
function whereMemory(results) {
  const held = { graph: { label: 'the graph', color: BLUE }, sealing: { label: 'only while sealing', color: ORANGE }, run: { label: 'the run, with results', color: GREEN } };
  const rows = results.rows.filter((row) => row.system === 'native' && row.workers === 1);
  const moments = {
    built: (row) => ({ graph: row.built_bytes }),
    'sealing (most)': (row) => ({ graph: row.built_bytes, sealing: row.seal_most_bytes - row.built_bytes }),
    sealed: (row) => ({ graph: row.sealed_bytes }),
    'running (most)': (row) => ({ graph: row.sealed_bytes, run: row.run_bytes }),
  };
  const values = rows.flatMap((row) => Object.entries(moments).flatMap(([moment, parts]) => Object.entries(parts(row))
    .map(([part, bytes]) => ({ shape: row.shape, moment, label: held[part].label, bytes, order: part === 'graph' ? 0 : 1 }))));
  return {
    title: `Where the memory goes at ${count(results.how.tasks)} tasks`,
    subtitle: ['What the core holds at four moments of a computation of C tasks on 1 worker, in bytes a task (counted, native)', where(results)],
    desc: `Six panels, one a shape, with a stacked bar a moment: bytes a task. ${rows.map((row) => `${row.shape}: built ${Math.round(row.built_bytes)}, at the most while sealing ${
      Math.round(row.seal_most_bytes)}, sealed ${Math.round(row.sealed_bytes)}, at the most while running ${Math.round(row.bytes_per_task)}`).join('; ')}.`,
    spec: {
      data: { values },
      facet: { field: 'shape', sort: SHAPES, type: 'nominal' },
      columns: 3,
      spacing: { row: 22, column: 22 },
      spec: {
        width: 185, height: { step: 24 },
        mark: { type: 'bar' },
        encoding: {
          y: { field: 'moment', sort: Object.keys(moments), title: null, axis: { ticks: false, domain: false, labelPadding: 8 } },
          x: { field: 'bytes', type: 'quantitative', title: 'bytes a task', axis: { tickCount: 5 } },
          color: { field: 'label', scale: scale(held, 'color') },
          order: { field: 'order' },
        },
      },
      resolve: { axis: { x: 'independent' } },
    },
  };
}

/** The peak of live results under our ranks, against the least that is known. */
function ranking(results) {
  const named = {
    best: { label: 'Heddle, best rank', color: BLUE, shape: 'circle', size: 20 },
    fast: { label: 'Heddle, fast rank', color: ORANGE, shape: 'diamond', size: 70 },
    dask: { label: 'dask.order of 2026', color: PINK, shape: 'square', size: 130 },
  };
  const known = results.rows.filter((row) => row.best_known && row.peak_serial);
  if (!known.length) return undefined;
  const points = known.flatMap((row) => [
    { rank: row.rank, name: row.name, ratio: row.peak_serial / row.best_known },
    ...(row.dask_order && row.rank === known[0].rank ? [{ rank: 'dask', name: row.name, ratio: row.dask_order / row.best_known }] : []),
  ]);
  const graphs = [...new Set(points.map(({ name }) => name))];
  const worst = (rank) => {
    const own = points.filter((point) => point.rank === rank);
    if (!own.length) return '';
    const most = own.reduce((a, b) => (b.ratio > a.ratio ? b : a));
    return `${own.filter(({ ratio }) => ratio < 1.005).length} of ${own.length} graphs at the best known or below, at worst ${most.ratio.toFixed(2)} times it (${most.name})`;
  };
  return {
    title: 'Results alive at once, against the best known order',
    subtitle: [`${graphs.length} graphs of real Dask programs, run serially by rank: 1 is the least peak that is known; the axis is logarithmic`, where(results)],
    desc: `Dots: peak of live results divided by the best known, a row a graph. ${list(named, worst)}.`,
    spec: {
      data: { values: points.map(({ rank, ...point }) => ({ ...point, label: named[rank].label })) },
      width: 560, height: { step: 17 },
      mark: { type: 'point', filled: false, strokeWidth: 2, opacity: 1 },
      encoding: {
        y: { field: 'name', title: null, sort: { field: 'ratio', op: 'max', order: 'descending' }, axis: { grid: true, ticks: false, domain: false, labelFontSize: 11 } },
        x: { field: 'ratio', type: 'quantitative', scale: { type: 'log', nice: false, padding: 14 }, title: 'peak / best known', axis: { format: '~r', values: [0.5, 0.7, 1, 1.5, 2, 3, 5, 10, 20, 50, 100] } },
        color: { field: 'label', scale: scale(named, 'color') },
        shape: { field: 'label', scale: scale(named, 'shape'), legend: { symbolStrokeWidth: 2 } },
        size: { field: 'label', type: 'ordinal', scale: scale(named, 'size') }, /* so that what lies below is seen */
      },
    },
  };
}

/** JavaScript tasks against Dask's. */
function javaScript(results) {
  const named = { heddle: { label: 'Heddle', color: BLUE }, dask: { label: 'Dask', color: PINK } };
  const how = ({ scheduler, workers }) => (scheduler === 'sync' ? 'one thread (sync)' : `threads, ${workers} ${workers > 1 ? 'workers' : 'worker'}`);
  const bars = results.rows.filter((row) => row.scheduler).map((row) => (row.peer
    ? { label: 'Dask', name: `Dask delayed, ${how(row)}`, us: (row.build_ns + row.run_ns) / 1000 }
    : { label: 'Heddle', name: `Heddle, ${row.values}, ${how(row)}`, us: row.all_ns / 1000 }))
    .map((bar) => ({ ...bar, text: `${plainly(bar.us)} µs` }))
    .sort((a, b) => (a.label === b.label ? 0 : a.label < b.label ? 1 : -1));
  if (!bars.length) return undefined;
  return {
    title: 'A JavaScript task, and a task of Dask',
    subtitle: [`A binary reduction of delayed inc and add, built and computed: ${count(results.how.tasks)} tasks, for Dask ${count(results.how.daskTasks)}, whose tasks cost more in larger graphs`, where(results)],
    desc: `Bars: microseconds a task. ${bars.map(({ name, text }) => `${name}: ${text}`).join('; ')}.`,
    spec: {
      data: { values: bars },
      width: 480, height: { step: 30 },
      layer: [
        { mark: { type: 'bar', minBandSize: 2 } },
        { mark: { type: 'text', align: 'left', dx: 6 }, encoding: { text: { field: 'text' }, color: { value: 'currentColor' } } },
      ],
      encoding: {
        y: { field: 'name', sort: bars.map(({ name }) => name), title: null, axis: { ticks: false, domain: false, labelPadding: 8 } },
        x: { field: 'us', type: 'quantitative', title: 'µs a task', axis: { tickCount: 5 } },
        color: { field: 'label', scale: scale(named, 'color'), legend: null },
      },
    },
  };
}

/** What a task takes in pools of workers, against ours. */
function inPools(results) {
  const named = {
    piscina: { label: 'piscina', color: RED, shape: 'square' },
    tinypool: { label: 'tinypool', color: ORANGE, shape: 'triangle-up' },
    workerpool: { label: 'workerpool', color: PINK, shape: 'circle' },
    comlink: { label: 'Comlink', color: GREEN, shape: 'diamond' },
  };
  const of = (system, name) => results.rows.find((row) => row.system === system && row.case === name);
  const time = ({ task_ns: ns }) => (ns < 1e6 ? `${plainly(ns / 1e3)} µs` : `${plainly(ns / 1e6)} ms`);
  const points = Object.entries(POOL_CASES).flatMap(([name, { says }]) => Object.keys(named).filter((system) => of(system, name)).map((system) => {
    const own = of('heddle', name), other = of(system, name);
    return { system, name: `${count(own.tasks)} ${says}: ${time(own)}`, label: named[system].label, ratio: other.task_ns / own.task_ns, text: time(other) };
  }));
  if (!points.length) return undefined;
  const names = [...new Set(points.map(({ name }) => name))];
  return {
    title: 'Tasks in pools of workers, against Heddle',
    subtitle: ['Time a task on two workers, divided by that of Heddle, which stands beside the case: right of 1 Heddle is faster; the axis is logarithmic', where(results)],
    desc: `Dots: the time of a pool divided by Heddle's. ${names.map((name) =>
      `${name} in Heddle; ${points.filter((point) => point.name === name).map(({ label, text, ratio }) => `${label} ${text}, ${plainly(ratio)} times that`).join(', ')}`).join('. ')}.`,
    spec: {
      data: { values: points },
      width: 480, height: { step: 36 },
      layer: [
        { mark: { type: 'rule', opacity: 0.6 }, data: { values: [{}] }, encoding: { x: { datum: 1, type: 'quantitative' }, color: { value: 'currentColor' } } },
        {
          mark: { type: 'point', filled: true, size: 120, opacity: 0.9 },
          encoding: {
            x: { field: 'ratio', type: 'quantitative', scale: { type: 'log', nice: false, padding: 14 }, title: "times Heddle's", axis: { format: '~r', values: [0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50, 100] } },
            y: { field: 'name', sort: names, title: null, axis: { grid: true, ticks: false, domain: false, labelPadding: 8 } },
            color: { field: 'label', scale: scale(named, 'color') },
            shape: { field: 'label', scale: scale(named, 'shape') },
          },
        },
      ],
    },
  };
}

const charts = {
  'compare.svg': ['core', (results) => compare(results, [1, 2])],
  'compare-4-workers.svg': ['core', (results) => compare(results, [4])],
  'growth.svg': ['growth', growth],
  'memory.svg': ['core', memory],
  'where-time.svg': ['core', whereTime],
  'where-memory.svg': ['core', whereMemory],
  'javascript.svg': ['javascript', javaScript],
  'pools.svg': ['pools', inPools],
  'ranking.svg': ['ranking', ranking],
};

const read = (part) => (existsSync(`${folder}/${part}.json`) ? JSON.parse(readFileSync(`${folder}/${part}.json`, 'utf8')) : undefined);
const parts = Object.fromEntries([...new Set(Object.values(charts).map(([part]) => part))].map((part) => [part, read(part)]));
for (const [file, [part, chart]] of Object.entries(charts)) {
  const drawn = parts[part] && chart(parts[part]);
  if (!drawn) {
    console.log(`charts: ${file} is not drawn: ${parts[part] ? `${part}.json has nothing for it` : `there is no ${part}.json`}`);
    continue;
  }
  writeFileSync(`${folder}/${file}`, await drawSvg(drawn.spec, drawn));
  console.log(`charts: ${file}`);
}

/* The machine of each part, in the README beside the charts. */
const readme = `${folder}/README.md`, block = /(<!-- machine -->\n)[^]*?(<!-- end of machine -->)/;
if (existsSync(readme)) {
  const groups = new Map();
  for (const [part, results] of Object.entries(parts)) {
    if (!results) continue;
    const { machine, how } = results, text = machineText(machine);
    groups.set(text, [...(groups.get(text) ?? []), `${part} (${Math.round(how.seconds / 6) / 10} min)`]);
  }
  const texts = [...groups].map(([text, names]) => `**${names.join(', ')}**\n\n\`\`\`text\n${text}\n\`\`\`\n`);
  const before = readFileSync(readme, 'utf8'), after = before.replace(block, (_, start, end) => `${start}\n${texts.join('\n')}\n${end}`);
  if (after !== before) writeFileSync(readme, after);
}
