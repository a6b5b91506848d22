// <heddle-graph>: its pure parts, and the element on a page of its own.
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { build } from 'esbuild';
import { fileURLToPath } from 'node:url';
import { groupTasks, placeInLayers } from 'heddle/layout';
import { CANCELLED, DONE, ERRED, Events, RELEASED, RUNNING, TraceModel } from 'heddle/trace';
import { bytesWritten, plasma, valuesOf } from '../../web/views/graph-colour.js';
import { ANCESTOR, CRITICAL, DESCENDANT, MATCH, marksOf, neighbourOf, SELECTED } from '../../web/views/graph-marks.js';
import { matchesOf } from '../../web/views/graph-search.js';
import { Ground, place } from '../../web/views/graph-sight.js';
import { factsOf, spokenOf } from '../../web/views/graph-story.js';
import { launch, serve } from './pages.mjs';

const root = fileURLToPath(new URL('../..', import.meta.url));

/** A graph of inputs by task. @param {number[][]} inputs @param {(task: number) => string} nameOf */
function graphOf(inputs, nameOf = (task) => (inputs[task].length ? 'add' : 'load')) {
  const offsets = new Uint32Array(inputs.length + 1), names = [...new Set(inputs.map((_, task) => nameOf(task)))];
  inputs.forEach((list, task) => (offsets[task + 1] = offsets[task] + list.length));
  return { count: inputs.length, names, nameOf: Uint32Array.from(inputs, (_, task) => names.indexOf(nameOf(task))),
    keys: inputs.map((_, task) => `${nameOf(task)}-${task}`), offsets, inputs: Uint32Array.from(inputs.flat()), outputs: Uint32Array.of(0) };
}

/** A binary tree: task i takes 2i + 1 and 2i + 2. @param {number} count */
const tree = (count) => graphOf(Array.from({ length: count }, (_, task) => (2 * task + 2 < count ? [2 * task + 1, 2 * task + 2] : [])));

function modelOf(graph, states = [], record = {}) {
  const model = new TraceModel({ type: 'begin', run: 1, scheduler: 'threads', workers: 2, graph }, 0);
  const all = Array.from({ length: graph.count }, (_, task) => states[task] ?? 0);
  model.receive({ type: 'batch', run: 1, atMs: record.atMs ?? 100, tasks: Uint32Array.from(all.keys()), states: Uint8Array.from(all),
    startMs: Float64Array.from(all, (state, task) => record.startMs?.[task] ?? (state >= RUNNING ? task : NaN)),
    elapsedMs: Float32Array.from(all, (state) => (state >= DONE ? 5 : 0)), worker: new Uint16Array(all.length),
    attempts: new Uint8Array(all.length).fill(record.attempts ?? 1), bytes: Float64Array.from(all, (_, task) => record.bytes?.[task] ?? 0), events: new Events().take() }, 0);
  return model;
}

/*    0
 *   / \
 *  1   2
 *  | \ |
 *  3   4    5 */
const small = () => graphOf([[1, 2], [3, 4], [4], [], [], []]);
const edgesOf = (graph) => ({ ...graph, ...modelOf(graph).structure });

describe('layers of a large graph', () => {
  test('have every task once, above its inputs, and no two in one place', () => {
    for (const graph of [small(), tree(5000), graphOf(Array.from({ length: 3000 }, (_, task) => (task < 2999 ? [task + 1] : [])))]) {
      const { order, x, y, columns, width, height } = placeInLayers(graph);
      expect(Uint32Array.from(order).sort()).toEqual(Uint32Array.from({ length: graph.count }, (_, task) => task));
      const places = new Set();
      for (let task = 0; task < graph.count; task++) {
        places.add(`${x[task].toFixed(2)},${y[task].toFixed(2)}`);
        if (columns === 1) for (let at = graph.offsets[task]; at < graph.offsets[task + 1]; at++) expect(y[task]).toBeGreaterThan(y[graph.inputs[at]]);
        expect(x[task] >= 0 && x[task] <= width && y[task] >= 0 && y[task] <= height).toBe(true);
      }
      expect(places.size).toBe(graph.count);
    }
  });

  test('fold a row that is too long, and cut a chain into columns, so that the picture has the shape of a screen', () => {
    const flat = placeInLayers(graphOf([Array.from({ length: 20_000 }, (_, task) => task + 1), ...Array(20_000).fill([])]));
    const chain = placeInLayers(graphOf(Array.from({ length: 20_000 }, (_, task) => (task < 19_999 ? [task + 1] : []))));
    expect(Math.max(...flat.folds)).toBeGreaterThan(10);
    expect(chain.columns).toBeGreaterThan(10);
    for (const { width, height } of [flat, chain]) expect((width * place.width) / (height * place.height)).toBeGreaterThan(0.3);
    for (const { width, height } of [flat, chain]) expect((width * place.width) / (height * place.height)).toBeLessThan(6);
  });

  test('put the readers of a tree over the middle of their inputs', () => {
    const { x } = placeInLayers(tree(31));
    for (let task = 0; task < 15; task++) expect(x[task]).toBeCloseTo((x[2 * task + 1] + x[2 * task + 2]) / 2, 3);
  });
});

describe('groups of a large graph', () => {
  test('have each task once, few rows, and links that only go up, each once', () => {
    for (const graph of [tree(5000), graphOf(Array.from({ length: 5000 }, (_, task) => (task < 4999 ? [task + 1] : [])), (task) => `f${task % 300}`)]) {
      const { cellOf, counts, rows, links } = groupTasks(graph, graph.names.length);
      expect(counts.reduce((sum, count) => sum + count, 0)).toBe(graph.count);
      const tally = new Uint32Array(counts.length);
      for (const cell of cellOf) tally[cell]++;
      expect(tally).toEqual(counts);
      expect(counts.length).toBeLessThanOrEqual(120);
      const pairs = new Set();
      for (let at = 0; at < links.length; at += 2) {
        expect(rows[links[at]]).toBeLessThan(rows[links[at + 1]]);
        pairs.add(`${links[at]} ${links[at + 1]}`);
      }
      expect(pairs.size).toBe(links.length / 2);
    }
  });
});

describe('what is in sight', () => {
  const graph = tree(20_000), ground = new Ground(placeInLayers(graph), false), into = new Uint32Array(graph.count);

  test('is everything from far, of which some stand for others when there are too many', () => {
    const whole = ground.look({ left: 0, top: 0, width: ground.width, height: ground.height, scale: 0.01 }, into);
    expect(whole.inSight).toBe(graph.count);
    expect(whole.drawn).toBeLessThan(graph.count);
    expect(new Set(into.subarray(0, whole.drawn)).size).toBe(whole.drawn);
  });

  test('is from near what stands there, all of it, and each is found where it stands', () => {
    for (const task of [0, 77, 19_999]) {
      const view = { left: ground.xOf(task) - 400, top: ground.yOf(task) - 300, width: 800, height: 600, scale: 1 };
      const { drawn, inSight } = ground.look(view, into), seen = new Set(into.subarray(0, drawn));
      expect(drawn).toBeLessThanOrEqual(inSight);
      for (let other = 0; other < graph.count; other++) {
        const inside = Math.abs(ground.xOf(other) - ground.xOf(task)) < 400 && Math.abs(ground.yOf(other) - ground.yOf(task)) < 300;
        if (inside && !seen.has(other)) throw new Error(`task ${other} is not drawn`);
      }
      expect(ground.taskAt({ x: ground.xOf(task) + 10, y: ground.yOf(task) - 10 })).toBe(task);
    }
    expect(ground.taskAt({ x: -50, y: -50 })).toBe(null);
  });
});

describe('what is stressed', () => {
  test('is a task, what it needs and what needs it, the critical path and what was found', () => {
    const marks = marksOf(6, edgesOf(small()), { selected: 1, critical: [4, 2, 0], matches: [5] });
    expect([...marks.of]).toEqual([DESCENDANT | CRITICAL, SELECTED, CRITICAL, ANCESTOR, ANCESTOR | CRITICAL, MATCH]);
    expect([...marks.lit].sort()).toEqual([0, 1, 2, 3, 4]);
    expect(marks).toMatchObject({ fades: true, ancestors: 2, descendants: 1 });
    expect(marksOf(6, edgesOf(small()), { selected: null, critical: null, matches: [5] }).fades).toBe(false);
  });

  test('keys go up to the nearest reader, down to the nearest input and aside in the row', () => {
    const graph = small(), edges = edgesOf(graph), ground = new Ground(placeInLayers(graph), false);
    const go = (task, direction) => neighbourOf(task, direction, edges, (of) => ({ x: ground.xOf(of), y: ground.yOf(of) }), (of, side) => ground.besides(of, side));
    expect(go(3, 'up')).toBe(1);
    expect(go(0, 'up')).toBe(null);
    expect([3, 4]).toContain(go(1, 'down'));
    expect(go(5, 'down')).toBe(null);
    const right = go(1, 'right') ?? go(1, 'left');
    expect(right).toBe(2);
  });
});

describe('values as colours', () => {
  test('are the rank, the age in memory until the release, and the bytes, of what has come so far', () => {
    const model = modelOf(small(), [RUNNING, RELEASED, DONE, RELEASED, RELEASED, 0], { startMs: [60, 30, 40, 20, 10], bytes: [9, 8, 7, 6, 5, 4] });
    expect([...valuesOf(model, 'order').of]).toEqual([4, 2, 3, 1, 0, NaN]);
    expect([...valuesOf(model, 'memory').of]).toEqual([NaN, 8, 7, 6, 5, NaN]);
    expect([...valuesOf(model, 'age').of].slice(2)).toEqual([55, 10, 30, NaN]); /* 4 until 2 has ended, at 45 */
    model.seek(35);
    expect([...valuesOf(model, 'order').of]).toEqual([NaN, 2, NaN, 1, 0, NaN]);
    expect(valuesOf(model, 'order').most).toBe(2);
  });

  test('go from the first to the last colour of plasma', () => {
    expect(plasma(0)).toEqual([13, 8, 135]);
    expect(plasma(1)).toEqual([240, 249, 33]);
    expect(plasma(NaN)).toEqual(plasma(0));
    expect([0, 999, 1500, 8_000_000].map(bytesWritten)).toEqual(['0 B', '999 B', '1.5 kB', '8 MB']);
  });
});

describe('a task', () => {
  test('is found by key or name in any case, without keys by its number', async () => {
    const model = modelOf(small());
    expect([...await matchesOf(model, 'add')]).toEqual([0, 1, 2]);
    expect([...await matchesOf(model, 'ad-4')]).toEqual([4]);
    expect([...await matchesOf(model, '(')]).toEqual([]);
    expect([...await matchesOf(modelOf({ ...small(), keys: [] }), 'task 4')]).toEqual([4]);
  });

  test('is told with state, time, neighbours, bytes and attempts', () => {
    const model = modelOf(small(), [ERRED, DONE, CANCELLED, RUNNING], { bytes: [0, 2000], attempts: 3 });
    expect(Object.fromEntries(factsOf(model, 1, 1))).toMatchObject({ Name: 'add', State: 'done, result in memory', Worker: '0', Took: '5.0 ms', Inputs: '2', Dependents: '1', Result: '2 kB', Attempts: '3' });
    expect(Object.fromEntries(factsOf(model, 3, 1))).toMatchObject({ State: 'running', 'Runs for': expect.stringMatching(/ms|s/) });
    expect(spokenOf(model, 0, 0)).toMatch(/^add-0: erred, 5.0 ms; 2 inputs, 0 dependents\.$/);
  });
});
