// The one-thread build under other hosts: any WASI runtime for the command, a handful of imports for the
// reactor that the package loads.
import { expect, test } from '@jest/globals';
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const file = (path) => fileURLToPath(new URL(`../../${path}`, import.meta.url));

test('the command runs add(inc(1), inc(2)) under node:wasi, prints 5 and exits with 0', () => {
  const program = `
    const { WASI } = require('node:wasi');
    const wasi = new WASI({ version: 'preview1', returnOnExit: true });
    const module = new WebAssembly.Module(require('node:fs').readFileSync(process.argv[1]));
    process.exitCode = wasi.start(new WebAssembly.Instance(module, wasi.getImportObject()));`;
  expect(execFileSync(process.execPath, ['--no-warnings', '-e', program, file('build/wasi/heddle-command.wasm')], { encoding: 'utf8' })).toBe('5\n');
});

test('the reactor asks its host for nothing but WASI, has no threads and no shared memory', () => {
  const module = new WebAssembly.Module(readFileSync(file('dist/core/heddle-serial.wasm')));
  for (const { module: from } of WebAssembly.Module.imports(module)) expect(from).toBe('wasi_snapshot_preview1');
  const names = WebAssembly.Module.exports(module).map(({ name }) => name);
  expect(names).toEqual(expect.arrayContaining(['memory', '_initialize', 'hdw_graph_seal', 'hdw_walk_next', 'hdw_run_serial']));
  expect(names.filter((name) => /worker|pool/.test(name))).toEqual([]);
});

test('the reactor runs a graph of C tasks by itself, with a clock that stands still', () => {
  const module = new WebAssembly.Module(readFileSync(file('dist/core/heddle-serial.wasm')));
  const imports = { wasi_snapshot_preview1: Object.fromEntries(WebAssembly.Module.imports(module).map(({ name }) => [name, () => 0])) };
  const core = new WebAssembly.Instance(module, imports).exports;
  core._initialize();
  const before = core.hdw_live_bytes();

  //  0 <- 1 <- 2 ... each "1 + the sum of my arguments"; then sealed and run
  const count = 1000, graph = core.hdw_graph_create();
  expect(core.hdw_graph_add_kernel(graph)).toBe(0);
  const batch = core.hdw_alloc(32 + (count + 1) * 4 * 4);
  const words = new Uint32Array(core.memory.buffer);
  const [functions, offsets, args, outputs] = [0, 1, 2, 3].map((array) => batch + 32 + array * (count + 1) * 4);
  for (let task = 0; task < count; task++) {
    words[functions / 4 + task] = 0;
    words[offsets / 4 + task] = Math.max(0, task - 1);
    if (task > 0) words[args / 4 + task - 1] = task - 1;
  }
  words[offsets / 4 + count] = count - 1;
  words[outputs / 4] = count - 1;
  words.set([count, 0, functions, offsets, args, 0, 0, 0], batch / 4);
  expect(core.hdw_graph_add_batch(graph, batch)).toBe(0);
  expect(core.hdw_graph_seal(graph, outputs, 1, 0, 0)).toBe(0);
  expect(core.hdw_graph_task_count(graph)).toBe(count);
  expect(core.hdw_run_serial(graph)).toBe(0);
  core.hdw_free(batch);
  core.hdw_graph_destroy(graph);
  expect(core.hdw_live_bytes()).toBe(before);
});
