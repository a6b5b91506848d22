// `npm start`: serves the built page on this machine, with the headers that threads in a page need.
import http from 'node:http';
import { spawn } from 'node:child_process';
import { existsSync, realpathSync, statSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import sirv from 'sirv';

const defaultPort = 8420;
const defaultDir = fileURLToPath(new URL('../build/site', import.meta.url));

const help = `Serves the Heddle playground to browsers on this machine.

  npm start -- [options]        or: node web/serve.mjs [options]

  --port N         the port, 0 for any free one (default ${defaultPort}; another one if it is taken)
  --dir FOLDER     the folder to serve (default build/site)
  --open           open the page in the default browser
  --no-isolation   leave out the headers that make the page cross-origin isolated:
                   it then runs programs serially, on one thread
  --help           show this text
`;

const isolationHeaders = {
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Embedder-Policy': 'require-corp',
};

const headers = {
  'Cross-Origin-Resource-Policy': 'same-origin',
  'Content-Security-Policy': "frame-src 'self'",
  'X-Content-Type-Options': 'nosniff',
  'Cache-Control': 'no-cache',
};

/** What is wrong with how the server was called. */
export class ServeError extends Error {
  /**
   * @param {'OptionError' | 'FolderError'} code
   * @param {string} message
   */
  constructor(code, message) {
    super(message);
    this.name = 'ServeError';
    this.code = code;
  }
}

/**
 * Serves a folder on 127.0.0.1. A port that is taken is replaced by a free one.
 * @param {object} [options]
 * @param {string} [options.dir] default build/site
 * @param {number} [options.port] 0 to 65535; 0, the default, takes any free port
 * @param {boolean} [options.isolation] false leaves out the headers of cross-origin isolation
 * @returns {Promise<{ url: string, close(): Promise<void> }>}
 * @throws {ServeError}
 * @example const { url, close } = await serve({ dir: 'build/site' });
 */
export async function serve({ dir = defaultDir, port = 0, isolation = true } = {}) {
  if (!Number.isInteger(port) || port < 0 || port > 65535) {
    throw new ServeError('OptionError', `a port is a whole number from 0 to 65535, but got ${port}.`);
  }
  if (!existsSync(dir) || !statSync(dir).isDirectory()) {
    throw new ServeError('FolderError', `there is no folder ${dir}. \`npm run build\` makes build/site.`);
  }
  const files = sirv(dir, { dev: true, etag: true });
  const all = Object.entries(isolation ? { ...isolationHeaders, ...headers } : headers);
  const server = http.createServer((request, response) => {
    for (const [name, value] of all) response.setHeader(name, value);
    // Another site can point a name of its own at 127.0.0.1; its requests carry that name.
    if (!isLocal(request.headers.host)) return refuse(response, 421, 'Ask for localhost or 127.0.0.1.');
    if (request.method !== 'GET' && request.method !== 'HEAD') return refuse(response, 405, 'Only GET and HEAD.');
    files(request, response, () => refuse(response, 404, 'There is no such file.'));
  });
  const taken = await listen(server, port);
  return {
    url: `http://127.0.0.1:${taken}/`,
    close: () => new Promise((resolve) => {
      server.close(() => resolve());
      server.closeAllConnections();
    }),
  };
}

/** @param {string | undefined} host */
function isLocal(host) {
  return /^(localhost|127\.0\.0\.1|\[::1\])(:\d+)?$/i.test(host ?? '');
}

/**
 * @param {http.ServerResponse} response
 * @param {number} status
 * @param {string} text
 */
function refuse(response, status, text) {
  if (status === 405) response.setHeader('Allow', 'GET, HEAD');
  response.writeHead(status, { 'Content-Type': 'text/plain; charset=utf-8' }).end(`${text}\n`);
}

/**
 * @param {http.Server} server
 * @param {number} port
 * @returns {Promise<number>} the port it listens on
 */
function listen(server, port) {
  return new Promise((resolve, reject) => {
    server.on('error', (error) => {
      const { code } = /** @type {NodeJS.ErrnoException} */ (error);
      if (code === 'EADDRINUSE' && port !== 0) server.listen((port = 0), '127.0.0.1');
      else if (code === 'EACCES') reject(new ServeError('OptionError', `port ${port} is not ours to use: take one from 1024.`));
      else reject(error);
    });
    server.on('listening', () => resolve(/** @type {import('node:net').AddressInfo} */ (server.address()).port));
    server.listen(port, '127.0.0.1');
  });
}

/** @param {string} url */
function openBrowser(url) {
  /** @type {Partial<Record<NodeJS.Platform, string[]>>} */
  const commands = { darwin: ['open', url], win32: ['cmd', '/c', 'start', '', url] };
  const [command, ...args] = commands[process.platform] ?? ['xdg-open', url];
  const failed = () => console.log(`Could not open a browser: open ${url} yourself.`);
  const child = spawn(command, args, { stdio: 'ignore', detached: true });
  child.once('error', failed);
  child.once('exit', (code) => code && failed());
  child.unref();
}

/** @param {string[]} args */
function optionsOf(args) {
  try {
    const { values } = parseArgs({
      args,
      options: {
        port: { type: 'string' },
        dir: { type: 'string' },
        open: { type: 'boolean' },
        'no-isolation': { type: 'boolean' },
        help: { type: 'boolean', short: 'h' },
      },
    });
    if (values.port !== undefined && !/^\d+$/.test(values.port)) {
      throw new Error(`--port takes a whole number from 0 to 65535, but got ${values.port || 'nothing'}.`);
    }
    return values;
  } catch (error) {
    const [reason] = /** @type {Error} */ (error).message.split('. To specify');
    throw new ServeError('OptionError', `${reason.replace(/\.?$/, '.')} --help lists the options.`);
  }
}

/** @param {string[]} args */
async function main(args) {
  const options = optionsOf(args);
  if (options.help) return void process.stdout.write(help);
  const port = options.port === undefined ? defaultPort : Number(options.port);
  const isolation = !options['no-isolation'];
  const { url, close } = await serve({ dir: options.dir, port, isolation });
  if (port !== 0 && new URL(url).port !== String(port)) console.log(`Port ${port} is taken, so another one is used.`);
  console.log(`Heddle is at ${url}${isolation ? '' : ' (without isolation: programs run serially)'}  Ctrl+C ends it.`);
  if (options.open) openBrowser(url);
  for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, close);
}

if (process.argv[1] && realpathSync(process.argv[1]) === fileURLToPath(import.meta.url)) {
  main(process.argv.slice(2)).catch((error) => {
    console.error(error instanceof ServeError ? `serve: ${error.message}` : error);
    process.exitCode = 1;
  });
}
