// <heddle-timeline> and <heddle-compare>: the bars of threads, which of them are seen, and what is said of them.
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { readFileSync } from 'node:fs';
import { DONE, HELD, NO_TASK, NO_WORKER, RUNNING, TraceModel, statisticsOf } from 'heddle/trace';
import { comparison, labelOf, spentOf } from '../../web/views/compare-words.js';
import { LANES_MAX, TimelineIndex } from '../../web/views/timeline-index.js';
import { FLAG_CANCELLED, FLAG_FAILED, FLAG_TRY, Lane } from '../../web/views/timeline-lane.js';
import { placeAt, placesOf, ticksOf } from '../../web/views/timeline-places.js';
import { orderOf } from '../../web/views/timeline-sort.js';
import { barAt, walk } from '../../web/views/timeline-window.js';
import { barOf, rowsOf, speedOf } from '../../web/views/timeline-words.js';
import { browserNames, launch, serve } from './pages.mjs';
import { batchOf, beginOf, manyRun, reduction, variedRun } from './timeline-runs.js';

/** A model of messages, and its index, complete. */
function shown([begin, ...messages]) {
  const model = new TraceModel(begin, 0), index = new TimelineIndex(model);
  for (const message of messages) {
    model.receive(message, 0);
    index.step(Infinity);
  }
  return { model, index };
}
const bars = (lane) => Array.from({ length: lane.length }, (_, at) => [lane.items[at], lane.starts[at], lane.ends[at]]);
/** What a computation in slices finds. */
function finished(steps) {
  let step = steps.next();
  while (!step.done) step = steps.next();
  return step.value;
}
const numbers = (seed) => () => ((seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0) / 2 ** 32);

describe('lanes', () => {
  test('of one thread are one, and more where asynchronous tasks overlap', () => {
    const { index } = shown([beginOf(['a', 'a', 'a', 'a'], [[], [], [], []]), batchOf(50, [[0, DONE, 0, 10, 0], [1, DONE, 5, 10, 0], [2, DONE, 12, 10, 0], [3, DONE, 0, 50, 1]])]);
    expect(index.rows.map((lanes) => lanes.map((lane) => bars(lane).map(([task]) => task)))).toEqual([[[0, 2], [1]], [[3]]]);
  });

  test('of hostile runs, in which everything overlaps, are not more than LANES_MAX', () => {
    const count = 200;
    const { index } = shown([beginOf(Array(count).fill('a'), Array(count).fill([])), batchOf(50, Array.from({ length: count }, (_, task) => [task, DONE, 1, 40, 0]))]);
    expect(index.rows[0].length).toBe(LANES_MAX);
    expect(index.length).toBe(count);
  });

  test('are the same whether a run is told at once or as it goes, also backwards', () => {
    const next = numbers(3), count = 300;
    const told = Array.from({ length: count }, (_, task) => [task, DONE, task * 2 + next(), 0.5 + next() * 4, Math.floor(next() * 2)]);
    const begin = beginOf(Array(count).fill('a'), Array(count).fill([]));
    const whole = shown([begin, batchOf(1000, told)]).index;
    for (const order of [told, told.toReversed()]) {
      const parts = [];
      for (let from = 0; from < count; from += 37) parts.push(batchOf(1000, order.slice(from, from + 37)));
      const { index } = shown([begin, ...parts]);
      for (const row of [0, 1]) expect(index.rows[row].flatMap(bars).sort((a, b) => a[0] - b[0])).toEqual(whole.rows[row].flatMap(bars).sort((a, b) => a[0] - b[0]));
      for (const lane of index.rows.flat()) for (let at = 1; at < lane.length; at++) expect(lane.starts[at]).toBeGreaterThanOrEqual(lane.starts[at - 1]);
    }
  });

  test('a bar that runs has no end until its task has one', () => {
    const begin = beginOf(['a'], [[]]), { model, index } = shown([begin, batchOf(10, [[0, RUNNING, 2, 0, 0]])]);
    expect(bars(index.rows[0][0])).toEqual([[0, 2, Infinity]]);
    model.receive(batchOf(30, [[0, DONE, 2, 20, 0]]), 0);
    index.step(Infinity);
    expect(bars(index.rows[0][0])).toEqual([[0, 2, 22]]);
  });

  test('everything that has a look of its own is told apart', () => {
    const { index } = shown(variedRun());
    expect(index.seen).toEqual({ failed: true, cancelled: true, tried: true, lost: false, running: true, decode: true, encode: true, sleep: true, asleep: true, held: true });
    const flags = index.rows.flat().flatMap((lane) => Array.from(lane.flags.subarray(0, lane.length)));
    for (const flag of [FLAG_FAILED, FLAG_CANCELLED, FLAG_TRY]) expect(flags.filter((of) => of & flag).length).toBe(1);
  });
});

describe('what is seen of a lane', () => {
  /** Random bars one after another, some long. */
  function random(count, seed) {
    const lane = new Lane(0), next = numbers(seed);
    let at = 0;
    for (let item = 0; item < count; item++) {
      at += next() < 0.1 ? next() * 5 : 0.001;
      const took = next() < 0.02 ? 20 * next() : 0.05 * next();
      lane.push(at, at + took, item, next() < 0.001 ? FLAG_FAILED : 0);
      at += took;
    }
    return { lane, end: at };
  }

  test('is every bar once, on its own or in a mark, whatever the window', () => {
    const { lane, end } = random(5000, 11), next = numbers(5);
    for (let round = 0; round < 50; round++) {
      const fromMs = next() * end * 0.8, view = { fromMs, msPerPx: (end - fromMs) * (0.001 + next()) / 300, width: 300 }, toMs = fromMs + view.width * view.msPerPx;
      let seen = 0;
      walk(lane, view, end, { bar: () => seen++, mark: (_x, _at, _share, _flags, count) => (seen += count) });
      const inside = bars(lane).filter(([, start, stop]) => stop > fromMs && start < toMs).length;
      expect(Math.abs(seen - inside)).toBeLessThanOrEqual(2); /* at the edges rounding decides */
    }
  });

  test('shows that something failed also where thousands share a pixel', () => {
    const { lane, end } = random(20_000, 7), failed = Array.from(lane.flags.subarray(0, lane.length)).some((flag) => flag & FLAG_FAILED);
    let flags = 0, drawn = 0;
    walk(lane, { fromMs: 0, msPerPx: end / 40, width: 40 }, end, { bar: (at) => ((flags |= lane.flags[at]), drawn++), mark: (_x, _at, _share, of) => ((flags |= of), drawn++) });
    expect(failed).toBe(true);
    expect(flags & FLAG_FAILED).toBe(FLAG_FAILED);
    expect(drawn).toBeLessThan(3 * 40);
  });

  test('a summary is the longest bar and the flags of all, as a plain search finds them', () => {
    const { lane } = random(3000, 23), next = numbers(9), into = new Uint32Array(2);
    for (let round = 0; round < 200; round++) {
      const from = Math.floor(next() * 2999), to = from + 1 + Math.floor(next() * (3000 - from - 1));
      lane.summary(from, to, into);
      let longest = from, flags = 0;
      for (let at = from; at < to; at++) {
        if (lane.ends[at] - lane.starts[at] > lane.ends[longest] - lane.starts[longest]) longest = at;
        flags |= lane.flags[at];
      }
      expect([lane.ends[into[0]] - lane.starts[into[0]], into[1]]).toEqual([lane.ends[longest] - lane.starts[longest], flags]);
    }
  });

  test('the bar under a moment is found, and near it the longest', () => {
    const { lane } = random(500, 2);
    for (let at = 0; at < 500; at += 17) if (lane.ends[at] - lane.starts[at] > 0.001) expect(barAt(lane, (lane.starts[at] + lane.ends[at]) / 2, 0, Infinity)).toBe(at);
    expect(barAt(new Lane(0), 5, 5, 10)).toBe(-1);
  });

  test('a sort in slices is a stable sort', () => {
    const next = numbers(1), keys = Float64Array.from({ length: 10_000 }, () => Math.floor(next() * 500)), work = orderOf(keys);
    expect(Array.from(finished(work))).toEqual(Array.from(keys.keys()).sort((a, b) => keys[a] - keys[b] || a - b));
  });
});

test('a million bars are indexed, and a window of any size takes about as many marks as pixels', () => {
  const messages = [...manyRun(1_000_000, 4, 65_536)], { index } = shown(messages);
  expect(index.length).toBe(1_000_000);
  for (const part of [1, 0.01, 0.0001]) {
    const lane = index.rows[1][0], end = lane.ends[lane.length - 1];
    let drawn = 0;
    walk(lane, { fromMs: end / 3, msPerPx: (end * part) / 1000, width: 1000 }, end, { bar: () => drawn++, mark: () => drawn++ });
    expect(drawn).toBeGreaterThan(0);
    expect(drawn).toBeLessThan(2100);
  }
});

describe('words', () => {
  test('say how well the threads were used', () => {
    const { model } = shown(reduction(2));
    expect(speedOf(statisticsOf(model), true)).toMatch(/^Ran 1\.\d\d times as fast as its serial time on 2 threads; at best \d+\.\d\. 31 tasks of /);
    expect(speedOf(statisticsOf(shown([beginOf(['a'], [[]])]).model), false)).toBe('No task has begun.');
    const [begin, batch, end] = reduction(2), held = batchOf(0, [], [[HELD, NO_TASK, NO_WORKER, 0, batch.atMs / 2]]);
    expect(speedOf(statisticsOf(shown([begin, held, batch, end]).model), true)).toMatch(/; at best \d+\.\d\. Of its \d+ ms the gate held tasks back for \d+ ms\. /);
  });

  test('have a row for each thread, whose times are those of its bars', () => {
    const { model, index } = shown([beginOf(['a', 'b'], [[], []]), batchOf(100, [[0, DONE, 0, 30, 0], [1, DONE, 20, 60, 0]])]);
    expect(rowsOf(model, index, 100)).toEqual([
      { row: 0, name: 'worker 0', tasks: 2, busyMs: 80, idleMs: 20, longest: 1, longestMs: 60 }, { row: 1, name: 'worker 1', tasks: 0, busyMs: 0, idleMs: 100, longest: -1, longestMs: 0 }]);
    expect(barOf(model, 1, 100)).toBe('b-1: began at 20 ms, took 60 ms');
  });

  test('of runs side by side name the speed-up', () => {
    const [serial, parallel] = [shown(reduction(1)).model, shown(reduction(2)).model], spent = [serial, parallel].map((model) => finished(spentOf(model)));
    for (const [at, model] of [serial, parallel].entries()) expect(spent[at].wallMs).toBeCloseTo(model.atMs, 3);
    expect(comparison([labelOf(serial), labelOf(parallel)], spent)).toMatch(/1\.\d+ times/);
  });

  test('on the axis stand round times, no more than there is room for', () => {
    for (const [from, to, most] of [[0, 7, 5], [123.4, 9876, 8], [0, 0.003, 4]]) {
      const ticks = ticksOf(from, to, most);
      expect(ticks.length).toBeGreaterThan(0);
      expect(ticks.length).toBeLessThanOrEqual(most + 1);
      for (const { ms } of ticks) expect(ms >= from && ms <= to).toBe(true);
    }
  });

  test('a height is found again as the row and lane that stand there', () => {
    const places = placesOf([1, 3, 2], { tallest: 400, largest: 24 });
    places.rows.forEach(({ top, lane, lanes }, row) => {
      for (let at = 0; at < (lanes ?? 1); at++) expect(placeAt(places, top + (at + 0.5) * lane)).toEqual({ row, lane: at });
    });
  });
});

describe.each(browserNames)('in %s', (name) => {
  let browser, page, site;
  beforeAll(async () => {
    const runs = readFileSync(new URL('./timeline-runs.js', import.meta.url), 'utf8').replace("'heddle/trace'", "'/dist/trace.js'");
    site = await serve(`<!doctype html><html lang="en"><meta charset="utf-8"><title>threads</title><link rel="stylesheet" href="/dist/views/views.css">
      <main><h1>Threads</h1><h2>One run</h2><heddle-timeline></heddle-timeline><h2>Two runs</h2><heddle-compare></heddle-compare></main><script type="module">
      import { TraceModel } from '/dist/trace.js'; import '/dist/views/index.js'; import { variedRun, reduction } from '/runs.js';
      const modelOf = ([begin, ...rest]) => { const model = new TraceModel(begin); for (const message of rest) model.receive(message); return model; };
      const view = document.querySelector('heddle-timeline'), compare = document.querySelector('heddle-compare');
      window.seen = [];
      for (const type of ['heddle-select', 'heddle-seek']) document.addEventListener(type, (event) => window.seen.push([type, event.detail]));
      window.model = modelOf(variedRun()); view.show(window.model);
      compare.labels = ['serial', 'parallel']; compare.show([modelOf(reduction(1)), modelOf(reduction(2))]); window.result = true;</script>`, undefined, { '/runs.js': runs });
    browser = await launch(name);
    page = await browser.newPage();
    await page.goto(site.url);
    await page.waitForFunction('"result" in window');
    await page.waitForFunction(() => document.querySelector('heddle-timeline')?.textContent.includes('times as fast'));
  });
  afterAll(async () => {
    await browser?.close();
    site?.close();
  });

  test('bars are painted, the legend has what occurs, and the tables what is seen', async () => {
    const painted = await page.evaluate(() => [...document.querySelectorAll('heddle-timeline canvas')].some((canvas) =>
      canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data.some((byte) => byte > 0)));
    expect(painted).toBe(true);
    await page.evaluate(() => document.querySelectorAll('details').forEach((details) => (details.open = true)));
    await page.waitForFunction(() => document.querySelector('heddle-timeline table')?.textContent.includes('worker 2'));
    const text = await page.$eval('heddle-timeline', (view) => view.textContent);
    for (const word of ['worker 0', 'worker 2', 'failed', 'cancelled', 'asleep']) expect(text).toContain(word);
    expect(await page.$eval('heddle-compare', (view) => view.textContent)).toMatch(/parallel[\s\S]*times/);
    expect(await page.$$eval('heddle-timeline table, heddle-compare table', (tables) => tables.length)).toBeGreaterThanOrEqual(2);
  });

  test('bars are picked by keyboard, which says why they waited, and other moments by a click on the axis', async () => {
    await page.focus('heddle-timeline [tabindex="0"]');
    for (let press = 0; press < 3; press++) await page.keyboard.press('ArrowRight');
    await page.evaluate(() => document.querySelector('heddle-timeline').select(6));
    await page.waitForFunction(() => document.querySelector('heddle-timeline').textContent.includes('fit-6'));
    expect(await page.$eval('heddle-timeline', (view) => view.textContent)).toMatch(/waited/);
    await page.evaluate(() => {
      window.model.seek(400);
      document.querySelector('heddle-timeline').show(window.model);
    });
    await page.waitForFunction(() => [...document.querySelectorAll('heddle-timeline [aria-label]')].some((part) => part.getAttribute('aria-label').includes('400 ms')));
  });

  test('axe finds nothing', async () => {
    await page.evaluate(readFileSync(new URL('../../node_modules/axe-core/axe.min.js', import.meta.url), 'utf8'));
    const found = await page.evaluate(async () => (await globalThis.axe.run()).violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html.slice(0, 100)).join(' ')}`));
    expect(found).toEqual([]);
  });
});
