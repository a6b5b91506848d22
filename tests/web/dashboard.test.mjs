// The page that a script serves with `dashboard: true`, in a real browser.
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { launch, resultOf, serve } from './pages.mjs';

const root = fileURLToPath(new URL('../..', import.meta.url));
const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

/* Two runs: the second one's tasks go on when the standard input says so. */
const program = `import { compute, config, delayed } from 'heddle';
config.dashboard = true;
let go;
const told = new Promise((resolve) => (go = resolve));
const inc = delayed(async function inc(x) { await told; return x + 1; });
const add = delayed(function add(x, y) { return x + y; });
await compute(add(1, 2), { scheduler: 'sync' });
process.stdin.once('data', () => { go(); process.stdin.destroy(); });
await compute(add(inc(1), inc(2)), { scheduler: 'sync' });`;

let browser;
beforeAll(async () => (browser = await launch('chromium')));
afterAll(() => browser?.close());

describe('the dashboard', () => {
  test('shows a run while it goes on, and keeps it when the script has ended', async () => {
    const child = spawn(process.execPath, ['--input-type=module', '-e', program], { cwd: root });
    try {
      let said = '';
      const url = await new Promise((resolve, reject) => {
        child.stderr.on('data', (part) => /token=\S+\n/.test(said += part) && resolve(/http\S+/.exec(said)[0]));
        child.once('exit', () => reject(new Error(said)));
      });
      const page = await browser.newPage(), wrong = [];
      page.on('console', (message) => ['error', 'warning'].includes(message.type()) && wrong.push(message.text())).on('pageerror', (error) => wrong.push(error.message));
      await page.setViewport({ width: 390, height: 844 });
      await page.goto(url);
      const texts = () => page.$eval('#run', (select) => Array.from(select.options, ({ text }) => text));
      await page.waitForFunction("document.querySelectorAll('#view .hd-node[data-state=running], #view [data-state=running]').length > 0");
      expect(await texts()).toEqual([expect.stringMatching(/^2: \d tasks, running$/), expect.stringMatching(/^1: 1 task, done in /)]);
      expect(await page.$eval('#status', ({ textContent }) => textContent)).toBe('Connected');
      expect(await page.evaluate('document.documentElement.scrollWidth <= innerWidth')).toBe(true);
      await page.evaluate(axe); /* views have tests of their own */
      expect((await page.evaluate("axe.run({ exclude: ['#view'] })")).violations.map(({ id, nodes }) => [id, nodes.map(({ html }) => html)])).toEqual([]);

      /* Holding the run and letting it go on again. */
      for (const pressed of ['true', 'false']) {
        const answer = page.waitForResponse((response) => response.url().endsWith('/gate'));
        await page.click('.hd-gate button');
        expect((await answer).status()).toBe(204);
        expect(await page.$eval('.hd-gate button', (button) => button.getAttribute('aria-pressed'))).toBe(pressed);
      }

      child.stdin.write('go\n');
      await page.waitForFunction("document.getElementById('status').dataset.state === 'over'");
      await page.waitForFunction("document.title.endsWith('done')");
      expect((await texts())[0]).toMatch(/^2: \d tasks, done in /);
      await page.select('#run', '1'); /* what it has it shows without the script */
      await page.waitForFunction("/^1 task; 1 done/.test(document.querySelector('#view [role=img]')?.getAttribute('aria-label')?.replace('Task graph: ', '') ?? '')");
      expect(await page.$eval('#follow', ({ checked }) => checked)).toBe(false);
      expect(wrong).toEqual([]);
      await page.close();
    } finally {
      child.kill();
    }
  });

  test('is refused in a page, where there is no server', async () => {
    const { url, close } = await serve(`<script type="module">
      import { compute, config, delayed } from '/dist/heddle.js';
      config.dashboard = true;
      window.result = compute(delayed((x) => x)(1)).catch(({ name, code, message }) => ({ name, code, message }));
    </script>`);
    try {
      expect(await resultOf(browser, url)).toMatchObject({ name: 'UnsupportedError', code: 'UNSUPPORTED', message: expect.stringContaining('Node.js') });
    } finally {
      close();
    }
  });
});
