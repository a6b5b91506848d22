// How soon a page has its first result from threads: JSON lines, one a browser and a way. Run by bench.mjs.
import http from 'node:http';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const { values: wanted } = parseArgs({ options: { repeat: { type: 'string', default: '7' }, help: { type: 'boolean', short: 'h' } } });
if (wanted.help) {
  console.log(`usage: node tests/bench/start.mjs [--repeat N]
Prints {"browser":…,"way":…,"ms":…,"repeat":…} a line: the median of N (7). The ways:
  navigation  from the start of navigation to a small page that imports the package, to the first result of
              2 workers; a browser context of its own each time, so nothing is cached
  click       in the playground, from the click on Parallel (2 workers) to the result of three small tasks`);
  process.exit();
}
const repeat = Number(wanted.repeat);
const { browserNames, executable, launch, paste } = await import('../web/pages.mjs');
const { serve } = await import('../../web/serve.mjs');

const dir = fileURLToPath(new URL('../../build/site', import.meta.url));
const first = `<!doctype html><meta charset="utf-8"><title>start</title><script type="module">
import { delayed } from './heddle/heddle.js';
const inc = delayed((x) => x + 1), add = delayed((x, y) => x + y);
const result = await add(inc(1), inc(2)).compute({ scheduler: 'threads', workers: 2 });
window.result = { result, ms: performance.now() };
</script>`;
const program = "import { delayed } from 'heddle';\nconst inc = delayed((x) => x + 1), add = delayed((x, y) => x + y);\nawait add(inc(1), inc(2)).compute();";

function median(numbers) {
  return numbers.sort((a, b) => a - b)[numbers.length >> 1];
}

/** The site, and one page more. */
async function serveWith(html) {
  const site = await serve({ dir });
  const server = http.createServer(async (request, response) => {
    const answer = await fetch(new URL(request.url, site.url));
    for (const [name, value] of answer.headers) if (name !== 'content-length' && name !== 'content-encoding') response.setHeader(name, value);
    if (request.url === '/start') return void response.writeHead(200, { 'Content-Type': 'text/html' }).end(html);
    response.writeHead(answer.status).end(Buffer.from(await answer.arrayBuffer()));
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { url: `http://127.0.0.1:${server.address().port}/start`, site: site.url, close: () => Promise.all([site.close(), server.close()]) };
}

async function navigation(browser, { url }) {
  const context = await browser.createBrowserContext();
  const page = await context.newPage();
  try {
    await page.goto(url);
    await page.waitForFunction('window.result', { timeout: 20_000 });
    const { result, ms } = await page.evaluate('window.result');
    if (result !== 5) throw new Error(`the result was ${result}`);
    return ms;
  } finally {
    await context.close();
  }
}

async function click(browser, { site }) {
  const page = await browser.newPage();
  try {
    await page.goto(site);
    await page.waitForSelector('#parallel:not([disabled])');
    await new Promise((resume) => setTimeout(resume, 1000)); /* as a reader would, at the least */
    await paste(page, program);
    return await page.evaluate(async () => {
      document.getElementById('workers').value = '2';
      const column = document.getElementById('run-parallel');
      const start = performance.now();
      document.getElementById('parallel').click();
      while (column.dataset.state !== 'done') await new Promise((resume) => requestAnimationFrame(resume));
      return performance.now() - start;
    });
  } finally {
    await page.close();
  }
}

const server = await serveWith(first);
for (const name of browserNames) {
  if (!existsSync(executable(name))) {
    console.log(JSON.stringify({ browser: name, missing: `${executable(name)} is not there` }));
    continue;
  }
  const browser = await launch(name);
  try {
    for (const [way, run] of Object.entries({ navigation, click })) {
      await run(browser, server); /* the browser's own first time */
      const times = [];
      for (let round = 0; round < repeat; round++) times.push(await run(browser, server));
      console.log(JSON.stringify({ browser: await browser.version(), way, ms: Math.round(median(times)), repeat }));
    }
  } finally {
    await browser.close();
  }
}
await server.close();
process.exit();
