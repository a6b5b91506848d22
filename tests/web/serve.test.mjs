// The server behind `npm start`.
import { afterEach, describe, expect, test } from '@jest/globals';
import { spawn, spawnSync } from 'node:child_process';
import http from 'node:http';
import net from 'node:net';
import { fileURLToPath } from 'node:url';
import { serve } from '../../web/serve.mjs';

const script = fileURLToPath(new URL('../../web/serve.mjs', import.meta.url));
const servers = [];
afterEach(() => Promise.all(servers.splice(0).map(({ close }) => close())));

async function served(options) {
  const server = await serve(options);
  servers.push(server);
  return server;
}

/** A plain request: fetch would tidy the path up and refuse some headers. */
const ask = (url, { path = '/', method = 'GET', headers = {} } = {}) => new Promise((resolve, reject) => {
  http.request(new URL(url), { path, method, headers }, (response) => {
    let text = '';
    response.setEncoding('utf8').on('data', (part) => (text += part)).on('end', () => resolve({ status: response.statusCode, headers: response.headers, text }));
  }).on('error', reject).end();
});

describe('serve', () => {
  test('gives the page and its parts with the headers that isolate it', async () => {
    const { url } = await served();
    for (const [path, type] of [['/', 'text/html'], ['/page.js', 'text/javascript'], ['/heddle/core/heddle.wasm', 'application/wasm'], ['/missing', 'text/plain']]) {
      const { headers, status } = await ask(url, { path });
      expect(status).toBe(path === '/missing' ? 404 : 200);
      expect(headers).toMatchObject({ 'cross-origin-opener-policy': 'same-origin', 'cross-origin-embedder-policy': 'require-corp',
        'content-security-policy': "frame-src 'self'", 'x-content-type-options': 'nosniff' });
      expect(headers['content-type']).toContain(type);
    }
  });

  test('listens on this machine only', async () => {
    const { url } = await served();
    expect(new URL(url).hostname).toBe('127.0.0.1');
  });

  test.each(['/../package.json', '/..%2fpackage.json', '/%2e%2e/%2e%2e/package.json', '/heddle/..%5c..%5cpackage.json'])('gives nothing outside its folder: %s', async (path) => {
    const { url } = await served();
    const { status, text } = await ask(url, { path });
    expect(status).toBe(404);
    expect(text).not.toContain('devDependencies');
  });

  test('refuses names of other sites, and other methods', async () => {
    const { url } = await served();
    expect((await ask(url, { headers: { Host: 'evil.example' } })).status).toBe(421);
    expect((await ask(url, { headers: { Host: 'localhost:1' } })).status).toBe(200);
    expect((await ask(url, { method: 'POST' })).status).toBe(405);
  });

  test('takes a free port if the wanted one is taken', async () => {
    const { url } = await served();
    const port = Number(new URL(url).port);
    const second = await served({ port });
    expect(new URL(second.url).port).not.toBe(String(port));
  });

  test.each([[{ port: 70_000 }, /a port is a whole number/], [{ port: 1.5 }, /a port is a whole number/], [{ dir: '/nowhere' }, /no folder \/nowhere.*npm run build/]])(
    '%j is refused', async (options, message) => {
      await expect(serve(options)).rejects.toMatchObject({ name: 'ServeError', message: expect.stringMatching(message) });
    });
});

describe('the command', () => {
  const run = (...args) => spawnSync(process.execPath, [script, ...args], { encoding: 'utf8', timeout: 20_000 });

  test('--help says what there is', () => {
    const { status, stdout } = run('--help');
    expect(status).toBe(0);
    for (const option of ['--port', '--open', '--no-isolation', '--dir']) expect(stdout).toContain(option);
  });

  test.each([[['--prot', '1'], /Unknown option '--prot'.*--help/], [['--port', 'x'], /--port takes a whole number/], [['--dir', '/nowhere'], /npm run build/]])(
    '%j ends with 1 and a sentence', (args, message) => {
      const { status, stderr } = run(...args);
      expect(status).toBe(1);
      expect(stderr).toMatch(message);
      expect(stderr).not.toContain('    at ');
    });

  test('prints the address, says when the port was taken, and ends on SIGTERM', async () => {
    const blocker = net.createServer().listen(0, '127.0.0.1');
    await new Promise((resolve) => blocker.once('listening', resolve));
    const { port } = blocker.address();
    const child = spawn(process.execPath, [script, '--port', String(port)]);
    let out = '';
    await new Promise((resolve) => child.stdout.on('data', (part) => /Ctrl\+C/.test(out += part) && resolve()));
    expect(out).toContain(`Port ${port} is taken`);
    const url = /http:\S+/.exec(out)[0];
    expect((await ask(url)).status).toBe(200);
    child.kill('SIGTERM');
    expect(await new Promise((resolve) => child.once('exit', resolve))).toBe(0);
    blocker.close();
  });
});
