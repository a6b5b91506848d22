/** The dashboard's server: the page, its parts, the stream of what runs do, and what the page asks of the gate. */
import { createServer } from 'node:http';
import { readFileSync, readdirSync } from 'node:fs';
import { HdError } from '../errors.js';
import { faultOf, headers, newToken } from './guard.js';
import { StoredRun } from './stored-run.js';
import { Viewer } from './viewer.js';

const types = /** @type {Record<string, string>} */ ({ html: 'text/html', js: 'text/javascript', css: 'text/css' });
const VIEWERS_MAX = 16, BODY_MAX = 1000;
/** So many runs are kept for pages that are opened later; of those that have ended only so many tasks together. */
const RUNS_MAX = 30, TASKS_MAX = 3_000_000;
/** Who waits for pages to be up to date waits so long at most. */
const FLUSH_MS = 500;

/** @param {URL} folder @returns {Map<string, { type: string, bytes: Buffer }>} the page's files */
function filesIn(folder) {
  try {
    return new Map(readdirSync(folder).filter((name) => /^[\w-]+\.(html|js|css)$/.test(name)).map((name) =>
      [name, { type: `${types[name.split('.')[1]]}; charset=utf-8`, bytes: readFileSync(new URL(name, folder)) }]));
  } catch (error) {
    throw new HdError('DASHBOARD', "the dashboard's page is not there: `npm run build` makes it.", { cause: error });
  }
}

export class DashboardServer {
  #server;
  #files;
  #token = newToken();
  #port = 0;
  /** @type {Map<number, StoredRun>} */ #runs = new Map();
  /** @type {Set<Viewer>} */ #viewers = new Set();
  #program;
  #gate;
  /** How the gate stood before a page set it; undefined: none has. @type {import('../gate.js').Gate['state'] | undefined} */ #before;

  /** @param {{ folder: URL, program: string, gate: import('../gate.js').Gate }} options `gate`: the program's, which pages may set */
  constructor({ folder, program, gate }) {
    this.#files = filesIn(folder);
    this.#program = program;
    this.#gate = gate;
    this.#server = createServer({ keepAliveTimeout: 5000, requestTimeout: 10_000 }, (request, response) => this.#answer(request, response));
    this.#server.maxConnections = 64;
  }

  /** @param {number} port @returns {Promise<string>} its address, with the token */
  listen(port) {
    return new Promise((resolve, reject) => {
      this.#server.once('error', (/** @type {NodeJS.ErrnoException} */ error) => reject(error.code === 'EADDRINUSE'
        ? new HdError('PORT_IN_USE', `port ${port} is taken, so that the dashboard cannot be there: choose another one, or 0 for any.`, { port })
        : new HdError('DASHBOARD', `the dashboard cannot listen on port ${port}: ${error.message}`, { port, cause: error })));
      this.#server.listen(port, '127.0.0.1', () => {
        this.#port = /** @type {import('node:net').AddressInfo} */ (this.#server.address()).port;
        resolve(`http://127.0.0.1:${this.#port}/?token=${this.#token}`);
      });
    });
  }

  /** @param {import('node:http').IncomingMessage} request @param {import('node:http').ServerResponse} response */
  #answer(request, response) {
    for (const [name, value] of Object.entries(headers)) response.setHeader(name, value);
    const url = URL.canParse(request.url ?? '', 'http://127.0.0.1') ? new URL(request.url ?? '', 'http://127.0.0.1') : new URL('http://127.0.0.1/404');
    const fault = faultOf(request, url, { port: this.#port, token: this.#token, files: this.#files });
    if (fault) return this.#refuse(response, fault);
    if (url.pathname === '/stream') return this.#stream(response);
    if (url.pathname === '/gate') return this.#wish(request, response);
    const file = this.#files.get(url.pathname.slice(1) || 'index.html');
    if (!file) return this.#refuse(response, { status: 404, text: 'There is no such file.' });
    response.writeHead(200, { 'Content-Type': file.type, 'Content-Length': file.bytes.length }).end(request.method === 'HEAD' ? undefined : file.bytes);
  }

  /** @param {import('node:http').ServerResponse} response @param {{ status: number, text: string, allow?: string }} fault */
  #refuse(response, { status, text, allow }) {
    response.writeHead(status, { 'Content-Type': 'text/plain; charset=utf-8', Connection: 'close', ...(allow ? { Allow: allow } : {}) }).end(`${text}\n`);
  }

  /** @param {import('node:http').ServerResponse} response */
  #stream(response) {
    if (this.#viewers.size >= VIEWERS_MAX) return this.#refuse(response, { status: 503, text: 'Too many pages look already.' });
    response.useChunkedEncodingByDefault = false; /* its end is that of the connection: also when the process just ends */
    response.writeHead(200, { 'Content-Type': 'application/octet-stream', Connection: 'close' });
    response.flushHeaders();
    const viewer = new Viewer(response, this.#runs, this.#hello());
    this.#viewers.add(viewer);
    response.on('close', () => {
      this.#viewers.delete(viewer);
      if (!this.#viewers.size) this.#restore();
    });
  }

  /** Who held the run has gone: the gate is again as the program had it. */
  #restore() {
    const before = this.#before, { how } = this.#gate.state;
    this.#before = undefined;
    if (!before || how === 'open') return;
    if (before.how === 'shut') this.#gate.pause();
    else if (before.rate !== undefined) this.#gate.setRate(before.rate);
    else if (before.tokens !== undefined) this.#gate.setTokens(before.tokens);
    else this.#gate.resume();
  }

  /** @param {import('node:http').IncomingMessage} request @param {import('node:http').ServerResponse} response */
  #wish(request, response) {
    let text = '';
    request.setEncoding('utf8').on('data', (part) => {
      text += part;
      if (text.length > BODY_MAX) request.destroy();
    }).on('end', () => {
      try {
        this.#set(JSON.parse(text));
        response.writeHead(204).end();
        for (const viewer of this.#viewers) viewer.tell(this.#hello());
      } catch {
        this.#refuse(response, { status: 400, text: 'That is no wish of a gate.' });
      }
    });
  }

  /** @param {import('../watch.js').WatchMessage} message */
  receive(message) {
    if (message.type === 'begin') this.#runs.set(message.run, new StoredRun(message));
    else this.#runs.get(message.run)?.receive(message);
    if (message.type === 'begin') this.#forget();
    for (const viewer of this.#viewers) viewer.wake(message.type === 'end');
  }

  /** What pages are told of the program, and of how its gate stands. */
  #hello() {
    return { type: 'hello', program: this.#program, gate: this.#gate.state };
  }

  /** @param {{ how: unknown, count: any }} wish of a page @throws if it is none */
  #set({ how, count }) {
    if (!this.#viewers.size) throw new TypeError('nobody looks who could open it again');
    const before = this.#gate.state;
    if (how === 'pause') this.#gate.pause();
    else if (how === 'resume' || (how === 'rate' && count === null)) this.#gate.resume();
    else if (how === 'step') this.#gate.step(count);
    else if (how === 'rate') this.#gate.setRate(count);
    else throw new TypeError('a gate cannot do that');
    this.#before ??= before;
  }

  /** Old runs make room for new ones. */
  #forget() {
    let tasks = [...this.#runs.values()].reduce((sum, run) => sum + run.tasks, 0), { size } = this.#runs;
    for (const [number, run] of this.#runs) {
      if (size <= 1 || (size <= RUNS_MAX && tasks <= TASKS_MAX)) return;
      if (!run.over) continue;
      this.#runs.delete(number);
      tasks -= run.tasks;
      size--;
    }
  }

  /** Resolves when all pages have all that there is, or do not take it. */
  async flushed() {
    const until = performance.now() + FLUSH_MS;
    while ([...this.#viewers].some((viewer) => !viewer.closed && !viewer.upToDate) && performance.now() < until) await new Promise((resume) => setTimeout(resume, 5));
  }
}
