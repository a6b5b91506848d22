// Traces: a model of a run, its moments, and files. What is derived is compared with what live runs told.
import { afterEach, describe, expect, test } from '@jest/globals';
import { annotate, CancelledError, compute, delayed, watch } from 'heddle';
import { AGAIN, CANCELLED, DONE, ERRED, Events, FAILED, RELEASED, RUNNING, TraceFileError, TraceModel, WAITING, chromeTraceOf, readTrace, statisticsOf, storyOf, taskStates, waitOf, writeTrace } from 'heddle/trace';
import { gunzipSync, gzipSync } from 'node:zlib';
import { randomFrom } from './random-graph.mjs';

let unwatch = () => {};
afterEach(() => unwatch());

const kinds = {
  number: delayed((...xs) => xs.flat().length, { name: 'number' }),
  list: delayed((...xs) => [xs.length, 'x'], { name: 'list' }),
  floats: delayed(() => new Float64Array(100), { name: 'floats' }),
  later: delayed(async (...xs) => xs.length, { name: 'later' }),
  inline: delayed(() => 1, { inline: true, name: 'inline' }),
  flaky: delayed((ctx) => { if (ctx.attempt === 1) throw new Error('once'); return 1; }, { ctx: true, retries: 2, name: 'flaky' }),
  failing: delayed(() => { throw new Error('always'); }, { name: 'failing' }),
};

/** Nodes of a random graph. */
function graphOf(random, fails) {
  const nodes = [], pick = (list) => list[Math.floor(random() * list.length)];
  const names = Object.keys(kinds).filter((name) => fails || (name !== 'failing' && name !== 'flaky'));
  for (let count = 1 + Math.floor(random() * 18); count > 0; count--) {
    const inputs = Array.from({ length: Math.floor(random() * 3) }, () => (nodes.length && random() < 0.8 ? pick(nodes) : 1));
    nodes.push(kinds[random() < 0.6 ? 'number' : pick(names)](...inputs));
  }
  return nodes.filter((_, at) => at === nodes.length - 1 || random() < 0.2);
}

/** Runs a random graph, and gives its model and how each batch told it. */
async function runOf(seed) {
  const random = randomFrom(seed), outputs = graphOf(random, seed % 3 === 0), told = [];
  const controller = new AbortController();
  let model;
  unwatch = watch((message) => {
    if (message.type === 'begin') model = new TraceModel(message);
    else expect(model.receive(message)).toBe(true);
    if (message.type === 'batch') told.push({ atMs: message.atMs, states: model.states.slice() });
  });
  const options = [{ scheduler: 'sync' }, { scheduler: 'sync', strict: true }, { scheduler: 'threads', workers: 2 }, { scheduler: 'threads', workers: 1 }][seed % 4];
  if (random() < 0.3) options.optimize = false;
  if (random() < 0.3) options.budget = 2;
  if (random() < 0.4) options.stopOnError = false;
  if (random() < 0.1) {
    options.signal = controller.signal;
    setTimeout(() => controller.abort(), 0);
  }
  try {
    await compute(outputs, options);
  } catch (error) {
    if (!(error instanceof CancelledError) && !(error instanceof AggregateError) && error.message !== 'always') throw error;
  }
  for (const end = performance.now() + 5000; model.outcome === null && performance.now() < end; ) await new Promise((resume) => setTimeout(resume));
  unwatch();
  return { model, told, options };
}

const same = (a, b) => Buffer.compare(Buffer.from(a.buffer, a.byteOffset, a.byteLength), Buffer.from(b.buffer, b.byteOffset, b.byteLength)) === 0;
const words = (states) => Array.from(states, (state) => taskStates[state]).join(' ');
/** A moment as a run may be in it: nothing has begun before its inputs were there. */
function illegal(model) {
  for (let task = 0; task < model.count; task++) {
    if (model.shownMs < model.record.startMs[task]) continue; /* an earlier attempt, before which a whole chain may have run */
    if (model.stateOf(task) !== RUNNING && model.stateOf(task) !== DONE && model.stateOf(task) !== RELEASED) continue;
    for (const input of model.inputsOf(task)) if (![DONE, RELEASED].includes(model.stateOf(input)) && model.nameOf(input) !== 'inline') return `${task} needs ${input}`;
  }
  return undefined;
}

describe('of 1,000 random graphs, with failures, retries, budgets and cancelled runs,', () => {
  test('the file gives the same model, and its last moment, derived, is as the live run ended', async () => {
    for (let seed = 1; seed <= 1000; seed++) {
      const { model } = await runOf(seed), replayed = await readTrace(await writeTrace(model)), about = `seed ${seed}`;
      expect([about, words(replayed.states)]).toEqual([about, words(model.states)]);
      for (const column of ['startMs', 'elapsedMs', 'worker', 'attempts', 'bytes']) expect([about, column, same(replayed.record[column], model.record[column])]).toEqual([about, column, true]);
      expect(replayed.graph).toEqual(model.graph);
      expect([replayed.outcome, replayed.atMs, replayed.sentence, replayed.bytesHeld]).toEqual([model.outcome, model.atMs, model.sentence, model.bytesHeld]);
      expect(replayed.events).toEqual(model.events);
      /* All that is shown of the moment just before the end is derived. */
      const last = Math.max(0, replayed.atMs - 1e-9);
      replayed.seek(last);
      const cut = (states) => words(states.map((state, task) => (replayed.times.endMs[task] > last || replayed.times.releasedMs[task] > last ? WAITING : state)));
      expect([about, cut(replayed.states)]).toEqual([about, cut(model.states)]);
      replayed.seek(replayed.atMs);
      expect([about, words(replayed.states)]).toEqual([about, words(model.states)]);
    }
  });

  test('every moment, forwards and back, is one that a run can be in, and serial runs were told just so', async () => {
    for (let seed = 1; seed <= 200; seed++) {
      const { model, told, options } = await runOf(seed), about = `seed ${seed}`;
      const moments = [];
      for (let at = 0; at <= model.atMs && moments.length < 100; at = model.nextMs(at)) moments.push(at);
      const forwards = moments.map((at) => (model.seek(at), words(model.states)));
      for (const at of moments) {
        model.seek(at);
        expect([about, at, illegal(model)]).toEqual([about, at, undefined]);
        expect(model.counts.reduce((sum, count) => sum + count)).toBe(model.count);
      }
      expect(moments.toReversed().map((at) => (model.seek(at), words(model.states)))).toEqual(forwards.toReversed());
      if (moments.length < 100) for (let at = moments.length - 1; at > 0; at--) expect(model.previousMs(moments[at])).toBe(moments[at - 1]);
      if (options.scheduler !== 'sync') continue;
      for (const { atMs, states } of told.slice(0, -1)) {
        model.seek(atMs);
        /* Serially nobody says `ready`, and what is skipped only in its turn. Of an inlined task the last of its runs is recorded. */
        const skipped = (task) => (model.record.states[task] === CANCELLED && !(model.record.startMs[task] >= 0)) || model.nameOf(task) === 'inline';
        const plain = (list) => words(list.map((state, task) => (skipped(task) ? WAITING : state))).replaceAll('ready', 'waiting');
        expect([about, atMs, plain(model.states)]).toEqual([about, atMs, plain(states)]);
      }
    }
  });
});

/** A model: tasks as [name, inputs, state, start, elapsed, worker, bytes]. */
function modelOf(tasks, { workers = 2, atMs = 100, outcome = 'done', events = new Events(), budget, groups } = {}) {
  const names = [...new Set(tasks.map(([name]) => name))], offsets = new Uint32Array(tasks.length + 1);
  tasks.forEach(([, inputs], task) => (offsets[task + 1] = offsets[task] + inputs.length));
  const column = (Class, at, otherwise = 0) => Class.from(tasks, (task) => task[at] ?? otherwise);
  const model = new TraceModel({ type: 'begin', run: 1, scheduler: 'threads', workers, budget, graph: { count: tasks.length, names, nameOf: Uint32Array.from(tasks, ([name]) => names.indexOf(name)),
    keys: tasks.map(([name], task) => `${name}-${task}`), offsets, inputs: Uint32Array.from(tasks.flatMap(([, inputs]) => inputs)), outputs: Uint32Array.of(tasks.length - 1), groups } }, 0);
  model.receive({ type: 'batch', run: 1, atMs, tasks: Uint32Array.from(tasks.keys()), states: column(Uint8Array, 2), startMs: column(Float64Array, 3, NaN), elapsedMs: column(Float32Array, 4),
    worker: column(Uint16Array, 5), attempts: column(Uint8Array, 3).map((start) => (start >= 0 ? 1 : 0)), bytes: column(Float64Array, 6), events: events.take() }, 0);
  if (outcome) model.receive({ type: 'end', run: 1, atMs, outcome }, 0);
  return model;
}

describe('statistics', () => {
  /*  0 ─┐            worker 0: 0 (0-10)  2 (10-40)
      1 ─┴─ 2 ─ 3     worker 1: 1 (0-5)             3 (40-50)  */
  const model = () => modelOf([['a', [], RELEASED, 0, 10, 0, 100], ['a', [], RELEASED, 0, 5, 1, 50], ['b', [0, 1], RELEASED, 10, 30, 0, 30], ['c', [2], DONE, 40, 10, 1, 7]], { atMs: 50 });

  test('say where the time went', () => {
    expect(statisticsOf(model())).toMatchObject({ wallMs: 50, workers: 2, ran: 4, serialMs: 55, busyMs: 55, utilisation: 0.55, parallelism: 1.1, criticalMs: 50, best: 1.1,
      criticalPath: Uint32Array.of(0, 2, 3), peakResults: 3, peakBytes: 180, retries: 0,
      names: [{ name: 'b', tasks: 1, totalMs: 30 }, { name: 'a', tasks: 2, done: 2, totalMs: 15, meanMs: 7.5, longestMs: 10, bytes: 150 }, { name: 'c', totalMs: 10 }] });
  });

  test('count a worker that has several tasks open once', () => {
    expect(statisticsOf(modelOf([['a', [], DONE, 0, 40, 0], ['a', [], DONE, 10, 40, 0]], { atMs: 50 }))).toMatchObject({ serialMs: 80, busyMs: 50 });
  });

  test('of very large runs are as of small ones, but for what is taken together', () => {
    const random = randomFrom(5), free = [0, 0], tasks = [];
    for (let task = 0; task < 120_000; task++) {
      const worker = free[0] <= free[1] ? 0 : 1, took = 0.01 + random() / 50, start = (free[worker] += random() < 0.01 ? 1 : 0.001);
      free[worker] += took;
      tasks.push(['a', task >= 100 ? [task - 100] : [], task < 119_900 ? RELEASED : DONE, start, took, worker, 8 * (task % 3)]);
    }
    const atMs = Math.max(...free), all = statisticsOf(modelOf(tasks, { atMs }));
    const busy = tasks.reduce((sum, task) => sum + Math.fround(task[4]), 0);
    expect(all.serialMs).toBeCloseTo(busy, 3);
    expect(all.busyMs).toBeGreaterThan(busy * 0.999);
    expect(all.busyMs).toBeLessThan(busy * 1.001);
    /* 100 chains side by side: each has one result in memory, and for a moment two; some 15 tasks stand within 1/16384 of the run. */
    expect(all.peakResults).toBeGreaterThanOrEqual(100);
    expect(all.peakResults).toBeLessThan(130);
    expect(all.peakBytes).toBeGreaterThan(100 * 8 * 0.9);
    expect(all.peakBytes).toBeLessThan(130 * 8 * 1.5);
  });

  test('of a run without tasks are numbers', () => {
    expect(statisticsOf(modelOf([], { atMs: 0 }))).toMatchObject({ utilisation: 0, parallelism: 0, best: 1, criticalPath: new Uint32Array(0) });
  });
});

describe('why a task waited', () => {
  test('its inputs, then no thread was free', () => {
    const model = modelOf([['a', [], RELEASED, 0, 10, 0], ['b', [], DONE, 0, 30, 1], ['d', [], DONE, 10, 20, 0], ['c', [0], DONE, 30, 5, 0]]);
    expect(waitOf(model, 3).parts).toEqual([{ why: 'inputs', fromMs: 0, toMs: 10 }, { why: 'threads', fromMs: 10, toMs: 30 }]);
    expect(waitOf(model, 3).sentence).toMatch(/10 ms for its input, a-0, then 20 ms because both threads were busy/);
  });

  test('at an earlier moment nothing is said of what came later', () => {
    const model = modelOf([['a', [], RELEASED, 0, 10, 0], ['b', [], DONE, 0, 30, 1], ['c', [0, 1], DONE, 30, 5, 0]]);
    model.seek(20);
    expect(waitOf(model, 2).sentence).toBe('It has waited 20 ms for its inputs; b-1 is not there yet.');
    model.seek(30);
    expect(waitOf(model, 2).sentence).toBe('It waited 30 ms for its inputs; the last was b-1.');
  });

  test('the gate, or the budget', () => {
    const events = new Events();
    events.push(6, 0xffffffff, 0xffff, 0, 20);
    const model = modelOf([['a', [], DONE, 20, 10, 0], ['a', [], DONE, 50, 10, 0]], { events, budget: { results: 1, bytes: 0 } });
    expect(waitOf(model, 0).parts).toEqual([{ why: 'gate', fromMs: 0, toMs: 20 }]);
    expect(waitOf(model, 1).parts).toEqual([{ why: 'gate', fromMs: 0, toMs: 20 }, { why: 'budget', fromMs: 20, toMs: 50 }]);
  });

  test('of one that did not wait, and one that never began', () => {
    const model = modelOf([['a', [], ERRED, 0, 10, 0], ['b', [0], CANCELLED]], { outcome: 'failed' });
    expect(waitOf(model, 0).sentence).toBe('It did not wait.');
    expect(waitOf(model, 1).sentence).toMatch(/never began/);
  });
});

test('the story of a task that was tried twice', () => {
  const events = new Events();
  events.push(3, 1, 0, 10, 5);
  const model = modelOf([['a', [], RELEASED, 0, 10, 0], ['b', [0], DONE, 20, 5, 1, 8]], { events });
  expect(storyOf(model, 1).map(({ atMs, text }) => `${atMs}: ${text}`)).toEqual(['0: waits for 1 input', '10: is ready: its inputs are there', '10: attempt 1 begins',
    '15: attempt 1 fails after 5.0 ms, and is tried again', '20: the last attempt begins on worker 1', '25: is done after 5.0 ms; its result has 8 bytes']);
  expect(statisticsOf(model)).toMatchObject({ retries: 1, serialMs: 20 });
  model.seek(12);
  expect(words(model.states)).toBe('done running');
  model.seek(17);
  expect(words(model.states)).toBe('done ready');
});

test('a moment that was sought stays while news arrive, and null is the newest again', () => {
  const model = modelOf([['a', [], RUNNING, 0, 0, 0], ['b', [0], WAITING]], { outcome: null, atMs: 10 });
  model.seek(0);
  const version = model.version;
  model.receive({ type: 'batch', run: 1, atMs: 30, tasks: Uint32Array.of(0, 1), states: Uint8Array.of(DONE, RUNNING), startMs: Float64Array.of(0, 20), elapsedMs: Float32Array.of(20, 0),
    worker: new Uint16Array(2), attempts: Uint8Array.of(1, 1), bytes: new Float64Array(2), events: new Events().take() });
  expect([words(model.states), model.cursorMs, model.nowMs()]).toEqual(['running waiting', 0, 0]);
  model.seek(null);
  expect(words(model.states)).toBe('done running');
  expect(model.changesSince(version)).toEqual([0, 1]);
});

test("Chrome's format has a bar for each attempt, and none of one row overlap", async () => {
  const wait = delayed(async (ms) => new Promise((resume) => setTimeout(resume, ms)), { name: 'wait' });
  let model;
  unwatch = watch((message) => (message.type === 'begin' ? (model = new TraceModel(message)) : model.receive(message)));
  await compute([...Array.from({ length: 6 }, (_, i) => wait(10 + i)), kinds.flaky()], { scheduler: 'threads', workers: 2 });
  const { traceEvents } = JSON.parse([...chromeTraceOf(model)].join(''));
  const bars = traceEvents.filter(({ ph, cat }) => ph === 'X' && ['task', 'failed'].includes(cat));
  expect(bars.length).toBe(8);
  for (const a of bars) for (const b of bars) if (a !== b && a.tid === b.tid) expect(a.ts + a.dur <= b.ts + 1 || b.ts + b.dur <= a.ts + 1).toBe(true);
  const named = traceEvents.filter(({ name }) => name === 'thread_name').map(({ tid }) => tid);
  for (const { tid } of bars) expect(named).toContain(tid);
});

test('a file has what was said about tasks as far as JSON carries it, and can always be read', async () => {
  const round = async (said) => {
    let model;
    unwatch = watch((message) => (message.type === 'begin' ? (model = new TraceModel(message)) : model.receive(message)));
    await annotate(said, () => compute(delayed((x) => x, { name: 'n'.repeat(3000) })(1), { scheduler: 'sync' }));
    unwatch();
    return (await readTrace(await writeTrace(model))).graph.annotations;
  };
  expect(await round({ stage: 'load', rows: 5n })).toEqual([{ stage: 'load', rows: '5' }]);
  let deep = 1;
  for (let level = 0; level < 100; level++) deep = [deep];
  expect(await round({ deep })).toBe(undefined);
});

test('a part that ran again because a later one of its chain failed did not fail', () => {
  const events = new Events();
  events.push(AGAIN, 0, 0, 0, 5);
  events.push(FAILED, 1, 0, 5, 2);
  const model = modelOf([['a', [], RELEASED, 10, 5, 0], ['b', [0], DONE, 15, 2, 0]], { events });
  expect(storyOf(model, 0).map(({ text }) => text)).toContain('attempt 1 is done, but a later task of its chain fails, and all of it begins again');
  expect(statisticsOf(model)).toMatchObject({ retries: 1, serialMs: 14 });
});

describe('a file that is no trace', () => {
  const file = async () => {
    const { model } = await runOf(7);
    return writeTrace(model);
  };
  const outcome = async (bytes) => {
    try {
      return await readTrace(bytes);
    } catch (error) {
      return error;
    }
  };
  const refused = (result) => result instanceof TraceFileError && result.code === 'TRACE_FILE';

  test('is refused with a typed error: empty, text, JSON, cut anywhere', async () => {
    for (const text of ['', 'hello', '{}', '{"heddle":"trace"}\n']) expect(refused(await outcome(Buffer.from(text)))).toBe(true);
    const whole = await file();
    for (let length = 0; length < whole.length; length += 7) expect([length, refused(await outcome(whole.subarray(0, length)))]).toEqual([length, true]);
  });

  /** A file with texts of somebody's own. */
  async function withTexts(text) {
    const raw = gunzipSync(await file()), end = raw.indexOf(10), head = JSON.parse(raw.subarray(0, end));
    const first = `${JSON.stringify({ ...head, textBytes: Buffer.byteLength(text) })}\n`;
    return gzipSync(Buffer.concat([Buffer.from(first), Buffer.from(text), raw.subarray(end + 1 + head.textBytes)]));
  }

  test.each([['wide', (count) => `{"names":[${'{},'.repeat(count)}0]}`, /more than its tasks can have/], ['deep', (count) => `${'['.repeat(count)}`, /levels deep/]])(
    'is refused before it becomes a large tree: %s', async (_, textOf, says) => {
      const result = await outcome(await withTexts(textOf(3_000_000)));
      expect(refused(result)).toBe(true);
      expect(result.message).toMatch(says);
    });

  test.each([
    ['of another version', (head) => ({ ...head, version: 2 }), /version 2/], ['of another kind', (head) => ({ ...head, heddle: 'graph' }), /does not say/],
    ['with too many tasks', (head) => ({ ...head, tasks: 1e9 }), /'tasks'/], ['with a number that is none', (head) => ({ ...head, inputs: -1 }), /'inputs'/],
    ['with fewer bytes than it says', (head) => ({ ...head, events: head.events + 1000 }), /ends too early/], ['with more bytes than it says', (head) => ({ ...head, textBytes: head.textBytes - 1 }), /longer/],
    ['with an end that cannot be', (head) => ({ ...head, outcome: 'eaten' }), /end/], ['with a time that is none', (head) => ({ ...head, atMs: 'soon' }), /tasks|end/],
    ['with a scheduler that does not exist', (head) => ({ ...head, scheduler: 'gpu' }), /run/],
  ])('is refused: %s', async (_, change, says) => {
    const raw = gunzipSync(await file()), end = raw.indexOf(10);
    const result = await outcome(gzipSync(Buffer.concat([Buffer.from(`${JSON.stringify(change(JSON.parse(raw.subarray(0, end))))}\n`), raw.subarray(end + 1)])));
    expect(refused(result)).toBe(true);
    expect(result.message).toMatch(says);
  });

  test('with a cycle is refused', async () => {
    const bytes = await writeTrace(Object.assign(modelOf([['a', [], DONE, 0, 1, 0], ['b', [0], DONE, 1, 1, 0]])));
    const raw = gunzipSync(bytes), end = raw.indexOf(10), head = JSON.parse(raw.subarray(0, end));
    const body = Buffer.from(raw.subarray(end + 1));
    const inputsBack = head.textBytes + 2 * 4 * head.tasks; /* after nameOf and inputCounts: one input, task 1's, one back, byte by byte */
    body[inputsBack] = 0;
    const result = await outcome(gzipSync(Buffer.concat([raw.subarray(0, end + 1), body])));
    expect(result.message).toMatch(/cycle/);
  });

  test('damaged anywhere gives a model that can be used, or the error', async () => {
    const raw = gunzipSync(await file()), random = randomFrom(42);
    let models = 0;
    for (let round = 0; round < 1500; round++) {
      const damaged = Buffer.from(raw);
      for (let count = 1 + Math.floor(random() * 3); count > 0; count--) damaged[Math.floor(random() * damaged.length)] = Math.floor(random() * 256);
      const result = await outcome(gzipSync(damaged));
      if (refused(result)) continue;
      expect(result).toBeInstanceOf(TraceModel);
      models++;
      result.seek(result.atMs / 2);
      statisticsOf(result);
      for (let task = 0; task < result.count; task++) storyOf(result, task);
      JSON.parse([...chromeTraceOf(result)].join(''));
    }
    expect(models).toBeGreaterThan(0);
    const packed = await file();
    for (let round = 0; round < 500; round++) {
      const damaged = Buffer.from(packed);
      damaged[Math.floor(random() * damaged.length)] ^= 1 << Math.floor(random() * 8);
      const result = await outcome(damaged);
      expect(result instanceof TraceModel || refused(result)).toBe(true);
    }
  });

  test('that unpacks to far more than it says is read no further', async () => {
    const result = await outcome(gzipSync(Buffer.concat([gunzipSync(await file()), Buffer.alloc(50_000_000)])));
    expect(result.message).toMatch(/longer/);
  });
});
