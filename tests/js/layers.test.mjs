import { afterAll, describe, expect, test } from '@jest/globals';
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { lint, rules } from '../lint/layers.mjs';

const repository = fileURLToPath(new URL('../..', import.meta.url));
const program = path.join(repository, 'tests/lint/layers.mjs');
const room = mkdtempSync(path.join(tmpdir(), 'layers-'));
afterAll(() => rmSync(room, { recursive: true }));

/** Writes a small tree and gives its root. */
function plant(files) {
  const root = mkdtempSync(path.join(room, 'tree-'));
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(path.dirname(path.join(root, name)), { recursive: true });
    writeFileSync(path.join(root, name), text);
  }
  return root;
}

const found = (findings) => findings.map(({ file, line, id }) => `${file}:${line} ${id}`).sort();

/** Trees that break one rule, each finding as `file:line rule`. */
const broken = [
  [
    'base knows nobody',
    { 'src/base/a.c': '#include "base/a.h"\n#include "graph/graph.h"\n' },
    'src/base/a.c:2 base',
  ],
  [
    'an include inside src/ is written as seen from src/',
    { 'src/base/a.c': '#include "a.h"\n' },
    'src/base/a.c:1 base',
  ],
  [
    'no way around by ..',
    { 'src/base/a.c': '#include "base/../run/run.h"\n' },
    'src/base/a.c:1 base',
  ],
  [
    'no way around by angle brackets',
    { 'src/base/a.c': '#include <run/run.h>\n' },
    'src/base/a.c:1 base',
  ],
  [
    'a public header is named in angle brackets',
    { 'src/base/a.c': '#include "hd/graph.h"\n' },
    'src/base/a.c:1 base',
  ],
  [
    'graph does not know run',
    { 'src/graph/a.h': '\n\n #  include "run/run.h"\n' },
    'src/graph/a.h:3 graph',
  ],
  [
    'graph does not know store',
    { 'src/graph/a.c': '#include "store/block.h"\n' },
    'src/graph/a.c:1 graph',
  ],
  [
    'store knows only graph.h of graph',
    { 'src/store/a.c': '#include "graph/graph.h"\n#include "graph/order.h"\n' },
    'src/store/a.c:2 store',
  ],
  [
    'store does not know trace',
    { 'src/store/a.c': '#include "trace/ring.h"\n' },
    'src/store/a.c:1 store',
  ],
  [
    'trace knows only graph.h of graph',
    { 'src/trace/a.c': '#include "graph/keys.h"\n' },
    'src/trace/a.c:1 trace',
  ],
  [
    'trace does not know run',
    { 'src/trace/a.c': '#include "run/run.h"\n' },
    'src/trace/a.c:1 trace',
  ],
  [
    'run, too, writes includes as seen from src/',
    { 'src/run/a.c': '#include "../graph/graph.h"\n' },
    'src/run/a.c:1 run',
  ],
  [
    'a public header shows nothing of the inside',
    { 'src/include/hd/a.h': '#include "base/atomic.h"\n' },
    'src/include/hd/a.h:1 include',
  ],
  [
    'a new folder in src/ needs a line in the table',
    { 'src/extra/a.c': 'int a;\n' },
    'src/extra/a.c:1 place',
  ],
  ['no C file beside the folders of src/', { 'src/a.c': 'int a;\n' }, 'src/a.c:1 place'],
  ['pthread.h above base', { 'src/run/a.c': '#include <pthread.h>\n' }, 'src/run/a.c:1 threads'],
  [
    'stdatomic.h in a public header',
    { 'src/include/hd/a.h': '#include <stdatomic.h>\n' },
    'src/include/hd/a.h:1 threads',
  ],
  [
    'pthread.h in an example',
    { 'examples/c/a.c': '#include <pthread.h>\n' },
    'examples/c/a.c:1 threads',
  ],
  [
    'pthread.h in a shim that starts no threads',
    { 'wasm/shim/a.c': '#include <pthread.h>\n' },
    'wasm/shim/a.c:1 threads',
  ],
  [
    'atomics in the shim that starts threads',
    { 'wasm/shim/pool.c': '#include <stdatomic.h>\n' },
    'wasm/shim/pool.c:1 shim',
  ],
  [
    'emscripten.h in the core',
    { 'src/base/a.c': '#include <emscripten.h>\n' },
    'src/base/a.c:1 emscripten',
  ],
  [
    'emscripten/… in the core',
    { 'src/run/a.c': '#include <emscripten/threading.h>\n' },
    'src/run/a.c:1 emscripten',
  ],
  [
    'a fence in base',
    { 'src/base/a.c': 'void f(void) {\n  atomic_thread_fence(memory_order_seq_cst);\n}\n' },
    'src/base/a.c:2 fence',
  ],
  [
    'a built-in fence in a test',
    { 'tests/c/a.c': 'void f(void) { __atomic_thread_fence(5); }\n' },
    'tests/c/a.c:1 fence',
  ],
  [
    'printf in the library',
    { 'src/run/a.c': 'int f(void) {\n  return printf ("%d", 1);\n}\n' },
    'src/run/a.c:2 print',
  ],
  [
    'a message to stderr',
    { 'src/run/a.c': 'void f(void) { fputs("x", stderr); }\n' },
    'src/run/a.c:1 print',
  ],
  [
    'write to file 2',
    { 'src/base/a.c': 'void f(void) { write(2, "x", 1); }\n' },
    'src/base/a.c:1 print',
  ],
  [
    'the shim looks into the core',
    { 'wasm/shim/a.c': '#include "base/atomic.h"\n' },
    'wasm/shim/a.c:1 shim',
  ],
  [
    'the shim looks into the core by a path',
    { 'wasm/shim/a.c': '#include "../../src/graph/graph.h"\n' },
    'wasm/shim/a.c:1 shim',
  ],
  [
    'the shim takes something of the system',
    { 'wasm/shim/a.c': '#include <unistd.h>\n' },
    'wasm/shim/a.c:1 shim',
  ],
  [
    'the command looks into the core',
    { 'wasm/wasi/a.c': '#include <base/clock.h>\n' },
    'wasm/wasi/a.c:1 c-door',
  ],
  [
    'an example in C looks into the core',
    { 'examples/c/a.c': '#include "../../src/base/clock.h"\n' },
    'examples/c/a.c:1 c-door',
  ],
  [
    'a page imports an inner file',
    { 'web/a.js': "import {\n  graph,\n} from '../wasm/js/graph.js';\n" },
    'web/a.js:3 js-door',
  ],
  [
    'a page imports it on demand',
    { 'web/a/b.js': "const g = await import(\n  /* here */ '../../wasm/js/graph.js');\n" },
    'web/a/b.js:2 js-door',
  ],
  [
    'a page imports it within a template',
    { 'web/a.js': "const g = `${await import('../src/a.js')}`;\n" },
    'web/a.js:1 js-door',
  ],
  [
    'a page passes it on',
    { 'web/a.js': "export * from '../wasm/js/index.js';\n" },
    'web/a.js:1 js-door',
  ],
  [
    'a page takes it from the server',
    { 'web/a.js': "import '/wasm/js/index.js';\n" },
    'web/a.js:1 js-door',
  ],
  [
    'a page starts a worker of the inside',
    { 'web/a.js': "new Worker(new URL('../wasm/js/w.js', import.meta.url));\n" },
    'web/a.js:1 js-door',
  ],
  [
    'a script in a page imports an inner file',
    {
      'web/a.html':
        '<p>\n<script type="module">\nimport { g } from "../wasm/js/g.js";\n</script>\n',
    },
    'web/a.html:3 js-door',
  ],
  [
    'a page names an inner script',
    { 'web/a.html': '<script src="../wasm/js/g.js"></script>\n' },
    'web/a.html:1 js-door',
  ],
  [
    'an example requires an inner file',
    { 'examples/js/a.cjs': "const g = require('../../wasm/js/graph.js');\n" },
    'examples/js/a.cjs:1 js-door',
  ],
  [
    'a door that package.json does not open',
    { 'web/a.js': "import 'heddle/graph';\n", 'package.json': '{"exports":{".":"./a.js"}}' },
    'web/a.js:1 js-door',
  ],
  ['an inner name of the package', { 'web/a.js': "import '#core';\n" }, 'web/a.js:1 js-door'],
  [
    'the package imports from web/',
    { 'wasm/js/a.js': "import { x } from '../../web/x.js';\n" },
    'wasm/js/a.js:1 package',
  ],
  [
    'the package imports from tests/',
    { 'wasm/js/a/b.js': "await import('../../../tests/x.mjs');\n" },
    'wasm/js/a/b.js:1 package',
  ],
  ['a file called utils', { 'wasm/js/utils.js': '' }, 'wasm/js/utils.js:1 name'],
  [
    'a test called helpers',
    { 'tests/js/Helpers.test.mjs': '' },
    'tests/js/Helpers.test.mjs:1 name',
  ],
  ['a folder called common', { 'web/common/a.css': '' }, 'web/common/a.css:1 name'],
];

describe('a broken tree', () => {
  test.each(broken)('%s', (_, files, at) => {
    const { errors, warnings } = lint(plant(files));
    expect(found(errors)).toEqual([at]);
    expect(warnings).toEqual([]);
  });

  test('a long C file is a warning, one line earlier it is not', () => {
    const root = plant({
      'src/run/a.c': 'int a;\n'.repeat(701),
      'src/run/b.c': 'int b;\n'.repeat(700),
    });
    const { errors, warnings } = lint(root);
    expect(errors).toEqual([]);
    expect(found(warnings)).toEqual(['src/run/a.c:701 size']);
  });

  test('every rule of the table is broken by one of these trees', () => {
    const shown = new Set([...broken.map(([, , at]) => at.split(' ')[1]), 'size']);
    expect(rules.map((rule) => rule.id).filter((id) => !shown.has(id))).toEqual([]);
  });
});

describe('a tree in order', () => {
  const core = {
    'src/include/hd/graph.h': '#include <hd/status.h>\n#include <stdint.h>\n',
    'src/base/atomic.h':
      '#include <stdatomic.h>\n#include <pthread.h>\n#ifdef M\n#include M\n#endif\n',
    'src/graph/graph.c':
      '#include "graph/graph.h"\n\n#include "base/atomic.h"\n#include <hd/graph.h>\n',
    'src/store/block.c':
      '#include "store/block.h"\n#include "base/atomic.h"\n#include "graph/graph.h"\n',
    'src/trace/ring.c': '#include "trace/ring.h"\n#include "graph/graph.h"\n',
    'src/run/run.c':
      '#include "run/run.h"\n#include "graph/order.h"\n#include "store/block.h"\n#include "trace/ring.h"\n',
    'src/heddle.pc.in': 'Libs: -lheddle\n',
  };
  const around = {
    'wasm/shim/a.c':
      '#include "a.h"\n#include <emscripten.h>\n#include <emscripten/threading.h>\n#include <hd/graph.h>\n#include <stdint.h>\n',
    'wasm/shim/pool.c': '#include "a.h"\n#include <pthread.h>\n',
    'wasm/wasi/a.c':
      '#include <hd/graph.h>\n#include <stdio.h>\nint main(void) { return puts("x"); }\n',
    'wasm/js/index.js':
      "export { graph } from './graph.js';\nimport fs from 'node:fs';\nimport { parse } from 'acorn';\n",
    'wasm/js/setup.js': "import '../shim/a.js';\n",
    'web/a.js':
      "import { delayed } from 'heddle';\nimport './b.js';\nimport '/c.js';\nimport x from 'heddle/dask/bag';\nimport y from '../web/y.js';\n",
    'web/a.html':
      '<script type="importmap">{"imports":{"heddle":"../wasm/js/index.js"}}</script>\n<script type="module" src="a.js"></script><script src="https://x.test/src/x.js"></script>\n',
    'examples/c/a.c': '#include <hd/graph.h>\n#include <stdio.h>\n#include "shapes.h"\n',
    'examples/js/a.mjs': "import { compute } from 'heddle';\nimport './shapes.mjs';\n",
    'tests/c/a.c':
      '#include <pthread.h>\n#include "graph/order.h"\nint main(void) { return printf("x"); }\n',
    'tests/js/a.test.mjs': "import { graph } from '../../wasm/js/graph.js';\n",
    'package.json': '{"exports":{".":"./wasm/js/index.js","./dask/*":"./wasm/js/dask/*.js"}}',
  };
  const built = {
    'node_modules/utils/a.c': '#include "run/run.h"\n',
    'build/utils.c': '',
    'wasm/js/dist/common.js': '',
  };
  test('has nothing to say about the house as designed, nor about what was built or installed', () => {
    const { files, errors, warnings } = lint(plant({ ...core, ...around, ...built }));
    expect([...errors, ...warnings]).toEqual([]);
    expect(files).toBe(Object.keys({ ...core, ...around }).length);
  });

  test('comments, strings, templates and regular expressions are not code', () => {
    const c = [
      '/* #include "run/run.h"',
      '#include "run/run.h" and atomic_thread_fence() */',
      '// printf("x") \\',
      'stderr',
      'const char quote = \'"\', *text = "printf(\\"x\\") stderr /*";',
      '__attribute__((format(printf, 1, 2))) int hdi_printf(char *to, const char *format);',
      'void f(void) { snprintf(to, 1, "x"); my_puts("x"); rewrite(1); }',
      '#include "base/a.h"',
    ].join('\n');
    const js = [
      "// import '../src/a.js'",
      "/** @type {import('../wasm/js/a.js').A} */",
      'const text = "import \'../src/a.js\'" + \'import "../src/b.js"\';',
      "const source = `import '../src/a.js'; ${ { a: `import '../src/b.js'` }.a } import '../src/c.js'`;",
      "const pattern = /['\"`]/, half = 4 / 2, other = text.replace(/[/'\"]import '..\\/src'/g, '');",
      "const from = '../src/a.js';",
      "import('heddle');",
    ].join('\n');
    const { errors } = lint(plant({ 'src/base/a.c': c, 'web/a.js': js }));
    expect(errors).toEqual([]);
  });

  test('and after them code is seen again', () => {
    const js = "const p = /['\"`]/, t = `a${ {} }'`, q = 'it\\'s' / 2;\nimport('../src/a.js');\n";
    const c = "char q = '\"';\n#define S \"it's\"\n/* ' */ int f(void) { return puts(S); }\n";
    const { errors } = lint(plant({ 'src/base/a.c': c, 'web/a.js': js }));
    expect(found(errors)).toEqual(['src/base/a.c:3 print', 'web/a.js:2 js-door']);
  });
});

describe('the program', () => {
  const run = (root) => spawnSync(process.execPath, [program, root], { encoding: 'utf8' });

  test('prints file:line and the rule, and exits 1', () => {
    const { status, stdout } = run(plant({ 'src/base/a.c': '\n#include "run/run.h"\n' }));
    expect(stdout).toContain(
      'src/base/a.c:2: src/base includes only "base/…" and <hd/…>: "run/run.h" [base]',
    );
    expect(status).toBe(1);
  });

  test('exits 0 when there are only warnings', () => {
    const { status, stdout } = run(plant({ 'src/base/a.c': 'int a;\n'.repeat(800) }));
    expect(stdout).toContain('src/base/a.c:800: warning: ');
    expect(status).toBe(0);
  });

  test('fails on a folder that does not exist, rather than finding it in order', () => {
    expect(run(path.join(room, 'nowhere')).status).not.toBe(0);
  });
});

test('this repository is in order', () => {
  const { files, errors } = lint(repository);
  expect(errors).toEqual([]);
  expect(files).toBeGreaterThan(50);
});
