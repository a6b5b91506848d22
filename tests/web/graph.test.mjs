// <heddle-graph>: its pure parts, and the element on a page of its own.
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { build } from 'esbuild';
import { readFileSync } from 'node:fs';
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

/** What a computation in slices finds. */
function finished(steps) {
  let step = steps.next();
  while (!step.done) step = steps.next();
  return step.value;
}

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
    expect([...finished(valuesOf(model, 'order')).of]).toEqual([4, 2, 3, 1, 0, NaN]);
    expect([...finished(valuesOf(model, 'memory')).of]).toEqual([NaN, 8, 7, 6, 5, NaN]);
    expect([...finished(valuesOf(model, 'age')).of].slice(2)).toEqual([55, 10, 30, NaN]); /* 4 until 2 has ended, at 45 */
    model.seek(35);
    expect([...finished(valuesOf(model, 'order')).of]).toEqual([NaN, 2, NaN, 1, 0, NaN]);
    expect(finished(valuesOf(model, 'order')).most).toBe(2);
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

/** What the page of these tests runs: the element, and models of graphs that it is asked for. */
const entry = `
  import { Events, TraceModel } from 'heddle/trace';
  import './web/views/graph.js';
  const graph = document.querySelector('heddle-graph');
  window.picked = [];
  graph.addEventListener('heddle-select', ({ detail }) => window.picked.push(detail.task));
  /* A tree: task i takes 2i + 1 and 2i + 2. */
  window.show = (count, states = []) => {
    const offsets = new Uint32Array(count + 1), inputs = new Uint32Array(count);
    let edges = 0;
    for (let task = 0; task < count; offsets[++task] = edges) if (2 * task + 2 < count) inputs.set([2 * task + 1, 2 * task + 2], (edges += 2) - 2);
    window.model = new TraceModel({ type: 'begin', run: 1, scheduler: 'threads', workers: 2, graph: { count, names: ['add', 'load'],
      nameOf: Uint32Array.from({ length: count }, (_, task) => Number(2 * task + 2 >= count)), keys: count > 100_000 ? [] : Array.from({ length: count }, (_, task) => 'key-' + task),
      offsets, inputs: inputs.slice(0, edges), outputs: Uint32Array.of(0) } });
    window.change(states);
  };
  window.change = (states) => {
    model.receive({ type: 'batch', run: 1, atMs: 50, tasks: Uint32Array.from(states.keys()), states: Uint8Array.from(states), startMs: Float64Array.from(states, (state, task) => (state > 1 ? task : NaN)),
      elapsedMs: Float32Array.from(states, (state) => (state > 2 ? 3 : 0)), worker: new Uint16Array(states.length), attempts: new Uint8Array(states.length).fill(1),
      bytes: Float64Array.from(states, () => 1500), events: new Events().take() });
    graph.show(model);
  };
  window.note = () => graph.querySelector('.hd-note').textContent;
  window.spoken = () => graph.querySelector('.hd-spoken').textContent;`;

async function bundles() {
  const alias = { heddle: `${root}dist/heddle.js`, 'heddle/trace': `${root}dist/trace.js`, 'heddle/layout': `${root}dist/layout.js` };
  const options = { bundle: true, write: false, target: 'es2022', alias, format: 'esm' };
  const text = async (more) => (await build({ ...options, ...more })).outputFiles[0].text;
  const [page, worker, css] = await Promise.all([text({ stdin: { contents: entry, resolveDir: root } }), text({ entryPoints: [`${root}web/views/layout-worker.js`] }),
    text({ entryPoints: [`${root}web/views/views.css`] })]);
  const html = `<!doctype html><html lang="en"><meta name="viewport" content="width=device-width"><title>Graph</title><style>${css}</style>
    <main><h1>Graph</h1><heddle-graph layout-worker="/layout-worker.js"></heddle-graph></main><script type="module" src="/page.js"></script>`;
  return serve(html, {}, { '/page.js': page, '/layout-worker.js': worker });
}

describe('<heddle-graph>', () => {
  /** @type {Awaited<ReturnType<typeof serve>>} */ let site;
  /** @type {import('puppeteer-core').Browser} */ let browser;
  /** @type {import('puppeteer-core').Page} */ let page;
  const faults = [];

  beforeAll(async () => {
    site = await bundles();
    browser = await launch('chromium');
    page = await browser.newPage();
    page.on('pageerror', (error) => faults.push(error));
    await page.goto(site.url);
    await page.waitForFunction('window.show');
  });
  afterAll(async () => {
    await browser?.close();
    site?.close();
  });

  const shown = (selector) => page.waitForFunction((css) => document.querySelector(css), {}, selector);
  const states = (kind) => page.$$eval(`.hd-picture .hd-${kind}`, (nodes) => nodes.map((node) => node.dataset.state).join());

  test('speaks the lesson\'s language: circles run and are done, boxes are in memory and released', async () => {
    await page.evaluate('show(7, [0, 2, 0, 6, 6, 3, 1])');
    await shown('.hd-call[data-state="running"]');
    expect(await states('call')).toBe('waiting,running,waiting,released,released,done,ready');
    expect(await states('result')).toBe('waiting,running,waiting,released,released,done,ready');
    const fills = await page.$$eval('.hd-result .hd-shape', (boxes) => boxes.map((box) => getComputedStyle(box).fill));
    expect(fills[3]).toBe('rgb(37, 88, 196)');
    expect(fills[5]).toBe('rgb(211, 51, 46)');
  });

  test('without boxes goes from circle to circle', async () => {
    await page.$eval('heddle-graph', (graph) => void (graph.collapseOutputs = true));
    await page.waitForFunction(() => document.querySelectorAll('.hd-picture .hd-call').length === 7 && document.querySelectorAll('.hd-picture .hd-result').length === 0);
    await page.$eval('heddle-graph', (graph) => void (graph.collapseOutputs = false));
    await shown('.hd-picture .hd-result');
  });

  test('writes values into circles, and colours their outlines', async () => {
    await page.$eval('heddle-graph', (graph) => void (graph.colour = 'order'));
    await shown('[data-painted]');
    expect(await page.$$eval('.hd-picture .hd-call .hd-label', (labels) => labels.map((label) => label.textContent).join())).toBe('add,0,add,1,2,3,load');
    expect(await page.$eval('.hd-range', (range) => range.textContent)).toMatch(/Rank.*0.*3/);
    await page.$eval('heddle-graph', (graph) => void (graph.colour = 'state'));
    expect(await page.$('[data-painted]')).toBe(null);
  });

  test('a click picks a task, tells it and stresses what it has to do with; arrows go on, Escape ends it', async () => {
    await page.evaluate(() => document.querySelector('.hd-call[data-key="key-1"]').dispatchEvent(new MouseEvent('click', { bubbles: true })));
    expect(await page.evaluate('picked')).toEqual([1]);
    expect(await page.$eval('.hd-story', (story) => story.textContent)).toMatch(/key-1.*running/);
    expect(await page.$$eval('.hd-call[data-mark]', (nodes) => nodes.map((node) => node.dataset.mark).join())).toBe('descendant,selected,ancestor,ancestor');
    await page.focus('.hd-frame');
    await page.keyboard.press('ArrowUp');
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('ArrowRight');
    await page.keyboard.press('Escape');
    const picked = await page.evaluate('picked');
    expect(picked.slice(0, 2)).toEqual([1, 0]);
    expect([1, 2]).toContain(picked[2]);
    expect(picked.at(-1)).toBe(null);
    expect(await page.evaluate('spoken()')).toMatch(/No task is selected/);
  });

  test('finds tasks, says how many, and goes from one to the next with Enter', async () => {
    await page.type('.hd-search', 'load');
    await page.waitForFunction(() => document.querySelector('output').textContent === '4 matches');
    expect(await page.$$eval('.hd-call[data-mark~="match"]', (nodes) => nodes.length)).toBe(4);
    await page.keyboard.press('Enter');
    await page.keyboard.press('Enter');
    expect(await page.$eval('output', (output) => output.textContent)).toBe('2 of 4');
    expect(await page.evaluate('spoken()')).toMatch(/^key-4: done/);
    await page.keyboard.press('Escape');
    await page.waitForFunction(() => document.querySelectorAll('[data-mark~="match"]').length === 0);
  });

  test('shows the critical path', async () => {
    await page.evaluate('show(7, [3, 3, 6, 6, 6, 6, 6])');
    await page.$eval('heddle-graph', (graph) => graph.toggleAttribute('critical-path'));
    await page.waitForFunction(() => document.querySelectorAll('.hd-call[data-mark~="critical"]').length === 3);
    await page.$eval('heddle-graph', (graph) => graph.toggleAttribute('critical-path'));
  });

  test('draws many tasks as groups, and on request each on a canvas, where keys and search work too', async () => {
    await page.evaluate('show(2047, Array(2047).fill(0).map((_, task) => (task > 1022 ? 3 : 0)))');
    await shown('.hd-group[data-state="done"]');
    expect(await page.evaluate('note()')).toMatch(/2,047 tasks drawn as \d+ groups/);
    await page.click('.hd-switch button[value="tasks"]');
    await page.waitForFunction(() => document.querySelector('canvas.hd-picture') && window.note().startsWith('2,047 tasks.'));
    const colours = await page.$eval('canvas.hd-picture', (canvas) => {
      const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height), found = new Set();
      for (let at = 0; at < data.length; at += 4) if (data[at + 3] === 255) found.add(data.subarray(at, at + 3).join());
      return [...found];
    });
    expect(colours).toEqual(expect.arrayContaining(['37,88,196', '211,51,46']));
    await page.focus('.hd-frame');
    await page.keyboard.press('Enter');
    expect(await page.evaluate('spoken()')).toMatch(/^key-0: waiting; 2 inputs/);
    await page.keyboard.press('ArrowDown');
    expect(await page.evaluate('spoken()')).toMatch(/^key-[12]: waiting/);
    await page.keyboard.press('Escape');
    await page.type('.hd-search', 'key-2000');
    await page.waitForFunction(() => document.querySelector('output').textContent === '1 match');
    await page.keyboard.press('Enter');
    expect(await page.evaluate('spoken()')).toMatch(/^key-2000: done/);
    await page.keyboard.press('Escape');
  });

  test('a click on the canvas picks the task that is seen there', async () => {
    await page.evaluate(() => document.querySelector('heddle-graph').select(2046));
    await page.evaluate('document.querySelector("heddle-graph").select(null); picked.length = 0');
    const { x, y, width, height } = await (await page.$('.hd-frame')).boundingBox();
    await page.mouse.click(x + width / 2, y + height / 2 + 15);
    const picked = await page.evaluate('picked');
    expect(picked).toHaveLength(1);
    expect(await page.evaluate('spoken()')).toContain(`key-${picked[0]}:`);
  });

  test('opens 100,000 tasks on a canvas', async () => {
    await page.evaluate('show(100001)');
    await page.waitForFunction(() => window.note().startsWith('100,001 tasks.'));
    expect(await page.evaluate('note()')).toMatch(/edges one in \d+ is drawn/);
    expect(faults).toEqual([]);
  });

  test('axe-core finds nothing, while a task of a canvas or of a small graph is selected', async () => {
    await page.evaluate(readFileSync(`${root}node_modules/axe-core/axe.min.js`, 'utf8'));
    for (const count of [100_001, 7]) {
      await page.evaluate(`show(${count}, [2])`);
      await page.waitForFunction((wanted) => window.note() === '' === (wanted === 7), {}, count);
      await page.waitForFunction(() => (document.querySelector('heddle-graph').select(3), !document.querySelector('.hd-story').hidden));
      const found = await page.evaluate(async () => (await window.axe.run()).violations.map(({ id, nodes }) => [id, nodes.map(({ html }) => html)]));
      expect(found).toEqual([]);
    }
  });

  test('works in Firefox', async () => {
    const firefox = await launch('firefox');
    try {
      const other = await firefox.newPage();
      await other.goto(site.url);
      await other.waitForFunction('window.show');
      await other.evaluate('show(2047); document.querySelector("heddle-graph").setAttribute("view", "tasks")');
      await other.waitForFunction(() => document.querySelector('canvas.hd-picture') && window.note().startsWith('2,047 tasks.'));
      await other.focus('.hd-frame');
      await other.keyboard.press('Enter');
      expect(await other.evaluate('spoken()')).toMatch(/^key-0: waiting/);
    } finally {
      await firefox.close();
    }
  });
});
