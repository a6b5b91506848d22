// The playground in real browsers: programs run in both modes and are watched; Stop; nothing gets out.
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import http from 'node:http';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { serve } from '../../web/serve.mjs';
import { browserNames, launch, paste } from './pages.mjs';

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

/** The programs of the menu that end by themselves, and what they give. */
const lesson = { delayed: '5', loop: '44', 'loop-flow': '90', compute: '3199999920000000' };
const more = ['word-count', 'tree', 'pi', 'graph'];

describe.each(browserNames)('the playground in %s', (name) => {
  /** @type {import('puppeteer-core').Browser} */ let browser;
  /** @type {Awaited<ReturnType<typeof serve>>} */ let server;
  /** @type {import('puppeteer-core').Page} */ let page;
  /** @type {string[]} What went wrong in pages. */ let complaints;
  beforeAll(async () => {
    browser = await launch(name);
    server = await serve();
  });
  afterAll(async () => {
    await browser?.close();
    await server?.close();
  });
  afterEach(async () => {
    await page?.close();
    expect(complaints).toEqual([]);
  });

  async function open(url = server.url) {
    complaints = [];
    page = await browser.newPage();
    page.on('pageerror', (error) => complaints.push(error.message));
    await page.setViewport({ width: 1280, height: 900 });
    await page.goto(url);
    await page.waitForSelector('#serial:not([disabled])');
  }

  const choose = (id) => page.select('#menu', id);
  const click = (id) => page.evaluate((button) => document.getElementById(button).click(), id);
  const columnOf = { serial: 'run-serial', parallel: 'run-parallel' };
  const until = (state, mode, timeout = 30_000) =>
    page.waitForSelector(`#${columnOf[mode]}[data-state="${state}"]`, { timeout });

  /** What a column says: its facts by name, and what was printed. */
  const told = (mode) => page.evaluate((id) => [document.getElementById(id)].map((column) => ({
    state: column.dataset.state,
    ...Object.fromEntries([...column.querySelectorAll('dl > div')].map((fact) => [fact.querySelector('dt').textContent, fact.querySelector('dd').textContent])),
    printed: [...column.querySelectorAll('.printed li')].map((line) => line.textContent),
    failure: column.querySelector('.failure')?.textContent,
  }))[0], columnOf[mode]);
  const seconds = (text) => (text.endsWith(' ms') ? parseFloat(text) / 1000 : parseFloat(text));

  /** Runs what is in the editor and gives what its column says in the end. */
  async function run(mode, state = 'done') {
    await click(mode);
    await until(state, mode);
    return told(mode);
  }

  /** The states that the graph shows: how many circles and boxes of each. */
  const shown = () => page.$eval('heddle-graph', (graph) => {
    const counts = { calls: {}, results: {} };
    for (const node of graph.querySelectorAll('.hd-picture [data-state]')) {
      const kind = node.matches('.hd-call') ? 'calls' : node.matches('.hd-result') ? 'results' : undefined;
      if (kind) counts[kind][node.dataset.state] = (counts[kind][node.dataset.state] ?? 0) + 1;
    }
    return counts;
  });
  const nextFrame = () => page.evaluate(() => new Promise((resume) => requestAnimationFrame(() => setTimeout(resume, 50))));

  test('opens isolated, from this machine alone', async () => {
    complaints = [];
    page = await browser.newPage();
    const requests = [];
    page.on('request', (request) => requests.push(request.url()));
    await page.goto(server.url);
    await page.waitForSelector('#parallel:not([disabled])');
    expect(await page.evaluate('crossOriginIsolated')).toBe(true);
    expect(await page.$eval('#platform', (line) => line.textContent)).toMatch(/^\d+ processors?; threads available$/);
    await paste(page, "import { delayed } from 'heddle';\nawait delayed((x) => x + 1)(1).compute();");
    expect(await run('parallel')).toMatchObject({ Result: '2' });
    expect(requests.length).toBeGreaterThan(5);
    expect(requests.filter((url) => !url.startsWith(server.url) && !/^(data|blob|about):/.test(url))).toEqual([]);
  });

  test.each(Object.entries(lesson))("the lesson's %s gives %s in both modes, sooner in parallel", async (id, result) => {
    await open();
    await choose(id);
    const serial = await run('serial');
    const parallel = await run('parallel');
    expect([serial.Result, parallel.Result]).toEqual([result, result]);
    expect(serial.Tasks).toBe(parallel.Tasks);
    if (id !== 'compute') expect(seconds(parallel['Wall time'])).toBeLessThan(seconds(serial['Wall time']) * 0.8); /* all but compute sleep */
    expect(await page.$eval('#comparison', (line) => line.textContent)).toMatch(/^Parallel took/);
    await nextFrame();
    expect(await page.$$eval('#compared:not([hidden]) heddle-compare h3', (sides) => sides.map((side) => side.textContent.split(':')[0]))).toEqual(['Serial', 'Parallel']);
    const { calls, results } = await shown();
    const tasks = Number(parallel.Tasks);
    expect(calls).toEqual(tasks === 1 ? { done: 1 } : { done: 1, released: tasks - 1 });
    expect(results).toEqual({ done: 1, released: tasks - 1 });
  }, 60_000);

  test.each(more)('%s gives the same in both modes', async (id) => {
    await open();
    await choose(id);
    const serial = await run('serial'), parallel = await run('parallel');
    expect(serial.Result ?? serial.printed).toEqual(parallel.Result ?? parallel.printed);
    expect(serial.Result).not.toBe('undefined');
  });

  test('while the loop runs its tasks are seen waiting, running, in memory and done, on their workers', async () => {
    await open();
    await choose('loop');
    await click('parallel');
    await page.waitForFunction(() => document.querySelectorAll('.hd-picture .hd-call[data-state="running"]').length === 2 &&
      document.querySelectorAll('.hd-picture .hd-result[data-state="done"]').length === 2, { timeout: 20_000 });
    const { calls } = await shown();
    expect(calls).toMatchObject({ running: 2, done: 2 });
    expect(calls.waiting + (calls.ready ?? 0)).toBe(5);
    expect(await page.$eval('.hd-picture', (svg) => svg.getAttribute('aria-label'))).toMatch(/9 tasks/);
    expect(await page.$eval('#progress-text', (text) => text.textContent)).toBe('2 of 9 tasks done');
    await until('done', 'parallel');
    expect(await page.$eval('#news', (line) => line.textContent)).toMatch(/Parallel run done in 4/);
  });

  test("a task's error is shown with its line in the editor", async () => {
    await open();
    await paste(page, "import { delayed } from 'heddle';\n\nconst bad = delayed(function bad(x) {\n  if (x > 2) throw new RangeError('too far: ' + x);\n  return x;\n});\nawait bad(3).compute();");
    for (const mode of ['serial', 'parallel']) {
      const { failure } = await run(mode, 'failed');
      expect(failure).toMatch(/^RangeError: too far: 3/);
      expect(failure).toMatch(/task bad \(bad-\d+\)/);
      expect(failure).toMatch(/line 4/);
    }
    await paste(page, "import { delayed } from 'heddle';\nconst half = (x) => {\n  return x / 2;\n};\nconst odd = delayed(function odd(x) {\n  half(x);\n  throw new Error('odd');\n}, { scope: { half } });\nawait odd(3).compute();");
    expect((await run('parallel', 'failed')).failure).toMatch(/line 7/);
    await choose('failure');
    expect((await run('parallel', 'failed')).failure).toBeTruthy();
  });

  test('what the program and its tasks print comes out', async () => {
    await open();
    await paste(page, "import { delayed } from 'heddle';\nconsole.log('before', { a: [1] });\nconst say = delayed((x) => { console.warn('task says', x); return x; });\nawait say(7).compute();");
    for (const mode of ['serial', 'parallel']) {
      await run(mode);
      await page.waitForFunction((id) => document.querySelectorAll(`#${id} .printed li`).length === 2, {}, columnOf[mode]);
      const { printed } = await told(mode);
      expect(printed[0]).toBe('before { a: [ 1 ] }');
      expect(printed[1]).toMatch(mode === 'serial' ? /task says 7$/ : /^warn, worker \d, task: task says 7$/);
    }
  });

  test('computeSync blocks the program, not the page', async () => {
    await open();
    await paste(page, "import { delayed, sleep } from 'heddle';\nconst slow = delayed((x) => { sleep(0.5); return x; });\nslow(slow(4)).computeSync();");
    await click('parallel');
    const gap = await page.evaluate(async () => {
      let longest = 0, last = performance.now();
      while (document.getElementById('run-parallel').dataset.state !== 'done') {
        await new Promise((resume) => setTimeout(resume));
        longest = Math.max(longest, performance.now() - last);
        last = performance.now();
      }
      return longest;
    });
    expect((await told('parallel')).Result).toBe('4');
    expect(gap).toBeLessThan(500); /* it was blocked for a second */
  });

  test.each(['while (true);', "import { delayed } from 'heddle';\nawait delayed(() => { for (;;); })().compute();"])(
    'Stop ends %j and the next run works, 50 times in all', async (endless) => {
      await open();
      for (let round = 0; round < 25; round++) {
        await paste(page, endless);
        await click('parallel');
        await page.waitForFunction(() => document.getElementById('stop').getAttribute('aria-disabled') === 'false');
        if (round % 5 === 0) await new Promise((resume) => setTimeout(resume, 300)); /* well into the loop, also */
        await click('stop');
        await until('stopped', 'parallel', 5000);
        await paste(page, `import { delayed } from 'heddle';\nawait delayed((x) => x + 1)(${round}).compute();`);
        expect((await run('parallel')).Result).toBe(String(round + 1));
      }
      expect(await page.$$eval('iframe', (frames) => frames.length)).toBeLessThan(3);
    }, 120_000);

  test.each([
    ['prints without end', "for (;;) console.log('x');"],
    ['has a task that prints without end', "import { delayed } from 'heddle';\nawait delayed(() => { for (;;) console.log('x'); })().compute();"],
    ['computes without end', "import { delayed } from 'heddle';\nconst inc = delayed((x) => x + 1);\nfor (;;) await inc(1).compute();"],
  ])('a program that %s does not keep Stop from working', async (_, endless) => {
    await open();
    await paste(page, endless);
    await click('parallel');
    await new Promise((resume) => setTimeout(resume, 1500));
    await click('stop');
    await until('stopped', 'parallel', 3000);
    await paste(page, '6 * 7');
    expect((await run('parallel')).Result).toBe('42');
  });

  test.each([
    ['junk', '({ type: "junk" })'],
    ['graphs', '({ type: "begin", run: run++, scheduler: "sync", workers: 1, graph: { count: 1e5, names: ["f"], keys: [], nameOf: new Uint32Array(1e5), offsets: new Uint32Array(1e5 + 1), inputs: new Uint32Array(0), outputs: new Uint32Array(0) } })'],
  ])('a program that floods the page with %s of its own is stopped, or can be', async (_, message) => {
    await open();
    await paste(page, `const port = globalThis[Symbol.for('heddle.port')];\nlet run = 1;\nfor (;;) port.postMessage(${message});`);
    await click('serial');
    await new Promise((resume) => setTimeout(resume, 3000));
    /* Chromium takes messages before timers and clicks; Firefox does not. */
    if ((await told('serial')).state === 'failed') expect((await told('serial')).failure).toMatch(/FloodError/);
    else {
      expect(name).toBe('firefox');
      await click('stop');
      await until('stopped', 'serial', 3000);
    }
    await paste(page, '6 * 7');
    expect((await run('parallel')).Result).toBe('42');
  });

  test.each([
    ["const e = new Error('x'); e.name = Object.create(null); throw e", /Error/],
    ["throw Object.defineProperty(new Error('x'), 'message', { get() { throw 1; } })", /Error/],
    ["throw Object.assign(new Error('odd'), { task: { key: 'a', name: '\\ud800', worker: -1 } })", /odd/],
    ['throw undefined', /threw undefined/],
    ["globalThis[Symbol.for('heddle.port')].postMessage({ type: 'finished', ms: 'long' }); await new Promise(() => {})", /cannot be told/],
  ])('%s ends the run', async (text, message) => {
    await open();
    await paste(page, text);
    expect((await run('serial', 'failed')).failure).toMatch(message);
  });

  test("the states of the run before are not taken for this run's", async () => {
    await open();
    await paste(page, "import { delayed } from 'heddle';\nawait delayed(() => 1)().compute();");
    await run('serial');
    await paste(page, 'await new Promise(() => {});');
    await click('serial');
    await until('running', 'serial');
    await nextFrame();
    expect(await page.$eval('#progress', (bar) => bar.dataset.state)).toBe('idle');
    expect(await page.$eval('#view', (view) => view.dataset.state)).toBe('past');
    await click('stop');
    await until('stopped', 'serial');
    expect((await told('serial')).Tasks).toBe('0');
  });

  test('a run is held before it begins, and each n starts one task', async () => {
    await open();
    await paste(page, "import { delayed } from 'heddle';\nconst inc = delayed((x) => x + 1), add = delayed((x, y) => x + y);\nawait add(inc(1), inc(2)).compute();");
    await click('held');
    await click('parallel');
    const done = (count) => page.waitForFunction((wanted) => document.getElementById('progress-text').textContent === wanted, { timeout: 10_000 }, `${count} of 3 tasks done`);
    await done(0);
    for (let count = 1; count <= 3; count++) {
      await page.focus(['#held', 'heddle-scrubber input', '#parallel'][count - 1]);
      await page.keyboard.press('n');
      await done(count);
    }
    await until('done', 'parallel');
    await page.$eval('.hd-gate button[aria-pressed=true]', (button) => button.click());
    expect(await page.$eval('#held', (box) => box.checked)).toBe(false);
    expect(await run('serial')).toMatchObject({ Result: '5' });
  });

  test('a run is saved and opened again; files that are no traces are refused, and change nothing', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'heddle-'));
    try {
      await open();
      await choose('word-count');
      await run('parallel');
      await nextFrame();
      await page.evaluate(() => {
        window.saved = [];
        HTMLAnchorElement.prototype.click = function () { window.saved.push([this.download, fetch(this.href).then((file) => file.arrayBuffer())]); };
      });
      for (const id of ['save-trace', 'save-chrome', 'save-picture']) {
        await click(id);
        await page.waitForFunction((ending) => window.saved.some(([file]) => file.endsWith(ending)), {}, { 'save-trace': '.heddle', 'save-chrome': '.json', 'save-picture': '.svg' }[id]);
      }
      const saved = await page.evaluate(() => Promise.all(window.saved.map(async ([file, bytes]) => [file, Array.from(new Uint8Array(await bytes))])));
      const files = Object.fromEntries(saved.map(([file, bytes]) => [file, Buffer.from(bytes)]));
      expect(Object.keys(files)).toEqual(['word-count-parallel.heddle', 'word-count-parallel.json', 'word-count-parallel.svg']);
      expect(JSON.parse(files['word-count-parallel.json']).traceEvents.length).toBeGreaterThan(3);
      const circles = await page.evaluate((text) => new DOMParser().parseFromString(text, 'image/svg+xml').querySelectorAll('circle').length, files['word-count-parallel.svg'].toString());
      expect(circles).toBeGreaterThan(3);
      const pictured = () => page.$eval('.hd-picture', (svg) => svg.getAttribute('aria-label'));
      const before = { label: await pictured(), states: await shown() };
      await page.close();
      await open();
      const write = (file, bytes) => writeFileSync(join(folder, file), bytes);
      const trace = files['word-count-parallel.heddle'], upload = async (file) => (await page.$('#trace-file')).uploadFile(join(folder, file));
      write('saved.heddle', trace);
      await upload('saved.heddle');
      await page.waitForFunction(() => document.querySelector('.hd-picture .hd-call[data-state]'));
      await nextFrame();
      expect({ label: await pictured(), states: await shown() }).toEqual(before);
      for (const [file, bytes] of [['text.heddle', 'hello'], ['cut.heddle', trace.subarray(0, trace.length / 2)], ['odd.heddle', Buffer.from(trace.map((byte, at) => (at > 40 ? byte ^ 85 : byte)))]]) {
        write(file, bytes);
        await upload(file);
        await page.waitForFunction((text) => document.getElementById('trace-error').textContent.startsWith(text), {}, `${file}: this is no trace that can be read`);
        expect(await pictured()).toBe(before.label);
      }
      await page.evaluate((bytes) => {
        const dataTransfer = new DataTransfer(), target = document.querySelector('.watch');
        dataTransfer.items.add(new File([new Uint8Array(bytes)], 'dropped.heddle'));
        target.dispatchEvent(new DragEvent('drop', { dataTransfer, bubbles: true, cancelable: true }));
      }, Array.from(trace));
      await page.waitForFunction(() => document.getElementById('trace-error').hidden && /^dropped/.test(document.getElementById('news').textContent));
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });

  test.each(['serial', 'parallel'])('the task that failed is shown as failed (%s)', async (mode) => {
    await open();
    await choose('failure');
    await run(mode, 'failed');
    await page.waitForFunction(() => document.querySelector('.hd-picture .hd-call[data-state="erred"]'), { timeout: 5000 });
    expect((await shown()).calls.erred).toBe(1);
  });

  test('the table of tasks says nothing of what comes after the moment shown', async () => {
    await open();
    await paste(page, "import { delayed, sleep } from 'heddle';\nconst nap = delayed((x) => { sleep(0.3); return x; });\nawait nap(nap(1)).compute();");
    await run('serial');
    await page.$eval('heddle-graph .hd-tasks', (details) => (details.open = true));
    const starts = () => page.$$eval('heddle-graph .hd-tasks tbody tr', (rows) => rows.map((row) => row.cells[3].textContent).filter(Boolean).length);
    await page.waitForFunction(() => [...document.querySelectorAll('heddle-graph .hd-tasks tbody tr')].filter((row) => row.cells[3].textContent).length === 2);
    await page.$eval('heddle-run', (view) => view.dispatchEvent(new CustomEvent('heddle-seek', { detail: { atMs: 150 } })));
    await page.waitForFunction(() => document.querySelector('heddle-graph .hd-tasks tbody').textContent.includes('running'));
    expect(await starts()).toBe(1);
  });

  test('the table of tasks says which run in one go', async () => {
    await open();
    await paste(page, "import { delayed } from 'heddle';\nconst step = (key) => delayed((x) => x + 1, { key });\nconst add = delayed((x, y) => x + y, { key: 'add' });\nawait add(step('c')(step('b')(step('a')(0))), step('d')(0)).compute();");
    expect(await run('parallel')).toMatchObject({ Result: '4' });
    await page.$eval('heddle-graph .hd-tasks', (details) => (details.open = true));
    await page.waitForSelector('heddle-graph .hd-tasks tbody tr');
    const cells = await page.$$eval('heddle-graph .hd-tasks tr', (rows) => rows.map((row) => [row.firstChild.textContent, row.lastChild.textContent]));
    expect(Object.fromEntries(cells)).toEqual({ Task: 'Fused with', add: '', a: 'b, c', b: 'a, c', c: 'a, b', d: '' });
  });

  test('several computations of one program count together', async () => {
    await open();
    await paste(page, "import { delayed } from 'heddle';\nconst inc = delayed((x) => x + 1);\nawait Promise.all([inc(inc(1)).compute(), inc(5).compute()]);\n(await inc(1).compute()) + 0;");
    expect(await run('parallel')).toMatchObject({ Result: '2', Tasks: '4' });
    await nextFrame();
    expect(await page.$eval('#progress-text', (text) => text.textContent)).toBe('4 of 4 tasks done');
    expect(await page.$$eval('#computation option', (options) => options.map((option) => option.textContent))).toEqual(['1: 2 tasks', '2: 1 task', '3: 1 task']);
    expect(Object.values((await shown()).calls)).toEqual([1]);
    await page.select('#computation', '1');
    await page.waitForFunction(() => document.querySelectorAll('.hd-picture .hd-call[data-state]').length === 2);
  });

  test('without isolation headers it says so, and runs serially', async () => {
    const plain = await serve({ isolation: false });
    try {
      await open(plain.url);
      expect(await page.evaluate('crossOriginIsolated')).toBe(false);
      expect(await page.$eval('#platform', (line) => line.textContent)).toMatch(/one thread.*not cross-origin isolated.*Cross-Origin-Opener-Policy/);
      expect(await page.$eval('#parallel', (button) => button.getAttribute('aria-disabled'))).toBe('true');
      await choose('delayed');
      expect(await run('serial')).toMatchObject({ Result: '5', Tasks: '3' });
    } finally {
      await plain.close();
    }
  });

  test('a program cannot reach the network, the page or its storage', async () => {
    const hits = [];
    const outside = http.createServer((request, response) => {
      hits.push(request.url);
      response.writeHead(200, { 'Access-Control-Allow-Origin': '*', 'Cross-Origin-Resource-Policy': 'cross-origin' }).end('x');
    });
    outside.on('upgrade', (request, socket) => {
      hits.push(`upgrade ${request.url}`);
      socket.destroy();
    });
    await new Promise((resolve) => outside.listen(0, '127.0.0.1', resolve));
    const to = `http://127.0.0.1:${outside.address().port}`;
    try {
      await open();
      await page.evaluate(() => localStorage.setItem('secret', '1'));
      /* In Firefox a worker that starts a worker hangs now and then, whatever that one is to do. */
      const nested = name === 'firefox' ? '' : `  attempt(() => new all.Worker(to + '/worker'));
  attempt(() => new all.Worker(all.URL.createObjectURL(new all.Blob(["fetch('" + to + "/blob').catch(() => {})"]))));
`;
      await paste(page, `import { delayed } from 'heddle';
const attempts = (to) => {
  const all = globalThis;
  const attempt = (run) => { try { run(); } catch { /* refused */ } };
  attempt(() => all.fetch(to + '/fetch').catch(() => {}));
  attempt(() => { const x = new all.XMLHttpRequest(); x.open('GET', to + '/xhr', false); x.send(); });
  attempt(() => new all.WebSocket(to.replace('http', 'ws') + '/socket'));
  attempt(() => new all.EventSource(to + '/events'));
  attempt(() => all.importScripts(to + '/scripts'));
${nested}  attempt(() => all.eval("import('" + to + "/import').catch(() => {})"));
  return ['RTCPeerConnection', 'document', 'localStorage', 'parent'].map((name) => typeof all[name]).join();
};
const task = delayed(attempts);
const here = attempts(${JSON.stringify(to)});
const there = await task(${JSON.stringify(to)}).compute();
await new Promise((resume) => setTimeout(resume, 1500));
[here, there].join(' ');`);
      expect((await run('parallel')).Result).toBe("'undefined,undefined,undefined,undefined undefined,undefined,undefined,undefined'");
      expect(hits).toEqual([]);
      expect(await page.$$eval('iframe', (frames) => frames.map((frame) => [frame.getAttribute('sandbox'), frame.getAttribute('allow')])))
        .toEqual(expect.arrayContaining([['allow-scripts', 'cross-origin-isolated']]));
      complaints = []; /* Firefox says what it has refused */
    } finally {
      outside.close();
    }
  });

  const themes = name === 'chromium' ? ['light', 'dark'] : ['light'];
  test.each(themes)('axe finds nothing, before, while and after a program runs (%s)', async (theme) => {
    await open();
    if (name === 'chromium') await page.emulateMediaFeatures([{ name: 'prefers-color-scheme', value: theme }, { name: 'prefers-reduced-motion', value: 'reduce' }]);
    await page.evaluate(axe);
    const violations = async () => {
      await nextFrame();
      return page.evaluate(async () => {
        /* A colour that is on its way to another has no contrast of its own. */
        await Promise.all(document.getAnimations().filter((one) => one instanceof CSSTransition).map(({ finished }) => finished.catch(() => {})));
        const { violations: found } = await globalThis.axe.run(document, { iframes: false });
        return found.map(({ id, nodes }) => `${id}: ${nodes.map(({ target }) => target.join(' ')).join(', ')}`);
      });
    };
    expect(await violations()).toEqual([]);
    await choose('delayed');
    await click('parallel');
    await page.waitForSelector('.hd-picture .hd-call[data-state="running"]', { timeout: 10_000 });
    expect(await violations()).toEqual([]);
    await until('done', 'parallel');
    expect(await violations()).toEqual([]);
    await paste(page, 'null.x');
    await run('serial', 'failed');
    expect(await violations()).toEqual([]);
  });

  test('everything is done by keyboard', async () => {
    await open();
    await paste(page, "import { delayed } from 'heddle';\nawait delayed((x) => x * 2)(21).compute();");
    await page.focus('.cm-content');
    await page.keyboard.down('Control');
    await page.keyboard.press('Enter');
    await page.keyboard.up('Control');
    await until('done', 'parallel');
    expect((await told('parallel')).Result).toBe('42');
    await page.keyboard.press('Escape');
    await page.keyboard.press('Tab');
    expect(await page.evaluate(() => document.activeElement?.id)).toBe('serial');
    await page.keyboard.press('Enter');
    await until('done', 'serial');
  });
});
