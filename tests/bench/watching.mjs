// What watching costs: JSON lines. In Node.js what recording adds to a run; in each browser what the views take of the
// processors and of a frame, live and on a trace of a million tasks. Run by itself or by bench.mjs.
import { existsSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { Runtime, compute, delayed, watch } from 'heddle';
import { Events, TraceModel, readTrace, writeTrace } from 'heddle/trace';

const { values: wanted } = parseArgs({ options: { repeat: { type: 'string', default: '15' }, tasks: { type: 'string', default: '1000000' },
  only: { type: 'string' }, help: { type: 'boolean', short: 'h' } } });
if (wanted.help) {
  console.log(`usage: node tests/bench/watching.mjs [--repeat N] [--tasks N] [--only recording|file|views]
  recording  a run with a watcher, as a ratio to the same run without, taking turns: the median of N (15) pairs
  file       a trace of N tasks (1,000,000): its size, and how long writing, reading and the first moment take
  views      in each browser: a live run with and without <heddle-run> in sight, taking turns; what drawing takes of all
             processors; and the trace in <heddle-run>: how long until it is shown, and a frame while somebody scrubs`);
  process.exit();
}
const repeat = Number(wanted.repeat), tasks = Number(wanted.tasks), has = (part) => !wanted.only || wanted.only === part;
const say = (line) => console.log(JSON.stringify(line));
const median = (numbers) => numbers.toSorted((a, b) => a - b)[numbers.length >> 1];
const rounded = (number) => Math.round(number * 1000) / 1000;

/** A function that computes for so long, and how many rounds of it are a microsecond here. */
const burn = delayed(function burn(seed, rounds) {
  let x = seed;
  for (let round = 0; round < rounds; round++) x = (Math.imul(x, 1664525) + 1013904223) | 0;
  return x;
});
function roundsPerUs() {
  const start = performance.now();
  let x = 1;
  for (let round = 0; round < 1e8; round++) x = (Math.imul(x, 1664525) + 1013904223) | 0;
  return (x === 0.5 ? 0 : 1e8) / ((performance.now() - start) * 1000);
}

async function recording() {
  const perUs = roundsPerUs();
  for (const [scheduler, workers] of [['sync', 1], ['threads', 1], ['threads', 2]]) {
    const runtime = scheduler === 'threads' ? await Runtime.start({ workers }) : undefined;
    for (const us of [20, 100]) {
      const count = Math.round(400_000 / us), rounds = Math.round(us * perUs), nodes = () => Array.from({ length: count }, (_, seed) => burn(seed, rounds));
      const once = async (watched) => {
        const unwatch = watched ? watch(() => {}) : () => {}, all = nodes(), start = performance.now();
        await compute(all, runtime ? { runtime, workers } : { scheduler });
        const ms = performance.now() - start;
        unwatch();
        return ms;
      };
      await once(true);
      const ratios = [], plain = [];
      for (let round = 0; round < repeat; round++) {
        const turns = round % 2 ? [true, false] : [false, true], took = {};
        for (const watched of turns) took[watched] = await once(watched);
        ratios.push(took.true / took.false);
        plain.push(took.false);
      }
      say({ part: 'recording', scheduler, workers, us, measured_us: rounded((median(plain) * 1000 * workers) / count), ratio: rounded(median(ratios)), repeat });
    }
    await runtime?.close();
  }
}

/** A trace of layers of tasks, each of which needs two of the layer before. */
function traceOf(count) {
  const width = 1000, offsets = new Uint32Array(count + 1), inputs = new Uint32Array(2 * count);
  let length = 0, random = 1;
  const next = (below) => ((random = (Math.imul(random, 1664525) + 1013904223) >>> 0) >>> 8) % below;
  for (let task = 0; task < count; task++) {
    const before = task - (task % width) - width;
    if (before >= 0) for (let input = 0; input < 2; input++) inputs[length++] = before + next(width);
    offsets[task + 1] = length;
  }
  const names = ['load', 'clean', 'join', 'sum'], ids = Uint32Array.from({ length: count }, (_, task) => task);
  const model = new TraceModel({ type: 'begin', run: 1, scheduler: 'threads', workers: 2, startedAt: 0, budget: { results: 0, bytes: 0 },
    graph: { count, names, nameOf: ids.map((task) => Math.floor(task / width) % names.length), keys: [], offsets, inputs: inputs.slice(0, length), outputs: Uint32Array.of(count - 1), groups: ids.slice() } });
  const free = [0, 0], startMs = new Float64Array(count), elapsedMs = new Float32Array(count), worker = new Uint16Array(count);
  for (let task = 0; task < count; task++) {
    const row = free[0] <= free[1] ? 0 : 1;
    worker[task] = row;
    startMs[task] = free[row];
    elapsedMs[task] = 0.01 + next(1000) / 50_000;
    free[row] += elapsedMs[task] + 0.001;
  }
  const atMs = Math.max(...free);
  model.receive({ type: 'batch', run: 1, atMs, tasks: ids, states: new Uint8Array(count).fill(6), startMs, elapsedMs, worker, attempts: new Uint8Array(count).fill(1),
    bytes: Float64Array.from(ids, () => next(4) * 800), events: new Events().take() });
  model.receive({ type: 'end', run: 1, atMs, outcome: 'done' });
  return model;
}

async function timed(act) {
  const start = performance.now(), result = await act();
  return [result, Math.round(performance.now() - start)];
}

async function file() {
  const [bytes, write_ms] = await timed(() => writeTrace(traceOf(tasks)));
  const [model, read_ms] = await timed(() => readTrace(bytes));
  const [, first_seek_ms] = await timed(() => model.seek(model.atMs / 2));
  const seeks = [];
  for (let at = 0; at < 20; at++) seeks.push((await timed(() => model.seek((model.atMs * ((at * 7) % 20)) / 20)))[1]);
  say({ part: 'file', tasks, mbytes: rounded(bytes.length / 1e6), write_ms, read_ms, first_seek_ms, seek_ms: median(seeks) });
  return bytes;
}

const html = `<!doctype html><meta charset="utf-8"><title>watching</title><link rel="stylesheet" href="/dist/views/views.css">
<heddle-run id="run"></heddle-run><script>
/* What all callbacks of a frame take together. */
window.frames_ms = new Map();
const ask = window.requestAnimationFrame.bind(window);
window.requestAnimationFrame = (act) => ask((at) => {
  const start = performance.now();
  act(at);
  window.frames_ms.set(at, (window.frames_ms.get(at) ?? 0) + performance.now() - start);
});
</script><script type="module">
import { Runtime, compute, delayed, watch } from '/dist/heddle.js';
import { TraceModel, readTrace } from '/dist/trace.js';
import '/dist/views/index.js';
const view = document.getElementById('run'), frame = () => new Promise((resume) => requestAnimationFrame(resume));
const burn = delayed(function burn(seed, rounds) { let x = seed; for (let round = 0; round < rounds; round++) x = (Math.imul(x, 1664525) + 1013904223) | 0; return x; });
window.live = async (repeat, count, us) => {
  const runtime = await Runtime.start({ workers: 2 });
  let rounds = 20_000;
  const once = async (watched) => {
    const unwatch = watched ? watch((message) => {
      if (message.type === 'begin') window.model = new TraceModel(message); else window.model.receive(message);
      view.show(window.model);
    }) : () => {};
    const nodes = Array.from({ length: count }, (_, seed) => burn(seed, rounds)), start = performance.now(), before = view.cost;
    await compute(nodes, { runtime, workers: 2 });
    const ms = performance.now() - start, { spentMs, draws } = view.cost;
    unwatch();
    return { ms, spentMs: spentMs - before.spentMs, draws: draws - before.draws };
  };
  rounds = Math.round(rounds * us / ((await once(false), (await once(false)).ms * 2000 / count)));
  await once(true);
  const pairs = [];
  for (let round = 0; round < repeat; round++) {
    const took = {};
    for (const watched of round % 2 ? [true, false] : [false, true]) { took[watched] = await once(watched); await new Promise((resume) => setTimeout(resume, 300)); }
    pairs.push({ ratio: took.true.ms / took.false.ms, ms: took.false.ms, share: took.true.spentMs / took.true.ms / navigator.hardwareConcurrency, draws: took.true.draws });
  }
  await runtime.close();
  return { pairs, longest_ms: view.cost.longestMs };
};
window.open_trace = async () => {
  const bytes = await (await fetch('/trace')).arrayBuffer();
  let start = performance.now();
  const model = await readTrace(bytes), read_ms = performance.now() - start;
  start = performance.now();
  view.show(model);
  await frame(); await frame();
  const note = () => document.querySelector('heddle-graph .hd-note')?.textContent ?? '';
  while (!/group|drawn|shown|hidden/.test(note()) && performance.now() - start < 30_000) await frame();
  const shown_ms = performance.now() - start;
  for (let at = 0; at < 60; at++) await frame(); /* what is made in slices */
  const seek = async (at) => {
    view.dispatchEvent(new CustomEvent('heddle-seek', { detail: { atMs: at } }));
    window.frames_ms.clear();
    for (let waited = 0; waited < 5; waited++) await frame();
    return Math.max(...window.frames_ms.values());
  };
  await seek(model.atMs / 3);
  const takes = [];
  for (let at = 0; at < 40; at++) takes.push(await seek(model.atMs * ((at * 17) % 40) / 40));
  return { read_ms, shown_ms, takes, count: model.count };
};
window.result = true;
</script>`;

async function views(bytes) {
  const { browserNames, executable, launch, serve } = await import('../web/pages.mjs');
  const { createServer } = await import('node:http');
  const inner = await serve(html);
  const server = createServer(async (request, response) => {
    if (request.url === '/trace') return void response.writeHead(200, { 'Cross-Origin-Resource-Policy': 'same-origin' }).end(bytes);
    const answer = await fetch(new URL(request.url, inner.url));
    for (const [name, value] of answer.headers) if (name !== 'content-length' && name !== 'content-encoding') response.setHeader(name, value);
    response.writeHead(answer.status).end(Buffer.from(await answer.arrayBuffer()));
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  for (const name of browserNames) {
    if (!existsSync(executable(name))) {
      say({ part: 'views', browser: name, missing: `${executable(name)} is not there` });
      continue;
    }
    const browser = await launch(name), page = await browser.newPage();
    page.setDefaultTimeout(300_000);
    await page.setViewport({ width: 1280, height: 900 });
    await page.goto(`http://127.0.0.1:${server.address().port}/`);
    await page.waitForFunction('"result" in window');
    for (const [count, us] of [[50_000, 20], [4_000, 1000]]) {
      const { pairs, longest_ms } = await page.evaluate((...args) => window.live(...args), Math.max(3, Math.round(repeat / 2)), count, us);
      say({ part: 'views', browser: name, what: 'live', tasks: count, us, ms: Math.round(median(pairs.map(({ ms }) => ms))), ratio: rounded(median(pairs.map(({ ratio }) => ratio))),
        share_of_processors: rounded(median(pairs.map(({ share }) => share))), draws: median(pairs.map(({ draws }) => draws)), longest_ms: rounded(longest_ms) });
    }
    const { read_ms, shown_ms, takes, count } = await page.evaluate(() => window.open_trace());
    say({ part: 'views', browser: name, what: 'trace', tasks: count, read_ms: Math.round(read_ms), shown_ms: Math.round(shown_ms), frame_ms: rounded(median(takes)), worst_frame_ms: rounded(Math.max(...takes)) });
    await browser.close();
  }
  server.close();
  inner.close();
}

if (has('recording')) await recording();
const bytes = has('file') || has('views') ? await file() : undefined;
if (has('views')) await views(bytes);
process.exit();
