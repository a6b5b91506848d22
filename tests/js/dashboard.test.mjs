// `dashboard: true`: a server on this machine, for whoever has the address, that shows what computations do.
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import http from 'node:http';
import net from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { Gate, HdError, OptionError, Runtime, compute, config, delayed, sleep } from 'heddle';
import { Dashboard, Recorder } from 'heddle/diagnostics';
import { TraceModel, isTraceMessage } from 'heddle/trace';
import { frameOf } from '../../wasm/js/dashboard/frame.js';
import { Frames } from '../../web/dashboard/frames.js';
import { Runs } from '../../web/dashboard/runs.js';
import { rejection } from './ways.mjs';

const root = fileURLToPath(new URL('../..', import.meta.url));
const inc = delayed(function inc(x) {
  sleep(0.02);
  return x + 1;
});
const add = delayed(function add(...xs) {
  return xs.length;
});
const sum = (count) => add(...Array.from({ length: count }, (_, x) => inc(x)));

/** @type {Dashboard | undefined} */ let dashboard;
let printed = '';
const { write } = process.stderr;
beforeEach(() => {
  printed = '';
  process.stderr.write = (text, ...rest) => (String(text).startsWith('heddle: dashboard') ? Boolean(printed += text) : write.call(process.stderr, text, ...rest));
});
const cleanups = [];
afterEach(async () => {
  for (const clean of cleanups.splice(0)) await clean();
  config.dashboard = config.gate = undefined;
  await dashboard?.close();
  dashboard = undefined;
  process.stderr.write = write;
});
const sleepMs = (ms) => new Promise((resume) => setTimeout(resume, ms));
const start = (wish) => (dashboard = Dashboard.start(wish));

const partsOf = (url) => ({ host: new URL(url).host, port: Number(new URL(url).port), token: new URL(url).searchParams.get('token') });
/** A plain request: fetch would tidy the path up and refuse some headers. */
const ask = (url, { path = '/', method = 'GET', headers = {}, body } = {}) => new Promise((resolve, reject) => {
  const request = http.request({ host: '127.0.0.1', port: partsOf(url).port, path, method, headers, agent: false }, (response) => {
    const done = (text) => resolve({ status: response.statusCode, headers: response.headers, text });
    if (response.headers['content-type'] === 'application/octet-stream') return void (done(''), response.destroy());
    let text = '';
    response.setEncoding('utf8').on('data', (part) => (text += part)).on('end', () => done(text));
  });
  request.on('error', reject).end(body);
});
const bearer = (url) => ({ Authorization: `Bearer ${partsOf(url).token}` });

/** What a page sees: models by run, and all messages. */
async function look(url) {
  const request = http.request({ host: '127.0.0.1', port: partsOf(url).port, path: '/stream', headers: bearer(url), agent: false }).end();
  const response = await new Promise((resolve, reject) => request.on('response', resolve).on('error', reject));
  const page = { messages: [], models: new Map(), over: false, response, close: () => response.destroy() }, frames = new Frames(), counts = new Map(), waiting = new Set();
  cleanups.push(page.close);
  response.on('error', () => {}).on('close', () => (page.over = true, waiting.forEach((look) => look())));
  response.on('data', (chunk) => {
    for (const message of frames.read(chunk)) {
      page.messages.push(message);
      if (message.type === 'hello') continue;
      expect(isTraceMessage(message, counts)).toBe(true);
      if (message.type === 'begin') page.models.set(message.run, new TraceModel(message));
      else page.models.get(message.run).receive(message);
    }
    waiting.forEach((look) => look());
  });
  page.until = (is) => new Promise((resolve) => {
    const look = () => is(page) && waiting.delete(look) | resolve(page);
    waiting.add(look);
    look();
  });
  return page;
}
const ended = (count) => ({ models }) => [...models.values()].filter(({ outcome }) => outcome !== null).length >= count;

describe('the server', () => {
  test('is one, on this machine, and says once where it is', () => {
    const { url } = start();
    expect(url).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/\?token=[\w-]{32}$/);
    expect(Dashboard.start({ port: 1 }).url).toBe(url);
    expect(printed).toBe(`heddle: dashboard at ${url}\n`);
  });

  test('gives the page and its parts, which may load nothing from elsewhere', async () => {
    const { url } = start(), { token } = partsOf(url);
    for (const [path, type] of [[`/?token=${token}`, 'text/html'], ['/dashboard.js', 'text/javascript'], ['/dashboard.css', 'text/css'], ['/layout-worker.js', 'text/javascript']]) {
      const { status, headers, text } = await ask(url, { path });
      expect(status).toBe(200);
      expect(headers['content-type']).toContain(type);
      expect(headers).toMatchObject({ 'content-security-policy': expect.stringMatching(/^default-src 'none'; script-src 'self';.*frame-ancestors 'none'$/),
        'x-content-type-options': 'nosniff', 'cross-origin-opener-policy': 'same-origin', 'referrer-policy': 'no-referrer', 'cache-control': 'no-store' });
      expect(headers).not.toHaveProperty('access-control-allow-origin');
      expect(text.length).toBeGreaterThan(100);
      expect(await ask(url, { path, method: 'HEAD' })).toMatchObject({ status: 200, text: '' });
    }
  });

  test('tells nothing without the token', async () => {
    const { url } = start(), { token } = partsOf(url), other = token.replace(/./g, (sign) => (sign === 'a' ? 'b' : 'a'));
    for (const path of ['/', '/?token=', `/?token=${other}`, `/?token=${token}x`, `/?token=${token.slice(1)}`, '/index.html']) {
      const { status, text } = await ask(url, { path });
      expect([403, 404]).toContain(status);
      expect(text).not.toContain('<html');
    }
    for (const [path, method] of [['/stream', 'GET'], ['/gate', 'POST'], [`/stream?token=${token}`, 'GET']])
      for (const headers of [{}, { Authorization: `Bearer ${other}` }, { Authorization: token }, { Authorization: 'Bearer ' }])
        expect((await ask(url, { path, method, headers, body: method === 'POST' ? '{"how":"pause"}' : undefined })).status).toBe(403);
    expect((await ask(url, { path: '/stream', headers: bearer(url) })).status).toBe(200);
  });

  test('refuses other names, other sites and other methods, also with the token', async () => {
    const { url } = start(), { port, token, host } = partsOf(url), path = `/?token=${token}`;
    for (const Host of ['evil.example', `evil.example:${port}`, `localhost:${port + 1}`, '127.0.0.1', `127.0.0.1.evil.example:${port}`])
      expect((await ask(url, { path, headers: { Host } })).status).toBe(421);
    expect((await ask(url, { path, headers: { Host: `localhost:${port}` } })).status).toBe(200);
    for (const Origin of ['http://evil.example', 'null', `https://${host}`, 'http://127.0.0.1']) {
      expect((await ask(url, { path, headers: { Origin } })).status).toBe(403);
      expect((await ask(url, { path: '/gate', method: 'POST', headers: { Origin, ...bearer(url) }, body: '{"how":"pause"}' })).status).toBe(403);
    }
    expect((await ask(url, { path: '/stream', headers: { 'Sec-Fetch-Site': 'cross-site', ...bearer(url) } })).status).toBe(403);
    expect((await ask(url, { path: '/stream', headers: { 'Sec-Fetch-Site': 'same-origin', Origin: `http://${host}`, ...bearer(url) } })).status).toBe(200);
    for (const [way, method, allow] of [[path, 'POST', 'GET, HEAD'], ['/stream', 'POST', 'GET'], ['/gate', 'GET', 'POST'], ['/dashboard.js', 'DELETE', 'GET, HEAD'], ['/gate', 'OPTIONS', 'POST']])
      expect(await ask(url, { path: way, method, headers: bearer(url) })).toMatchObject({ status: 405, headers: { allow } });
  });

  test.each(['/../package.json', '/..%2fheddle.js', '/%2e%2e/heddle.js', '/dashboard/../../heddle.js', '/..%5cheddle.js', '//etc/passwd', '/constructor', '/%00', '*'])(
    'gives nothing outside its folder: %s', async (path) => {
      const { url } = start();
      expect((await ask(url, { path, headers: bearer(url) })).status).toBe(404);
    });

  test('ends with close, and another can start', async () => {
    const first = start().url;
    await dashboard.close();
    await expect(ask(first)).rejects.toThrow(/ECONNREFUSED/);
    expect(start().url).not.toBe(first);
  });
});

describe('a page', () => {
  test.each([['sync', { scheduler: 'sync' }], ['threads', { scheduler: 'threads', workers: 2 }]])('sees a run as it is, with %s', async (_, options) => {
    const recorder = new Recorder(), { url } = start(), page = await look(url);
    await recorder.watch(() => compute(sum(8), options));
    await page.until(ended(1));
    const [model] = page.models.values(), { last } = recorder;
    expect(model).toMatchObject({ outcome: 'done', count: 9, scheduler: options.scheduler });
    expect(model.graph.keys).toEqual(last.graph.keys);
    for (const column of ['states', 'startMs', 'elapsedMs', 'attempts']) expect(Array.from(model.record[column])).toEqual(Array.from(last.record[column]));
    expect(page.messages.filter(({ type }) => type === 'batch').length).toBeGreaterThan(0);
    expect(page.messages[0]).toMatchObject({ type: 'hello', gate: { how: 'open' } });
  });

  test('that is opened late gets the runs so far', async () => {
    const { url } = start();
    for (const count of [2, 3]) await compute(sum(count), { scheduler: 'sync' });
    await rejection(compute(delayed(function fail() { throw new Error('no'); })(), { scheduler: 'sync' }));
    const page = await (await look(url)).until(ended(3));
    expect([...page.models.values()].map(({ count, outcome }) => [count, outcome])).toEqual([[3, 'done'], [4, 'done'], [1, 'failed']]);
  });

  test('that takes nothing costs nothing: later it gets how things stand, not all that has happened', async () => {
    const { url } = start(), slow = await look(url), quick = await look(url), plain = delayed((x) => x);
    slow.response.pause();
    const runs = 80;
    for (let run = 0; run < runs; run++) await compute(Array.from({ length: 8000 }, (_, x) => plain(x)), { scheduler: 'threads', workers: 2 });
    await quick.until(({ models }) => [...models.values()].at(-1)?.outcome === 'done' && models.size > 30);
    slow.response.resume();
    const last = Math.max(...quick.models.keys());
    await slow.until(({ models }) => models.get(last)?.outcome === 'done');
    expect(slow.models.size).toBeLessThan(runs - 10);
    expect(Array.from(slow.models.get(last).counts)).toEqual(Array.from(quick.models.get(last).counts));
  });

  test('sees annotations as far as JSON carries them', async () => {
    const { annotate } = await import('heddle');
    const circle = { deep: {} };
    circle.deep.again = circle;
    const { url } = start(), page = await look(url);
    await compute(annotate({ stage: 'load', big: 5n }, () => inc(1)), { scheduler: 'sync' });
    await compute(annotate({ circle }, () => inc(1)), { scheduler: 'sync' });
    await page.until(ended(2));
    const [first, second] = page.models.values();
    expect(first.graph.annotations).toEqual([{ stage: 'load', big: '5' }]);
    expect(second.graph.annotations).toBeUndefined();
  });
});

describe('the gate', () => {
  const wish = (url, how, count) => ask(url, { path: '/gate', method: 'POST', headers: bearer(url), body: JSON.stringify({ how, count }) });

  test.each([['sync', { scheduler: 'sync' }], ['threads', { scheduler: 'threads', workers: 2 }]])('holds, steps and opens computations, with %s', async (_, options) => {
    const { url } = start(), page = await look(url);
    expect((await wish(url, 'pause')).status).toBe(204);
    const result = compute(sum(4), options);
    expect((await wish(url, 'step', 1)).status).toBe(204);
    await page.until(({ models }) => [...models.values()].some(({ counts }) => counts[3] + counts[6] === 1));
    expect(page.messages.findLast(({ type }) => type === 'hello').gate).toEqual({ how: 'shut' });
    expect((await wish(url, 'resume')).status).toBe(204);
    expect(await result).toBe(4);
  });

  test('opens when the last page that could open it has gone', async () => {
    const { url } = start(), page = await look(url);
    await wish(url, 'pause');
    const result = compute(sum(2), { scheduler: 'sync' });
    page.close();
    expect(await result).toBe(2);
  });

  test('is the program\'s own, if it has one', async () => {
    const gate = (config.gate = new Gate()), { url } = start();
    await look(url);
    await wish(url, 'rate', 5);
    expect(gate.state).toEqual({ how: 'rate', rate: 5 });
    await wish(url, 'rate', null);
    expect(gate.state).toEqual({ how: 'open' });
    await dashboard.close();
    expect(config.gate).toBe(gate);
  });

  test('of the program is again as the program had it when the last page has gone', async () => {
    const gate = (config.gate = new Gate({ paused: true })), { url } = start(), page = await look(url);
    const result = compute(sum(2), { scheduler: 'threads', workers: 2 });
    expect((await wish(url, 'rate', 0.01)).status).toBe(204);
    page.close();
    for (const end = performance.now() + 5000; gate.state.how !== 'shut' && performance.now() < end; ) await sleepMs(5);
    expect(gate.state).toEqual({ how: 'shut' });
    gate.resume();
    expect(await result).toBe(2);
  });

  test('is not shut by somebody who does not look', async () => {
    const { url } = start();
    expect((await wish(url, 'pause')).status).toBe(400);
    expect(config.gate.state).toEqual({ how: 'open' });
  });

  test.each(['', 'x', 'null', '{"how":"jump"}', '{"how":"step","count":-1}', '{"how":"rate","count":1e99}', '[]'])('takes no %j', async (body) => {
    const { url } = start();
    expect((await ask(url, { path: '/gate', method: 'POST', headers: bearer(url), body })).status).toBe(400);
    expect(config.gate.state).toEqual({ how: 'open' });
  });

  test('reads no long body', async () => {
    const { url } = start();
    await expect(ask(url, { path: '/gate', method: 'POST', headers: bearer(url), body: `{"how":"pause"}${' '.repeat(100_000)}` })).rejects.toThrow();
    expect(config.gate.state).toEqual({ how: 'open' });
  });
});

describe('what cannot be is said', () => {
  test.each([['yes'], [{ port: -1 }], [{ port: 70_000 }], [{ open: 1 }], [{ prot: 1 }]])('%j is no wish', async (wish) => {
    expect(() => Dashboard.start(wish)).toThrow(OptionError);
    expect(await rejection(Runtime.start({ dashboard: wish }))).toMatchObject({ code: 'OPTION', option: 'dashboard' });
    config.dashboard = wish;
    expect(await rejection(compute(inc(1), { scheduler: 'sync' }))).toBeInstanceOf(OptionError);
  });

  test('a port that is taken', async () => {
    const blocker = net.createServer().listen(0, '127.0.0.1');
    await new Promise((resolve) => blocker.once('listening', resolve));
    cleanups.push(() => blocker.close());
    const { port } = blocker.address();
    const error = await rejection(Runtime.start({ dashboard: { port } }));
    expect(error).toBeInstanceOf(HdError);
    expect(error).toMatchObject({ code: 'PORT_IN_USE', port, message: expect.stringContaining(`port ${port} is taken`) });
    config.dashboard = { port };
    expect(await rejection(compute(inc(1), { scheduler: 'sync' }))).toMatchObject({ code: 'PORT_IN_USE' });
  });
});

test('a run of which something comes that cannot be is not shown, and the others are', () => {
  const runs = new Runs(), graph = { count: 1, names: ['a'], nameOf: new Uint32Array(1), keys: ['a'], offsets: new Uint32Array(2), inputs: new Uint32Array(0), outputs: Uint32Array.of(0) };
  const begin = { type: 'begin', run: 1, scheduler: 'sync', workers: 1, graph };
  expect(runs.receive(begin).run).toBe(1);
  expect(runs.receive({ ...begin, run: 2, graph: { ...graph, names: ['n'.repeat(2000)] } })).toBe(undefined);
  expect(runs.receive({ type: 'batch', run: 1, atMs: 'soon' }).outcome).toBe('cancelled');
  expect(runs.receive({ type: 'end', run: 1, atMs: 5, outcome: 'done' })).toBe(undefined);
  expect(runs.receive({ ...begin, run: 3 }).run).toBe(3);
  expect(runs.refused).toBe(2);
});

test('frames are read whatever pieces they come in', () => {
  const message = { type: 'x', text: 'é', deep: { empty: new Uint8Array(0), times: Float64Array.of(NaN, 1.5), list: [1, null] }, words: Uint16Array.of(1, 2, 3), none: undefined };
  const bytes = Buffer.concat([frameOf(message), frameOf({ type: 'y' }), frameOf(message)]);
  for (const size of [1, 3, 7, 64, bytes.length]) {
    const frames = new Frames(), read = [];
    for (let at = 0; at < bytes.length; at += size) read.push(...frames.read(bytes.subarray(at, at + size)));
    const { none, ...same } = message;
    expect(read).toEqual([same, { type: 'y' }, same]);
  }
  expect(() => [...new Frames().read(new Uint8Array(8).fill(255))]).toThrow(RangeError);
});

describe('a script', () => {
  /** Runs one; `look` is given the address as soon as it is printed. */
  async function run(source, look, env = process.env) {
    const child = spawn(process.execPath, ['--input-type=module', '-e', `import { Runtime, compute, computeSync, config, delayed, sleep } from 'heddle';
      const inc = delayed((x) => { sleep(0.05); return x + 1; }); ${source}`], { cwd: root, env, stdio: ['pipe', 'pipe', 'pipe'] });
    cleanups.push(() => child.kill());
    const out = { stdout: '', stderr: '' };
    for (const name of ['stdout', 'stderr']) child[name].setEncoding('utf8').on('data', (part) => (out[name] += part));
    const exit = new Promise((resolve) => child.once('exit', resolve));
    const address = new Promise((resolve) => child.stderr.on('data', () => /token=\S+\n/.test(out.stderr) && resolve(/http\S+/.exec(out.stderr)[0])));
    const seen = look && (await look(await Promise.race([address, exit.then(() => Promise.reject(new Error(out.stderr)))]), child));
    return { status: await exit, ...out, seen };
  }
  const go = 'await new Promise((go) => process.stdin.once("data", go)); process.stdin.pause();';

  test.each([
    ['with config.dashboard', 'config.dashboard = true; console.log(await inc(4).compute());'],
    ['with a Runtime', 'const runtime = await Runtime.start({ workers: 1, dashboard: true }); console.log(await inc(4).compute({ runtime }));'],
    ['that computes nothing', 'await Runtime.start({ workers: 1, dashboard: true }); console.log(5);'],
    ['whose thread is blocked', "config.dashboard = true; console.log(inc(4).computeSync({ scheduler: 'sync' }));"],
  ])('ends by itself, %s', async (_, source) => {
    const { status, stdout, stderr } = await run(source);
    expect({ status, stdout }).toEqual({ status: 0, stdout: '5\n' });
    expect(stderr).toMatch(/^heddle: dashboard at http:\/\/127\.0\.0\.1:\d+\/\?token=[\w-]+\n$/);
  });

  test('opens a browser on request', async () => {
    const folder = mkdtempSync(path.join(tmpdir(), 'heddle-open-'));
    cleanups.push(() => rmSync(folder, { recursive: true, force: true }));
    writeFileSync(path.join(folder, 'xdg-open'), '#!/bin/sh\necho "$1" > "$OPENED.part" && mv "$OPENED.part" "$OPENED"\n', { mode: 0o755 });
    const opened = path.join(folder, 'opened');
    const { status, stderr } = await run(`import { existsSync } from 'node:fs'; await Runtime.start({ workers: 1, dashboard: { open: true } });
      while (!existsSync(process.env.OPENED)) await new Promise((go) => setTimeout(go, 10));`, undefined, { ...process.env, PATH: `${folder}:${process.env.PATH}`, OPENED: opened });
    expect(status).toBe(0);
    expect(stderr).toContain(readFileSync(opened, 'utf8'));
  });

  test.each([['threads', 'await compute([1, 2, 3, 4].map(inc));'], ['sync, and blocks', "computeSync([1, 2, 3, 4].map(inc), { scheduler: 'sync' });"]])(
    'ends by itself while a page looks, which sees the last of it: %s', async (_, source) => {
      const { status, seen } = await run(`await Runtime.start({ workers: 2, dashboard: true }); ${go} ${source}`, async (url, child) => {
        const page = await look(url);
        child.stdin.write('go\n');
        return page.until(({ over }) => over);
      });
      expect(status).toBe(0);
      expect([...seen.models.values()]).toMatchObject([{ outcome: 'done', count: 4 }]);
      expect(Array.from(seen.models.values().next().value.states)).toEqual([3, 3, 3, 3]);
    });
});
