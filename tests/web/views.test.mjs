// A run as the views see it; no browser is needed.
import { describe, expect, test } from '@jest/globals';
import { layered } from 'heddle/layout';
import { CANCELLED, DONE, Events, READY, RELEASED, RUNNING, TraceModel, WAITING } from 'heddle/trace';
import { drawingOf, looksOf, taskLimit } from '../../web/views/drawing.js';

const widthOf = (text) => text.length * 8;

/** A begin message: names and inputs by task. */
function begin(names, inputs, scheduler = 'threads') {
  const distinct = [...new Set(names)];
  const offsets = new Uint32Array(names.length + 1);
  inputs.forEach((list, task) => (offsets[task + 1] = offsets[task] + list.length));
  return { type: 'begin', run: 1, scheduler, workers: 2, graph: {
    count: names.length, names: distinct, nameOf: Uint32Array.from(names, (name) => distinct.indexOf(name)),
    keys: names.map((name, task) => `${name}-${task}`), offsets, inputs: Uint32Array.from(inputs.flat()), outputs: Uint32Array.of(0) } };
}

function batch(states, atMs, startMs = states.map((state) => (state >= RUNNING ? 0 : NaN))) {
  return { type: 'batch', run: 1, atMs, tasks: Uint32Array.from(states.keys()), states: Uint8Array.from(states), startMs: Float64Array.from(startMs),
    elapsedMs: Float32Array.from(states, (state) => (state >= DONE ? 5 : 0)), worker: new Uint16Array(states.length),
    attempts: new Uint8Array(states.length), bytes: new Float64Array(states.length), events: new Events().take() };
}

/*   1  2
 *    \/
 *    0     */
const add = () => begin(['add', 'inc', 'inc'], [[1, 2], [], []]);

describe('TraceModel', () => {
  test('counts states, and says what changed since a view last looked', () => {
    const model = new TraceModel(add(), 0);
    expect(model.counts[WAITING]).toBe(3);
    model.receive(batch([WAITING, RUNNING, READY], 10), 10);
    const version = model.version;
    expect([...model.changesSince(0)].sort()).toEqual([0, 1, 2]);
    model.receive(batch([WAITING, DONE, RUNNING], 20), 20);
    expect([...model.changesSince(version)].sort()).toEqual([1, 2]);
    expect([model.counts[DONE], model.counts[RUNNING], model.counts[WAITING]]).toEqual([1, 1, 1]);
    expect(model.sentence).toMatch(/3 tasks.*1 done.*1 running/);
  });

  test('its clock goes on between batches and stands still after the end', () => {
    const model = new TraceModel(add(), 0);
    model.receive(batch([WAITING, RUNNING, READY], 10), 100);
    expect(model.nowMs(150)).toBe(60);
    expect(model.durationMsOf(1, model.nowMs(150))).toBe(60);
    model.receive({ type: 'end', run: 1, atMs: 70, outcome: 'done' }, 160);
    expect(model.nowMs(500)).toBe(70);
    expect(model.outcome).toBe('done');
  });

  test('passes over messages of other runs, of tasks that it does not have, and after the end', () => {
    const model = new TraceModel(add(), 0);
    expect(model.receive({ ...batch([0, 0, 0], 1), run: 2 })).toBe(false);
    expect(model.receive(batch([0, 0, 0, 0], 1))).toBe(false);
    model.receive({ type: 'end', run: 1, atMs: 1, outcome: 'done' });
    expect(model.receive(batch([DONE, DONE, DONE], 2))).toBe(false);
    expect(model.counts[WAITING]).toBe(3);
  });

  test('a program that was stopped leaves nothing running, and what ran keeps its time', () => {
    const model = new TraceModel(add(), performance.now());
    model.receive(batch([WAITING, RUNNING, DONE], 10));
    model.close();
    expect([model.counts[CANCELLED], model.counts[DONE], model.counts[RUNNING], model.counts[WAITING]]).toEqual([2, 1, 0, 0]);
    expect(model.outcome).toBe('cancelled');
    expect(model.durationMsOf(1)).toBeGreaterThan(0);
    expect(model.durationMsOf(0)).toBeNaN();
  });
});

describe('fused chains', () => {
  /* 0 <- 1 <- 2 in one go; 3 alone; 4 is not run; 5 and 6 in one go, named by the second */
  const chains = () => {
    const message = begin(['c', 'b', 'a', 'x', 'y', 'q', 'p'], [[1], [2], [], [], [], [6], []]);
    message.graph.groups = Uint32Array.of(2, 2, 2, 3, 0xffffffff, 6, 6);
    return message;
  };

  test('have their parts in the order in which they run', () => {
    const model = new TraceModel(chains(), 0);
    expect([0, 1, 2, 3, 4, 5, 6].map((task) => model.partsOf(task))).toEqual([[2, 1, 0], [2, 1, 0], [2, 1, 0], [], [], [6, 5], [6, 5]]);
  });

  test('are none in a message that does not tell them', () => {
    expect(new TraceModel(add(), 0).partsOf(0)).toEqual([]);
  });
});

describe('a drawing', () => {
  test('has a circle and a box for each task, and one line for an input that is used twice', () => {
    const model = new TraceModel(begin(['add', 'inc'], [[1, 1], []]), 0);
    const drawing = drawingOf(model, widthOf);
    expect(drawing.grouped).toBe(false);
    expect(drawing.cells.map(({ label }) => label)).toEqual(['add', 'inc']);
    expect(drawing.links).toEqual([[1, 0]]);
    model.receive(batch([WAITING, DONE], 1));
    const looks = looksOf(model, drawing, [0, 1]);
    expect(looks.get(1)).toMatchObject({ call: 'done', result: 'done' });
    expect(looks.get(0)).toMatchObject({ call: 'waiting', result: 'waiting' });
  });

  test('of a large graph groups calls of one function and depth, and says what is hidden', () => {
    const count = taskLimit + 100;
    const names = ['sum', ...Array(count).fill('inc')];
    const model = new TraceModel(begin(names, [Array.from({ length: count }, (_, task) => task + 1), ...Array(count).fill([])]), 0);
    const drawing = drawingOf(model, widthOf);
    expect(drawing.grouped).toBe(true);
    expect(drawing.cells.map(({ count: tasks }) => tasks).sort((a, b) => a - b)).toEqual([1, count]);
    expect(drawing.note).toMatch(/501 tasks drawn as 2 groups/);
    const states = names.map((_, task) => (task === 0 ? WAITING : task % 2 ? RELEASED : RUNNING));
    model.receive(batch(states, 1));
    const group = drawing.cellOf[1];
    expect(looksOf(model, drawing, [group]).get(group)).toMatchObject({ call: 'running', finished: count / 2 });
  });

  test('inputs are placed below what needs them, and no two circles in one place', () => {
    const { cells, rows, links } = drawingOf(new TraceModel(add(), 0), widthOf);
    const { circles, boxes, width, height } = layered({ radii: cells.map(({ radius }) => radius), rows, links });
    expect(circles[1][1]).toBeGreaterThan(circles[0][1]); /* downwards, as in SVG */
    expect(circles[1][1]).toBe(circles[2][1]);
    expect(Math.abs(circles[1][0] - circles[2][0])).toBeGreaterThan(2 * cells[1].radius);
    circles.forEach(([x, y], cell) => {
      expect(boxes[cell][0]).toBe(x);
      expect(boxes[cell][1]).toBeLessThan(y);
      expect(x > 0 && x < width && y > 0 && y < height).toBe(true);
    });
  });
});
