// Pages for tests: a static server on loopback, with or without the headers that isolate a page, and
// real browsers.
import http from 'node:http';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import puppeteer from 'puppeteer-core';
import sirv from 'sirv';

const root = fileURLToPath(new URL('../..', import.meta.url));

const isolation = {
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Embedder-Policy': 'require-corp',
};

/**
 * Serves the repository's built package under /dist/ and one page at /.
 * @param {string} html the page
 * @param {Record<string, string>} [headers]
 * @param {Record<string, string>} [scripts] by their paths
 */
export async function serve(html, headers = isolation, scripts = {}) {
  const files = sirv(`${root}dist`, { dev: true });
  const server = http.createServer((request, response) => {
    for (const [name, value] of Object.entries(headers)) response.setHeader(name, value);
    if (request.url === '/') return void response.setHeader('Content-Type', 'text/html; charset=utf-8').end(html);
    const script = scripts[request.url ?? ''];
    if (script !== undefined) return void response.setHeader('Content-Type', 'text/javascript').end(script);
    if (!request.url?.startsWith('/dist/')) return void response.writeHead(404).end();
    request.url = request.url.slice('/dist'.length);
    files(request, response, () => response.writeHead(404).end());
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve(undefined)));
  return { url: `http://127.0.0.1:${server.address().port}/`, close: () => server.close() };
}

const browsers = {
  chromium: { browser: 'chrome', executablePath: '/usr/bin/chromium', args: ['--no-sandbox', '--disable-dev-shm-usage', '--disable-background-networking'] },
  firefox: { browser: 'firefox', executablePath: '/usr/bin/firefox-esr', args: [] },
};

export const browserNames = Object.keys(browsers);

/** Where a browser's program lies. @param {string} name */
export const executable = (name) => browsers[name].executablePath;

/** @param {string} name */
export async function launch(name) {
  const executablePath = executable(name);
  if (!existsSync(executablePath)) throw new Error(`${executablePath} is missing: npm run setup -- --web installs it`);
  return puppeteer.launch({ ...browsers[name], headless: true });
}

/**
 * Opens a page and gives what it leaves in `window.result`, which may be a promise.
 * @param {import('puppeteer-core').Browser} browser
 * @param {string} url
 */
export async function resultOf(browser, url) {
  const page = await browser.newPage();
  try {
    await page.goto(url);
    await page.waitForFunction('"result" in window', { timeout: 30_000 });
    return await page.evaluate('window.result');
  } finally {
    await page.close();
  }
}

/**
 * Puts a text into the playground's editor, as pasting does.
 * @param {import('puppeteer-core').Page} page
 * @param {string} text
 */
export async function paste(page, text) {
  await page.focus('.cm-content');
  await page.evaluate(async (pasted) => {
    const content = /** @type {HTMLElement} */ (document.querySelector('.cm-content'));
    getSelection()?.selectAllChildren(content);
    await new Promise((resume) => requestAnimationFrame(() => setTimeout(resume, 50)));
    const clipboardData = new DataTransfer();
    clipboardData.setData('text/plain', pasted);
    const event = new ClipboardEvent('paste', { clipboardData, bubbles: true, cancelable: true });
    /* Firefox gives the event an empty clipboard. */
    if (!event.clipboardData?.getData('text/plain')) Object.defineProperty(event, 'clipboardData', { value: { getData: () => pasted } });
    content.dispatchEvent(event);
  }, text);
}
