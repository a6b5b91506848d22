// heddle/diagnostics: what computations do, for programs and terminals.
import { afterAll, afterEach, describe, expect, test } from '@jest/globals';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { OptionError, UnknownKeyError, compute, computeSync, delayed, sleep } from 'heddle';
import { Callback, MemoryProfiler, PerformanceMeasures, Profiler, ProgressBar, Recorder, story, summary, visualize } from 'heddle/diagnostics';
import { readTrace, statisticsOf } from 'heddle/trace';
import { randomFrom } from './random-graph.mjs';
import { rejection } from './ways.mjs';

const root = fileURLToPath(new URL('../..', import.meta.url));
const folder = mkdtempSync(path.join(tmpdir(), 'heddle-diagnostics-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const inc = delayed(function inc(x) {
  sleep(0.005);
  return x + 1;
});
const add = delayed(function add(...xs) {
  return xs.reduce((sum, x) => sum + x, 0);
});
const fail = delayed(function fail() {
  throw new Error('no');
});
/** inc × count, and their sum. */
const sum = (count) => add(...Array.from({ length: count }, (_, x) => inc(x)));

const registered = [];
const using = (diagnostic) => (registered.push(diagnostic), diagnostic.register());
afterEach(() => registered.splice(0).forEach((diagnostic) => diagnostic.unregister()));

/** Where a bar writes to. */
function out(isTTY, columns = 100) {
  const written = { text: '', isTTY, columns, write: (text) => void (written.text += text) };
  return written;
}
/** What stands on a terminal in the end: enough of one for what bars write. */
function screen(text) {
  const lines = [''];
  let row = 0;
  for (const [part] of text.matchAll(/\r|\n|\x1b\[\d*[A-Z]|[^\r\n\x1b]+/g)) {
    if (part === '\r') lines[row] = lines[row] ?? '';
    else if (part === '\n') lines[++row] ??= '';
    else if (/\x1b\[\d+A/.test(part)) row -= Number(/\d+/.exec(part)[0]);
    else if (!part.startsWith('\x1b')) lines[row] = part;
  }
  return lines;
}

/** Whether a text is XML of nothing but elements, attributes and characters that XML has. */
function isWellFormed(xml) {
  const open = [];
  let at = 0;
  for (const [part, end, name, empty] of xml.matchAll(/<(\/?)([a-z]+)(?: [\w:-]+="(?:[^"<&]|&\w+;)*")*(\/?)>|(?:[^<&]|&\w+;)+/g)) {
    at += part.length;
    if (!name || empty) continue;
    if (!end) open.push(name);
    else if (open.pop() !== name) return false;
  }
  return at === xml.length && !open.length && xml.isWellFormed() && !/[\0-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]/.test(xml);
}

const schedulers = [['sync', { scheduler: 'sync' }], ['threads', { scheduler: 'threads', workers: 2 }]];

describe.each(schedulers)('with %s', (_, options) => {
  test("a ProgressBar on a terminal ends as Dask's, with a line for each name on request", async () => {
    const terminal = out(true), bar = new ProgressBar({ out: terminal, dt: 0, names: true });
    expect(await bar.watch(() => compute(sum(8), options))).toBe(36);
    const lines = screen(terminal.text);
    expect(lines[0]).toMatch(/^\[#{40}\] \| 100% Completed \| \d+\.\d s$/);
    expect(lines.slice(1).sort()).toEqual(['', '  add [####################] 1 / 1', '  inc [####################] 8 / 8']);
    expect(terminal.text).toMatch(/\[#* +\] \| \d+% Completed \| \d+\.\d s/); /* it was drawn on the way */
    expect(bar.lastDuration).toBeGreaterThan(0);
    const before = terminal.text;
    await compute(sum(2), options);
    expect(terminal.text).toBe(before); /* no longer watched */
  });

  test('a ProgressBar writes plain lines, each a tenth further, where there is no terminal', async () => {
    const log = out(false), bar = new ProgressBar({ out: log, dt: 0 });
    await bar.watch(() => compute(sum(30), options));
    expect(log.text).not.toMatch(/[\r\x1b]/);
    const lines = log.text.trimEnd().split('\n'), percents = lines.map((line) => Number(/^(\d+)% Completed \| \d+\.\d s/.exec(line)[1]));
    expect(lines.at(-1)).toMatch(/^100% Completed \| \d+\.\d s$/);
    const tenths = percents.map((percent) => Math.floor(percent / 10));
    expect(new Set(tenths).size).toBe(lines.length);
    expect(tenths).toEqual(tenths.toSorted((a, b) => a - b));
  });

  test('a ProgressBar says how a computation ended that did not end well, and nothing of a short one', async () => {
    const log = out(false), quiet = out(false);
    using(new ProgressBar({ out: quiet, minimum: 1000 }));
    await rejection(new ProgressBar({ out: log }).watch(() => compute(add(inc(1), fail()), options)));
    expect(log.text).toMatch(/(^|\n)\d+% Completed \| \d+\.\d s \| failed\n$/);
    expect(quiet.text).toBe('');
  });

  test('a Profiler has every task that ran, in its time, after its inputs', async () => {
    const profiler = new Profiler(), z = sum(6);
    await profiler.watch(() => compute(z, options));
    const { results } = profiler;
    expect(results.map(({ name }) => name).sort()).toEqual(['add', ...Array(6).fill('inc')]);
    const last = results.find(({ key }) => key === z.key);
    for (const { name, startMs, endMs, worker } of results) {
      expect(endMs).toBeGreaterThanOrEqual(startMs);
      expect([0, 1]).toContain(worker);
      if (name === 'inc') expect(endMs).toBeLessThanOrEqual(last.startMs + 0.01); /* rounded to 32 bits */
    }
    await profiler.watch(() => compute(sum(2), options));
    expect(profiler.results.length).toBe(10);
    expect(new Set(profiler.results.map(({ run }) => run)).size).toBe(2);
    profiler.clear();
    expect(profiler.results).toEqual([]);
  });

  test('a MemoryProfiler counts results and their bytes until they are released', async () => {
    const memory = new MemoryProfiler({ dt: 0 }), make = delayed(function make(x) {
      return new Float64Array(1000).fill(x);
    });
    const size = delayed(function size(...parts) {
      return parts.length;
    });
    await memory.watch(() => compute(size(make(1), make(2), inc(0)), options));
    const { results } = memory;
    expect(Math.max(...results.map(({ bytes }) => bytes))).toBeLessThanOrEqual(16_000);
    expect(Math.max(...results.map((sample) => sample.results))).toBeGreaterThan(0);
    expect(results.at(-1)).toMatchObject({ results: 1, bytes: 0 });
    for (const { processBytes, heapBytes } of results) expect(processBytes).toBeGreaterThan(heapBytes / 2);
    const times = results.map(({ atMs }) => atMs);
    expect(times).toEqual(times.toSorted((a, b) => a - b));
  });

  /*  a - b - z
   *   \     /
   *     c --         */
  test('a Callback hears of inputs before those that take them, of each task once, and first and last of the computation', async () => {
    const told = [], a = inc(1), b = inc(a), c = inc(a), z = add(b, c);
    const callback = new Callback({
      start: (graph) => told.push(`start ${graph.count}`), startState: (model) => told.push(`state ${model.count}`),
      pretask: (key, task) => told.push(`<${key} ${task.key === key}`), posttask: (key, { state }) => told.push(`>${key} ${/done|released/.test(state)}`),
      finish: (model, errored) => told.push(`finish ${model.outcome} ${errored}`),
    });
    await callback.watch(() => compute(z, options));
    const at = (text) => told.indexOf(text);
    expect(told.slice(0, 2)).toEqual(['start 4', 'state 4']);
    expect(told.at(-1)).toBe('finish done false');
    expect(told.slice(2, -1).sort()).toEqual([a, b, c, z].flatMap(({ key }) => [`<${key} true`, `>${key} true`]).sort());
    for (const { key } of [a, b, c, z]) expect(at(`<${key} true`)).toBeLessThan(at(`>${key} true`));
    for (const [input, taker] of [[a, b], [a, c], [b, z], [c, z]]) expect(at(`>${input.key} true`)).toBeLessThan(at(`<${taker.key} true`));
  });

  test('a Callback may be a subclass, hears of a task that is tried again once, and of failure', async () => {
    class Ends extends Callback {
      told = [];
      posttask(key, { state, attempts }) {
        this.told.push([key, state, attempts]);
      }
      finish(_, errored) {
        this.told.push(errored);
      }
    }
    const ends = new Ends(), bad = fail();
    await rejection(ends.watch(() => compute(bad, { ...options, retries: 2 })));
    expect(ends.told).toEqual([[bad.key, 'erred', 3], true]);
  });

  test('story tells what happened to a task of the last computations', async () => {
    using(new Recorder());
    const x = inc(1), z = add(x, 2);
    await compute(z, options);
    const told = story(x.key);
    expect(told.map(({ atMs }) => atMs)).toEqual(told.map(({ atMs }) => atMs).toSorted((a, b) => a - b));
    expect(told.map(({ text }) => text).join('; ')).toMatch(/needs no input.*begins on worker \d.*is done after \d.*released/);
    expect(() => story('nobody')).toThrow(UnknownKeyError);
  });

  test('a Recorder keeps whole runs, and what it saves is read as the same run', async () => {
    const recorder = new Recorder({ keep: 2 });
    await recorder.watch(async () => {
      for (const count of [2, 3, 4]) await compute(sum(count), options);
    });
    expect(recorder.models.map(({ count, outcome }) => [count, outcome])).toEqual([[4, 'done'], [5, 'done']]);
    const file = path.join(folder, `run-${options.scheduler}.heddle`);
    await recorder.save(file);
    const read = await readTrace(readFileSync(file));
    expect(Array.from(read.states)).toEqual(Array.from(recorder.last.states));
    expect(read.graph.keys).toEqual(recorder.last.graph.keys);
    recorder.last.seek(0); /* disturbs nobody */
    expect(story(recorder.last.keyOf(0)).length).toBeGreaterThan(2);
  });

  test('summary says where the time went, in aligned columns', async () => {
    const recorder = new Recorder();
    await recorder.watch(() => compute(sum(5), options));
    const text = summary(recorder.last), lines = text.split('\n'), stats = statisticsOf(recorder.last);
    expect(lines[0]).toMatch(options.scheduler === 'sync' ? /^6 tasks one by one in .*: done$/ : /^6 tasks on 2 threads in .*: done$/);
    expect(text).toContain(`ran ${stats.parallelism.toFixed(2)} times as fast`);
    const [head, first, second] = lines.slice(4);
    expect(head).toMatch(/^name +tasks +done +failed +cancelled +total +mean +longest +share/);
    expect(first).toMatch(/^inc +5 +5 +0 +0 /);
    expect(second).toMatch(/^add +1 +1 +0 +0 /);
    expect(first.indexOf(' 5 ') + 2).toBe(head.indexOf('tasks') + 5);
    expect(text).toMatch(/critical path: .* in \d tasks\n {2}inc-\d+ \(.*\) → add-\d+ \(/);
  });
});

test('a Callback hears in an order that a run can have, of 60 random graphs with every scheduler', async () => {
  const join = delayed(function join(...args) { return args.length; }), waits = delayed(async function waits(...args) { await null; return args.length; });
  for (let seed = 1; seed <= 60; seed++) {
    const random = randomFrom(seed), nodes = [], takes = new Map();
    for (let i = 0; i < 5 + Math.floor(random() * 60); i++) {
      const inputs = i ? Array.from({ length: Math.floor(random() * 4) }, () => nodes[Math.floor(random() * i)]) : [];
      nodes.push((random() < 0.3 ? waits : join)(...inputs));
      takes.set(nodes[i].key, inputs.map(({ key }) => key));
    }
    const begun = new Set(), over = new Set();
    const callback = new Callback({
      pretask(key) {
        if (begun.has(key) || !takes.get(key).every((input) => over.has(input))) throw new Error(`seed ${seed}: ${key} begins again, or before its inputs are done`);
        begun.add(key);
      },
      posttask(key) {
        if (!begun.has(key) || over.has(key)) throw new Error(`seed ${seed}: ${key} ends again, or before it begins`);
        over.add(key);
      },
      finish: () => over.add('finish'),
    });
    const options = [{ scheduler: 'sync' }, { workers: 2 }, { workers: 3, optimize: false }][seed % 3];
    await callback.watch(() => compute(nodes, options));
    expect([seed, over.size, over.has('finish')]).toEqual([seed, nodes.length + 1, true]);
  }
});

test('diagnostics are told also when the thread of the program is blocked by computeSync', () => {
  const log = out(false);
  using(new ProgressBar({ out: log, dt: 0 }));
  computeSync(sum(20), { scheduler: 'sync' });
  expect(log.text.trimEnd().split('\n').length).toBeGreaterThan(5);
});

test('several computations at once share a bar, which ends with the last', async () => {
  const log = out(false), bar = using(new ProgressBar({ out: log }));
  await Promise.all([compute(sum(4), { workers: 2 }), compute(sum(6), { workers: 2 })]);
  expect(log.text.match(/100% Completed/g).length).toBe(1);
  expect(bar.registered).toBe(true);
});

test('a bar is as narrow as its terminal, and has nothing of a name that a terminal would act on', async () => {
  const terminal = out(true, 30), odd = delayed((x) => x, { name: 'red\x1b[31m\nnext' });
  await new ProgressBar({ out: terminal, names: true }).watch(() => compute(odd(1), { scheduler: 'sync' }));
  const lines = screen(terminal.text);
  for (const line of lines) expect(line.length).toBeLessThan(30);
  expect(terminal.text).not.toContain('\x1b[31m');
  expect(lines[1]).toContain('red?[31m?next');
});

test('a diagnostic that throws is told no more, and disturbs neither the computation nor the others', async () => {
  const error = console.error, said = [];
  console.error = (...args) => said.push(args.join(' '));
  try {
    const bad = using(new Callback({ posttask() { throw new Error('mine'); } })), log = out(false);
    using(new ProgressBar({ out: log }));
    expect(await compute(sum(3), { scheduler: 'sync' })).toBe(6);
    expect(log.text).toContain('100% Completed');
    expect(said).toEqual([expect.stringMatching(/a diagnostic threw.*mine/)]);
    expect(bad.registered).toBe(false);
    bad.register();
    expect(bad.registered).toBe(true);
  } finally {
    console.error = error;
  }
});

test('a bar whose output throws ends nothing but itself, also from its timer', async () => {
  const error = console.error, said = [];
  console.error = (...args) => said.push(args.join(' '));
  try {
    const bar = using(new ProgressBar({ dt: 0.01, out: { write() { throw new Error('closed pipe'); } } }));
    const slow = delayed(() => new Promise((resume) => setTimeout(resume, 100)), { name: 'slow' });
    await compute([slow(), slow()], { scheduler: 'threads', workers: 2 });
    expect(bar.registered).toBe(false);
    expect(said).toEqual([expect.stringMatching(/a diagnostic threw.*closed pipe/)]);
  } finally {
    console.error = error;
  }
});

test('two watches of one diagnostic at once are told until each has ended', async () => {
  const recorder = new Recorder(), slow = delayed((ms) => new Promise((resume) => setTimeout(resume, ms)), { name: 'slow' });
  await Promise.all([20, 150].map((ms) => recorder.watch(() => compute(slow(ms), { scheduler: 'threads', workers: 2 }))));
  expect(recorder.registered).toBe(false);
  expect(recorder.models.map(({ outcome }) => outcome)).toEqual(['done', 'done']);
});

test('a Callback may have its functions as fields', async () => {
  const keys = [];
  class Mine extends Callback {
    posttask = (key) => keys.push(key);
  }
  await new Mine().watch(() => compute(inc(1), { scheduler: 'sync' }));
  expect(keys.length).toBe(1);
});

test('watch unregisters also when the function fails, and `using` at the end of its block', async () => {
  const profiler = new Profiler();
  expect(await rejection(profiler.watch(() => compute(fail(), { scheduler: 'sync' })))).toMatchObject({ message: 'no' });
  expect(profiler.registered).toBe(false);
  expect(profiler.results).toMatchObject([{ name: 'fail', state: 'erred' }]);
  profiler.register()[Symbol.dispose ?? Symbol.for('Symbol.dispose')]();
  expect(profiler.registered).toBe(false);
});

describe('visualize', () => {
  test('gives well-formed SVG with a bar for each task, whatever tasks are called', async () => {
    const profiler = new Profiler(), memory = new MemoryProfiler({ dt: 0 });
    const odd = delayed(function odd(x) { return x; }, { name: `a<b>&"c"\u0007\ud800` });
    memory.register();
    await profiler.watch(() => rejection(compute([odd(1), inc(2), add(fail(), inc(3))], { scheduler: 'sync' })));
    memory.unregister();
    const file = path.join(folder, 'both.svg'), svg = visualize([profiler, memory], { filename: file });
    expect(readFileSync(file, 'utf8')).toBe(svg);
    expect(isWellFormed(svg)).toBe(true);
    expect(svg).toContain('a&lt;b&gt;&amp;');
    for (const text of ['Task stream: ', 'Results in memory', 'Memory of the process', ', erred']) expect(svg).toContain(text);
    expect(profiler.visualize()).not.toContain('Results in memory');
  });

  test('of very many tasks neighbours of one name share bars', async () => {
    const profiler = new Profiler();
    await profiler.watch(() => compute(Array.from({ length: 20_000 }, (_, x) => delayed(Math.abs)(x)), { scheduler: 'sync' }));
    expect(profiler.results.length).toBe(20_000);
    expect(profiler.visualize().length).toBeLessThan(1_000_000);
  });

  test('of nothing is an empty picture', () => expect(new Profiler().visualize()).toContain('Task stream: 0 tasks'));
});

describe('what cannot be is refused', () => {
  test.each([
    ['an unknown option', () => new ProgressBar({ widht: 3 }), /ProgressBar has no option 'widht'/],
    ['a width that is none', () => new ProgressBar({ width: 0 }), /its width/],
    ['a callback that is none', () => new Callback({ pretask: 1 }), /its pretask/],
    ['an unknown event', () => new Callback({ preTask() {} }), /no option 'preTask'/],
    ['time between samples', () => new MemoryProfiler({ dt: -1 }), /its dt/],
    ['how many to keep', () => new Recorder({ keep: 0 }), /its keep/],
    ['a picture that is no SVG', () => new Profiler().visualize({ filename: 'x.png' }), /ends in \.svg/],
    ['pictures of nothing', () => visualize([]), /a list of Profilers/],
  ])('%s', (_, act, message) => {
    expect(act).toThrow(OptionError);
    expect(act).toThrow(message);
  });

  test('nothing to save, nothing to watch', async () => {
    expect(await rejection(new Recorder().save('x'))).toBeInstanceOf(OptionError);
    expect(await rejection(new Recorder().watch(5))).toBeInstanceOf(OptionError);
  });
});

test.each([['sync', { scheduler: 'sync' }], ['threads', { scheduler: 'threads', workers: 2 }]])('PerformanceMeasures puts each task that ran into the performance timeline, once (%s)', async (_, options) => {
  performance.clearMeasures();
  const from = performance.now(), broken = fail();
  const measures = new PerformanceMeasures();
  await measures.watch(() => sum(3).compute(options));
  await rejection(measures.watch(() => compute([inc(1), add(broken)], options)));
  const to = performance.now(), entries = performance.getEntriesByType('measure');
  performance.clearMeasures();
  expect(entries.filter(({ name }) => name === 'add').map(({ detail }) => detail)).toEqual([expect.objectContaining({ key: expect.stringMatching(/^add-/), attempt: 1, done: true })]);
  expect(entries.filter(({ name }) => name === 'fail').map(({ detail }) => detail.done)).toEqual([false]);
  expect(entries.filter(({ name }) => name === 'inc').length).toBeGreaterThanOrEqual(3);
  for (const { startTime, duration } of entries) expect([startTime >= from - 1, duration >= 0, startTime + duration <= to + 1]).toEqual([true, true, true]);
});

describe('a script', () => {
  const run = (source) => spawnSync(process.execPath, ['--input-type=module', '-e', source], { cwd: root, encoding: 'utf8', timeout: 30_000 });

  test('ends by itself with diagnostics that are still registered, whose bar is on the standard error', () => {
    const { status, stdout, stderr } = run(`import { delayed } from 'heddle'; import { MemoryProfiler, ProgressBar } from 'heddle/diagnostics';
      new ProgressBar().register(); new MemoryProfiler().register(); console.log(await delayed((x) => x + 1)(4).compute());`);
    expect({ status, stdout }).toEqual({ status: 0, stdout: '5\n' });
    expect(stderr).toMatch(/^100% Completed \| \d\.\d s\n$/);
  });

  test('draws one bar in a terminal', () => {
    const typed = path.join(folder, 'typescript');
    const source = `import { delayed } from 'heddle'; import { ProgressBar } from 'heddle/diagnostics';
      await new ProgressBar({ width: 20 }).watch(() => delayed((x) => x)(1).compute());`;
    const { status } = spawnSync('script', ['-qec', `stty cols 90; ${process.execPath} --input-type=module -e "$PROGRAM"`, typed], { cwd: root, env: { ...process.env, TERM: 'xterm', PROGRAM: source }, timeout: 30_000, stdio: 'ignore' });
    expect(status).toBe(0);
    expect(readFileSync(typed, 'utf8')).toMatch(/\r\[#{20}\] \| 100% Completed \| \d\.\d s\x1b\[K\r?\n/);
  });
});
