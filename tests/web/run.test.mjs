// What the views of a run compute, and, in real browsers, a page of somebody else's that uses `heddle/views`.
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { ASLEEP, DONE, ERRED, Events, LOST, NO_TASK, READY, RELEASED, RUNNING, TraceModel, WAITING } from 'heddle/trace';
import { crewOf } from '../../web/views/crew.js';
import { densityOf, silhouette } from '../../web/views/density.js';
import { curveOf, levelAt } from '../../web/views/memory-curve.js';
import { Playback } from '../../web/views/playback.js';
import { tallyOf } from '../../web/views/tally.js';
import { GAP_MS, Teller } from '../../web/views/teller.js';
import { browserNames, launch, serve } from './pages.mjs';

/** A model of tasks without inputs. @param {string[]} names by task */
function modelOf(names, { workers = 2, scheduler = 'threads' } = {}) {
  const distinct = [...new Set(names)];
  return new TraceModel({ type: 'begin', run: 1, scheduler, workers, graph: { count: names.length, names: distinct,
    nameOf: Uint32Array.from(names, (name) => distinct.indexOf(name)), keys: names.map((name, task) => `${name}-${task}`),
    offsets: new Uint32Array(names.length + 1), inputs: new Uint32Array(0), outputs: Uint32Array.from(names.keys()) } }, 0);
}

/** @param {{ state: number, start?: number, took?: number, worker?: number, bytes?: number }[]} tasks */
function batch(atMs, tasks, events = new Events()) {
  return { type: 'batch', run: 1, atMs, tasks: Uint32Array.from(tasks.keys()), states: Uint8Array.from(tasks, ({ state }) => state),
    startMs: Float64Array.from(tasks, ({ start = NaN }) => start), elapsedMs: Float32Array.from(tasks, ({ took = 0 }) => took), worker: Uint16Array.from(tasks, ({ worker = 0 }) => worker),
    attempts: new Uint8Array(tasks.length), bytes: Float64Array.from(tasks, ({ bytes = 0 }) => bytes), events: events.take() };
}

/** What a generator returns in the end. */
function whole(steps) {
  for (;;) {
    const { done, value } = steps.next();
    if (done) return value;
  }
}

/** Numbers from 0 to 1, the same for a seed. */
function randomOf(seed) {
  return () => (seed = (seed * 48271) % 2147483647) / 2147483647;
}

describe('the tally of names', () => {
  const four = ['inc', 'inc', 'inc', 'inc', 'sum'];
  const two = [{ state: DONE, start: 0, took: 10 }, { state: RELEASED, start: 0, took: 10 }, { state: READY }, { state: READY }, { state: WAITING }];

  test('counts states by name, and says how long the rest takes if it takes as long on as many threads', () => {
    const model = modelOf(four);
    model.receive(batch(10, two), performance.now());
    const { all, names, leftMs } = tallyOf(model);
    expect(names.map(({ name, tasks, done, held, released, ready, waiting }) => ({ name, tasks, done, held, released, ready, waiting }))).toEqual([
      { name: 'inc', tasks: 4, done: 2, held: 1, released: 1, ready: 2, waiting: 0 }, { name: 'sum', tasks: 1, done: 0, held: 0, released: 0, ready: 0, waiting: 1 }]);
    expect(all).toMatchObject({ tasks: 5, done: 2 });
    expect(leftMs).toBeCloseTo((2 * 10 + 10) / 2); /* sum has not run: it takes what tasks take here */
  });

  test('does not know how long the rest takes before a task is done, and knows it exactly after the end', () => {
    const model = modelOf(four);
    model.receive(batch(5, [{ state: RUNNING, start: 0 }]), performance.now());
    expect(tallyOf(model).leftMs).toBeNaN();
    model.receive(batch(40, four.map(() => ({ state: DONE, start: 0, took: 10 }))));
    model.receive({ type: 'end', run: 1, atMs: 50, outcome: 'done' });
    model.seek(20);
    expect(tallyOf(model).leftMs).toBe(30);
  });
});

test.each([1, 2, 3])('the curve of memory is what was alive at any time within each part of a run (seed %i)', (seed) => {
  const random = randomOf(seed), count = 500, atMs = 1000;
  const endMs = Float64Array.from({ length: count }, () => random() * atMs), releasedMs = endMs.map((end) => (random() < 0.3 ? Infinity : end + random() * 200));
  const bytes = Float64Array.from({ length: count }, () => Math.round(random() * 1e6)), states = Uint8Array.from(releasedMs, (at) => (at < atMs ? RELEASED : DONE));
  const curve = whole(curveOf({ *prepare() {}, times: { endMs, releasedMs }, record: { states, bytes }, count, atMs }));
  const width = atMs / curve.results.length;
  const alive = (from, to) => Array.from(endMs.keys()).filter((task) => endMs[task] < to && releasedMs[task] >= from);
  for (let at = 0; at < 200; at++) {
    const bin = Math.floor(random() * curve.results.length), tasks = alive(bin * width, (bin + 1) * width);
    expect(curve.results[bin]).toBe(tasks.length);
    expect(curve.bytes[bin]).toBe(tasks.reduce((sum, task) => sum + bytes[task], 0));
    expect(levelAt(curve, 'results', (bin + 0.5) * width)).toBe(tasks.length);
  }
  expect(curve.peak.results).toBe(Math.max(...Array.from(endMs, (end) => alive(end, end + 1e-9).length)));
});

describe('the workers', () => {
  test('run, are idle, asleep or lost at the moment shown, and have done what they have', () => {
    const model = modelOf(['a', 'b', 'c', 'd'], { workers: 4 }), events = new Events();
    events.push(LOST, 2, 2, 0, 30);
    events.push(ASLEEP, NO_TASK, 3, 35, 100);
    model.receive(batch(50, [{ state: DONE, start: 0, took: 20, worker: 0 }, { state: RUNNING, start: 40, worker: 0 }, { state: RUNNING, start: 45, worker: 1 }, { state: ERRED, start: 5, took: 25, worker: 3 }], events));
    model.receive({ type: 'end', run: 1, atMs: 100, outcome: 'failed' });
    model.seek(50);
    const { hands } = crewOf(model);
    expect(hands.map(({ state, task, done, failed, busyMs }) => ({ state, task, done, failed, busyMs }))).toEqual([
      { state: 'running', task: 1, done: 1, failed: 0, busyMs: 30 }, { state: 'running', task: 2, done: 0, failed: 0, busyMs: 5 },
      { state: 'lost', task: -1, done: 0, failed: 0, busyMs: 30 }, { state: 'asleep', task: -1, done: 0, failed: 1, busyMs: 25 }]);
    model.seek(15);
    expect(crewOf(model).hands.map(({ state, done }) => [state, done])).toEqual([['running', 0], ['idle', 0], ['running', 0], ['running', 0]]);
  });
});

test('the density of events counts each start and each end once, and its silhouette stands on the ground', () => {
  const model = modelOf(['a', 'b', 'c']);
  model.receive(batch(100, [{ state: DONE, start: 0, took: 50 }, { state: RUNNING, start: 60 }, { state: WAITING }]));
  const { counts } = whole(densityOf(model, 10));
  expect([...counts]).toEqual([1, 0, 0, 0, 0, 1, 1, 0, 0, 0]);
  expect(silhouette(counts)).toMatch(/^M0 1L0\.0000 0\.000L.* 1\.000L1 1Z$/);
});

describe('playing', () => {
  test('goes at its speed, at a changed speed from then on, and no further than the run', () => {
    const playback = new Playback();
    playback.start(100, 1000);
    expect(playback.moment(1100, 5000)).toBe(200);
    playback.speed = 10;
    expect(playback.moment(1200, 5000)).toBe(1200);
    expect(playback.moment(9000, 5000)).toBe(5000);
  });

  test('in ten seconds takes ten seconds, however long the run took', () => {
    for (const span of [5, 80_000]) {
      const playback = new Playback();
      playback.speed = 0;
      playback.start(0, 0);
      expect(playback.moment(5000, span)).toBeCloseTo(span / 2);
      expect(playback.moment(10_000, span)).toBeCloseTo(span);
    }
  });
});

describe('the line for screen readers', () => {
  test('says beginning, half, failures and the end, once each', () => {
    const names = ['a', 'b', 'c', 'd'], model = modelOf(names), teller = new Teller(), said = [];
    let clock = 0;
    const listen = () => said.push(teller.next(model, (clock += GAP_MS)));
    listen();
    model.receive(batch(1, [{ state: RUNNING, start: 0 }]));
    listen();
    listen();
    model.receive(batch(2, [{ state: DONE, start: 0, took: 1 }, { state: DONE, start: 0, took: 1 }]));
    listen();
    model.receive(batch(3, [{ state: DONE, start: 0, took: 1 }, { state: DONE, start: 0, took: 1 }, { state: ERRED, start: 1, took: 1 }]));
    listen();
    model.receive({ type: 'end', run: 1, atMs: 4, outcome: 'failed' });
    listen();
    listen();
    expect(said).toEqual(['Begun: 4 tasks on 2 workers', '1 task running', '', 'Half done: 2 of 4 tasks', 'c failed',
      'Failed after 4.0 ms: c failed; 2 of 4 tasks done', '']);
    expect(teller.over).toBe(true);
  });

  test('never says two sentences within the time that one takes', () => {
    const model = modelOf(Array(400).fill('a')), teller = new Teller(), spoken = [];
    for (let clock = 0; clock < 20 * GAP_MS; clock += 50) {
      const done = Math.min(400, clock / 50);
      model.receive(batch(clock, Array.from({ length: done }, () => ({ state: DONE, start: 0, took: 1 }))));
      if (teller.next(model, clock)) spoken.push(clock);
    }
    expect(spoken.length).toBeGreaterThan(2);
    for (let at = 1; at < spoken.length; at++) expect(spoken[at] - spoken[at - 1]).toBeGreaterThanOrEqual(GAP_MS);
  });
});

/* As in README.md. */
const html = `<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>A page</title>
<link rel="stylesheet" href="/dist/views/views.css"><main><h1>A page</h1><h2>A run</h2><heddle-run gate></heddle-run></main><script type="module" src="/page.js"></script>`;
const script = `import { delayed, watch } from '/dist/heddle.js';
import { TraceModel } from '/dist/trace.js';
import '/dist/views/index.js';
const view = document.querySelector('heddle-run');
window.seeks = [];
window.gates = [];
window.picks = [];
view.addEventListener('heddle-seek', ({ detail }) => window.seeks.push(detail.atMs));
view.addEventListener('heddle-gate', ({ detail }) => window.gates.push([detail.how, detail.count]));
view.addEventListener('heddle-select', ({ detail }) => window.picks.push(detail.task));
watch((message) => {
  if (message.type === 'begin') window.model = new TraceModel(message);
  else window.model.receive(message);
  view.show(window.model);
});
const inc = delayed(function inc(x) { sleep(0.2); return new Float64Array(x); });
const add = delayed(function add(x, y) { sleep(0.1); return x.length + y.length; });
window.done = add(inc(1000), inc(2000)).compute({ workers: 2 });`;

describe.each(browserNames)("heddle/views in somebody's page, in %s", (name) => {
  /** @type {import('puppeteer-core').Browser} */ let browser;
  /** @type {Awaited<ReturnType<typeof serve>>} */ let server;
  /** @type {import('puppeteer-core').Page} */ let page;
  const complaints = [];
  beforeAll(async () => {
    browser = await launch(name);
    server = await serve(html, undefined, { '/page.js': script });
    page = await browser.newPage();
    page.on('pageerror', (error) => complaints.push(error.message));
    await page.setViewport({ width: 1280, height: 1400 });
    await page.goto(server.url);
    await page.waitForFunction('window.done?.then((sum) => sum === 3000)', { timeout: 30_000 });
    await mode('end');
  });
  afterAll(async () => {
    await browser?.close();
    server?.close();
    expect(complaints).toEqual([]);
  });

  const mode = (wanted) => page.waitForFunction((is) => document.querySelector('heddle-scrubber').dataset.mode === is, {}, wanted);
  const drawn = () => page.evaluate(() => new Promise((resume) => requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(resume)))));
  const states = () => page.$$eval('.hd-picture .hd-call[data-state]', (calls) => calls.map(({ dataset }) => dataset.state).sort());
  /** Presses a key and gives the moment shown once it is drawn. */
  async function press(key) {
    await page.keyboard.press(key);
    await drawn();
    return page.evaluate('window.model.cursorMs');
  }
  const open = async (tab) => {
    await page.evaluate((label) => [...document.querySelectorAll('[role=tab]')].find((one) => one.textContent === label).click(), tab);
    await page.waitForFunction((content) => document.querySelector(content), {}, { Timeline: 'heddle-timeline canvas', Progress: 'heddle-progress tbody tr',
      Memory: 'heddle-memory .hd-curve[d]', Workers: 'heddle-workers tbody tr' }[tab]);
    await drawn();
  };

  test('draws the run, and nothing in tabs that are shut', async () => {
    expect(await states()).toEqual(['done', 'released', 'released']);
    const drawnIn = (selector) => page.$eval(selector, (shape) => (shape.getAttribute('d') ?? shape.textContent) !== '');
    expect(await page.$eval('heddle-progress tbody', (body) => body.textContent)).toBe('');
    expect(await page.$eval('heddle-memory .hd-curve', (curve) => curve.hasAttribute('d'))).toBe(false);
    await open('Progress');
    const row = () => page.$$eval('heddle-progress tbody tr', (rows) => rows.map((one) => [...one.children].map((cell) => cell.textContent).slice(0, 3).join('|')));
    expect(await row()).toEqual(['inc||2 / 2', 'add||1 / 1', 'all||3 / 3']);
    await open('Memory');
    expect(await drawnIn('heddle-memory .hd-curve')).toBe(true);
    expect(await page.$$eval('heddle-memory .hd-chart', (charts) => charts.map((chart) => chart.getAttribute('aria-label')))).toEqual([
      '1 result in memory; at most 3', expect.stringMatching(/^\d+ B in memory; at most 24 kB$/)]);
    await open('Workers');
    expect(await page.$$eval('heddle-workers tbody tr', (rows) => rows.map((one) => one.firstChild.textContent))).toEqual(['worker 0', 'worker 1']);
  });

  test('moves through time by keys, event by event, and back to the newest', async () => {
    await page.focus('heddle-scrubber input');
    expect(await press('Home')).toBe(0);
    await mode('past');
    expect((await states()).filter((state) => state === 'ready' || state === 'running')).toHaveLength(2);
    expect(await page.$eval('heddle-scrubber input', (slider) => slider.getAttribute('aria-valuetext'))).toMatch(/^0\.0 ms of .*, 0 of 3 tasks done$/);
    const moments = [0];
    for (let event = 0; event < 3; event++) moments.push(await press('.'));
    expect(moments).toEqual([...new Set(moments)].sort((a, b) => a - b));
    expect(await states()).not.toEqual(['done', 'released', 'released']);
    expect(await press(',')).toBe(moments[2]);
    expect(await press('PageUp')).toBeGreaterThan(moments[2]);
    expect(await press('End')).toBe(null);
    await mode('end');
    expect(await states()).toEqual(['done', 'released', 'released']);
  });

  test('plays to the end and stops there', async () => {
    await page.select('heddle-scrubber select', '10');
    await page.evaluate('window.seeks.length = 0');
    await page.focus('heddle-scrubber input');
    await page.keyboard.press(' ');
    await page.waitForFunction('window.seeks.at(-1) === null');
    await mode('end');
    const seeks = await page.evaluate('window.seeks');
    expect(seeks[0]).toBe(0);
    expect(seeks.slice(0, -1)).toEqual(seeks.slice(0, -1).sort((a, b) => a - b));
  });

  test('a task that a worker runs can be picked', async () => {
    await open('Workers');
    await page.focus('heddle-scrubber input');
    await press('Home');
    await press('.');
    await press('.');
    await page.waitForSelector('heddle-workers td button');
    await page.$eval('heddle-workers td button', (button) => button.click());
    expect(await page.evaluate('window.picks.map((task) => window.model.nameOf(task))')).toEqual(['inc']);
    expect(await page.$$eval('heddle-workers tr[data-selected]', (rows) => rows.length)).toBe(1);
  });

  test('n holds the run and starts one task; holding and the pace are told to who owns it', async () => {
    const gates = () => page.evaluate('window.gates.splice(0)');
    await page.focus('heddle-scrubber input');
    await press('n');
    expect(await gates()).toEqual([['step', 1]]);
    expect(await page.$eval('.hd-gate button', (button) => button.getAttribute('aria-pressed'))).toBe('true');
    await page.$eval('.hd-gate button', (button) => button.click());
    await page.$eval('.hd-gate button', (button) => button.click());
    expect(await gates()).toEqual([['resume', 0], ['pause', 0]]);
    await page.select('.hd-gate select', '5');
    expect(await gates()).toEqual([['rate', 5]]);
    expect(await page.$eval('.hd-gate button', (button) => button.getAttribute('aria-pressed'))).toBe('false');
  });

  test('axe finds nothing in any tab, tabs go by arrow keys, and nothing is wider than a phone', async () => {
    await page.setViewport({ width: 390, height: 1400 });
    await page.evaluate(readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8'));
    await open('Timeline');
    await page.focus('[role=tab][aria-selected=true]');
    for (const tab of ['Timeline', 'Progress', 'Memory', 'Workers']) {
      expect(await page.$eval('[role=tab][aria-selected=true]', (one) => one.textContent)).toBe(tab);
      await drawn();
      const found = await page.evaluate(async () => (await globalThis.axe.run(document)).violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ target }) => target.join(' ')).join(', ')}`));
      expect(found).toEqual([]);
      expect(await page.evaluate('document.documentElement.scrollWidth')).toBeLessThanOrEqual(390);
      await page.keyboard.press('ArrowRight');
    }
  });

  if (name === 'chromium') test('with less motion it plays in steps', async () => {
    await page.emulateMediaFeatures([{ name: 'prefers-reduced-motion', value: 'reduce' }]);
    await page.select('heddle-scrubber select', '1');
    await page.focus('heddle-scrubber input');
    await press('Home');
    await page.evaluate('window.seeks.length = 0');
    await page.keyboard.press(' ');
    await page.waitForFunction('window.seeks.at(-1) === null');
    expect(await page.evaluate('window.seeks.length <= 2 + window.model.atMs / 500')).toBe(true);
  });
});
