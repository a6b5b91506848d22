// `npm run test:native`: the native core and its C tests, plain and under the sanitizers, and the
// installed library used from outside. Each build has its own folder in build/.
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
/* The newest clang whose sanitizers are installed, as wasm/setup.sh looks for them. */
const clang = ['clang-19', 'clang-18', 'clang-17', 'clang-16', 'clang-15', 'clang-14', 'clang'].find((name) =>
  spawnSync(name, ['-x', 'c', '-fsanitize=thread', '-', '-o', '/dev/null'], { input: 'int main(void) { return 0; }' }).status === 0);
if (!clang) {
  console.error('no clang here has its sanitizers: npm run setup installs one.');
  process.exit(1);
}
const builds = [
  { name: 'native', about: 'as released', options: [] },
  { name: 'asan', about: 'address and undefined-behaviour sanitizers', options: [`-DCMAKE_C_COMPILER=${clang}`, '-DHEDDLE_SANITIZE=address,undefined'] },
  { name: 'tsan', about: 'thread sanitizer', options: [`-DCMAKE_C_COMPILER=${clang}`, '-DHEDDLE_SANITIZE=thread'] },
];

function run(command, args, options = {}) {
  const { status, stdout, stderr } = spawnSync(command, args, { cwd: root, encoding: 'utf8', ...options });
  if (status !== 0) {
    console.error(`${[command, ...args].join(' ')}\n${stdout}${stderr}`);
    process.exit(1);
  }
  return stdout;
}

for (const { name, about, options } of builds) {
  const start = performance.now();
  const folder = `build/${name}`;
  run('cmake', ['-S', '.', '-B', folder, '-G', 'Ninja', ...options]);
  run('cmake', ['--build', folder]);
  console.log(`\n${name}: ${about}`);
  const { status } = spawnSync('ctest', ['--test-dir', folder, '--output-on-failure', '--no-tests=error', '-j', '2'],
    { cwd: root, stdio: 'inherit', env: { ...process.env, TSAN_OPTIONS: 'halt_on_error=1', UBSAN_OPTIONS: 'halt_on_error=1:print_stacktrace=1' } });
  if (status !== 0) process.exit(1);
  console.log(`${name}: ${((performance.now() - start) / 1000).toFixed(0)} s`);
}

// The library as its users get it: installed, found by pkg-config, used by a program outside the tree.
const prefix = mkdtempSync(join(tmpdir(), 'heddle-'));
try {
  run('cmake', ['--install', 'build/native', '--prefix', prefix]);
  const env = { ...process.env, PKG_CONFIG_PATH: execFileSync('find', [prefix, '-name', 'pkgconfig'], { encoding: 'utf8' }).trim() };
  const flags = run('pkg-config', ['--cflags', '--libs', 'heddle'], { env }).trim().split(/\s+/);
  const libdir = run('pkg-config', ['--variable=libdir', 'heddle'], { env }).trim();
  run('cc', ['-Wall', '-Wextra', '-Werror', 'examples/c/01-delayed.c', ...flags, `-Wl,-rpath,${libdir}`, '-o', join(prefix, 'program')]);
  const printed = run(join(prefix, 'program'), []);
  if (printed !== 'serial: 5\nthreads: 5\n') throw new Error(`the installed library printed ${printed}`);
  console.log('\ninstalled: a program outside the tree builds by pkg-config and prints 5');
} finally {
  rmSync(prefix, { recursive: true });
}
