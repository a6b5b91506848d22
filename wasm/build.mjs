// `npm run build`: all that the package and the tests need. The native core, the WebAssembly cores, and
// the JavaScript, into build/ and dist/. With nothing changed it takes a second or two.
import { execFileSync } from 'node:child_process';
import { chmodSync, copyFileSync, existsSync, mkdirSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { build } from 'esbuild';

const { values: wanted } = parseArgs({
  options: {
    native: { type: 'boolean' }, wasm: { type: 'boolean' }, page: { type: 'boolean' }, bench: { type: 'boolean' }, help: { type: 'boolean', short: 'h' },
    emcc: { type: 'string' }, out: { type: 'string', default: 'dist' },
  },
});
if (wanted.help) {
  console.log(`usage: npm run build [-- OPTIONS]
Builds the native core, the package in dist/ and the page in build/site; all by default.
  --native      only the native core
  --wasm        only the package
  --page        only the package and the page
  --bench       with the benchmark of the core (tests/bench/core.c)
  --emcc PATH   with this Emscripten instead of the one on the PATH
  --out FOLDER  the package goes here instead of into dist/`);
  process.exit();
}
const all = !wanted.native && !wanted.wasm && !wanted.page;
const say = (what) => console.log(`build: ${what}`);
const root = fileURLToPath(new URL('..', import.meta.url));
const path = (...parts) => join(root, ...parts);
const { version } = JSON.parse(readFileSync(path('package.json'), 'utf8'));
/* Debian's Emscripten looks for its JavaScript parser where Debian's Node would. */
const threads = wanted.emcc ? 'threads-other' : 'threads';
const emcmake = wanted.emcc ? join(dirname(wanted.emcc), 'emcmake') : 'emcmake';
const dist = (...parts) => path(wanted.out, ...parts);
const env = { ...process.env, NODE_PATH: [process.env.NODE_PATH, '/usr/share/nodejs'].filter(Boolean).join(':') };

function run(command, ...args) {
  try {
    execFileSync(command, args, { cwd: root, env, stdio: ['ignore', 'pipe', 'pipe'], encoding: 'utf8' });
  } catch (error) {
    console.error(`${[command, ...args].join(' ')}\n${error.stdout ?? ''}${error.stderr ?? ''}`);
    console.error(error.code === 'ENOENT' ? `${command} is missing: npm run setup installs it.` : 'The build failed.');
    process.exit(1);
  }
}

function cmake(directory, configure) {
  if (!existsSync(path('build', directory, 'build.ninja'))) run(...configure, '-S', '.', '-B', `build/${directory}`, '-G', 'Ninja');
  run('cmake', '--build', `build/${directory}`);
  if (wanted.bench && directory !== 'wasi') run('cmake', '--build', `build/${directory}`, '--target', 'bench-core');
}

/** Writes a file only if its text is new, so that nothing that depends on it is built again. */
function writeIfNew(file, text) {
  if (!existsSync(file) || readFileSync(file, 'utf8') !== text) writeFileSync(file, text);
}

if (all || wanted.native) {
  say('the native core');
  cmake('native', ['cmake']);
}

if (all || wanted.wasm || wanted.page) {
  say('the WebAssembly cores and the package');
  cmake('wasi', ['cmake', '-DCMAKE_TOOLCHAIN_FILE=wasm/toolchain-wasi.cmake']);

  mkdirSync(path('build', threads), { recursive: true });
  const options = { bundle: true, write: false, logLevel: 'warning', target: 'es2022', define: { __HEDDLE_VERSION__: JSON.stringify(version) } };
  const worker = await build({ ...options, entryPoints: [path('wasm/js/worker/main.js')], format: 'iife', minify: true, keepNames: true /* errors are known by their class */ });
  /* Bundlers that see "import(" in a worker's script make a module of it, which it must not be. */
  writeIfNew(path('build', threads, 'worker.js'), worker.outputFiles[0].text);
  cmake(threads, [emcmake, 'cmake']);

  mkdirSync(dist('core'), { recursive: true });
  for (const file of ['heddle.js', 'heddle.wasm', 'heddle.worker.js'])
    if (existsSync(path('build', threads, file))) copyFileSync(path('build', threads, file), dist('core', file));
  copyFileSync(path('build/wasi/heddle-serial.wasm'), dist('core/heddle-serial.wasm'));
  /* Workers read this where they cannot make it of text: functions/module-export.js. */
  writeIfNew(dist('core/import.js'), "globalThis[Symbol.for('heddle.import')] = (url) => import(url);\n");
  writeFileSync(dist('core/package.json'), '{ "type": "commonjs" }\n');

  const esm = {
    ...options, format: 'esm', outdir: dist(), platform: 'neutral', mainFields: ['module', 'main'], external: ['node:*'],
    metafile: true, minify: true, keepNames: true, sourcemap: 'linked',
  };
  const library = await build({
    ...esm, splitting: true, chunkNames: 'chunk-[hash]',
    entryPoints: { heddle: path('wasm/js/index.js'), host: path('wasm/js/program/host.js'), trace: path('wasm/js/trace/index.js'), layout: path('wasm/js/layout/index.js'), diagnostics: path('wasm/js/diagnostics/index.js'), 'dashboard-host': path('wasm/js/dashboard/host.js'), 'blocking-host': path('wasm/js/schedulers/blocking-host.js') },
  });
  const command = await build({ ...esm, entryPoints: { cli: path('wasm/js/cli/main.js') } }); /* by itself: pages load none of it */
  const files = [...library.outputFiles, ...command.outputFiles];
  const fresh = new Set(files.map((file) => file.path));
  for (const file of readdirSync(dist()))
    if (/\.js(\.map)?$/.test(file) && !fresh.has(dist(file))) rmSync(dist(file));
  for (const file of files) writeIfNew(file.path, file.text);
  chmodSync(dist('cli.js'), 0o755);
  writeFileSync(dist('THIRD-PARTY.md'), notices(library.metafile, worker));

  const newest = newestChange(path('wasm/js'));
  if (!existsSync(dist('types/index.d.ts')) || statSync(dist('types/index.d.ts')).mtimeMs < newest)
    run('npx', 'tsc', '-p', 'wasm/js', '--outDir', dist('types'));
}

if ((all || wanted.page) && wanted.out === 'dist') {
  say('the page');
  run(process.execPath, 'web/build.mjs');
}

function newestChange(directory) {
  return Math.max(...readdirSync(directory, { recursive: true }).map((file) => statSync(join(directory, file)).mtimeMs));
}

/** The licences of what is bundled, which ask to be passed on. */
function notices(metafile) {
  const names = new Set(['devalue']);
  for (const input of Object.keys(metafile.inputs)) {
    const name = /node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(input)?.[1];
    if (name) names.add(name);
  }
  const texts = [...names].sort().map((name) => {
    const folder = path('node_modules', name);
    const file = readdirSync(folder).find((entry) => /^licen[cs]e/i.test(entry));
    return `## ${name}\n\n${file ? readFileSync(join(folder, file), 'utf8').trim() : JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')).license}\n`;
  });
  return `# Software in this package by others\n\n${texts.join('\n')}`;
}
