// Tasks that are exported by ES modules: { module, name }.
import { afterEach, describe, expect, test } from '@jest/globals';
import { parse } from 'acorn';
import { spawnSync } from 'node:child_process';
import { readFileSync, rmSync, writeFileSync, mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { compute, computeSync, delayed, FunctionError, OptionError, UnsupportedError } from 'heddle';
import { moduleTask } from '../../wasm/js/functions/modules.js';
import { rejection, ways } from './ways.mjs';

const tasks = new URL('../fixtures/tasks.mjs', import.meta.url);
const broken = new URL('../fixtures/broken.mjs', import.meta.url);
const here = (name) => delayed({ module: tasks, name });
const data = (text) => `data:text/javascript,${encodeURIComponent(text)}`;

/** What is thrown. */
const thrown = (fn) => {
  try {
    fn();
  } catch (error) {
    return error;
  }
  throw new Error('nothing was thrown');
};

/** computeSync with scheduler 'sync' cannot wait for modules: they are loaded before. */
const preload = async ({ waits, threads }, ...nodes) => {
  if (waits && !threads) for (const node of nodes) await compute(node, { scheduler: 'sync' }).catch(() => {});
};

describe.each(ways)('$way', (way) => {
  const run = async (structure, ...loads) => {
    await preload(way, structure, ...loads);
    return way.run(structure);
  };

  test('an exported function runs, and sees what is in its module', async () => {
    const { triple, viaClass } = Object.fromEntries(['triple', 'viaClass'].map((name) => [name, here(name)]));
    expect(await run([triple(1), triple(triple(2)), viaClass(5)])).toEqual([3, 18, 15]);
  });

  test('so do a default export and an async function, where one can be waited for', async () => {
    expect(await run(here('default')(4))).toBe(-4);
    if (!way.waits || way.threads) expect(await run(here('later')(1))).toBe(4);
  });

  test('it is called without `this`, with its arguments only, the first time and later', async () => {
    const called = here('called');
    const first = called(1);
    expect(await run([first, called(first, 2), called()])).toEqual([[true, 1, true], [true, 2, true], [true, 0, true]]);
  });

  test('beside functions that travel as text', async () => {
    const triple = here('triple');
    expect(await run(delayed((xs) => xs.reduce((a, b) => a + b, 0))([1, 2, 3].map((x) => triple(x))))).toBe(18);
  });

  test('from a data: address', async () => {
    expect(await run(delayed({ module: data('export const twice = (x) => 2 * x'), name: 'twice' })(21))).toBe(42);
  });

  test("what it throws is the task's error", async () => {
    const error = await rejection(run(here('fail')('no')));
    expect(error).toMatchObject({ name: 'RangeError', message: 'no', task: { name: 'fail', key: expect.stringMatching(/^fail-\d+$/) } });
  });

  test('an export that does not exist is a FunctionError that lists those that do', async () => {
    const error = await rejection(run(here('trippel')(1), here('triple')(1)));
    expect(error).toBeInstanceOf(FunctionError);
    expect(error.message).toBe(`the module ${tasks} has no export 'trippel'; it exports Scaled, answer, called, count, default, fail, later, note, told, triple, viaClass.`);
  });

  test.each([
    ['no function', 'answer', /exports no function as 'answer', but a value of type number; it exports/],
    ['a class', 'Scaled', /exports a class as 'Scaled', which cannot be called without new/],
    ['a generator function', 'count', /exports a generator function as 'count', which gives an iterator/],
  ])('an export that is %s is a FunctionError', async (_what, name, message) => {
    const error = await rejection(run(here(name)(1), here('triple')(1)));
    expect(error).toBeInstanceOf(FunctionError);
    expect(error.message).toMatch(message);
  });

  if (!way.waits || way.threads) {
    test('a module that cannot be loaded is a FunctionError with the cause', async () => {
      const error = await rejection(way.run(delayed({ module: broken, name: 'any' })()));
      expect(error).toBeInstanceOf(FunctionError);
      expect(error.message).toBe(`the module ${broken} cannot be loaded: broken on purpose`);
      expect(error.cause).toMatchObject({ name: 'TypeError', message: 'broken on purpose' });
    });

    test('a module that does not exist is a FunctionError that says where it was sought', async () => {
      const error = await rejection(way.run(delayed({ module: new URL('../fixtures/nowhere.mjs', import.meta.url), name: 'any' })()));
      expect(error).toBeInstanceOf(FunctionError);
      expect(error.message).toMatch(/the module file:.*nowhere\.mjs cannot be loaded: /);
    });
  } else {
    test('a module that is not loaded yet is refused before anything runs', () => {
      const module = data(`export const one = () => 1 // ${way.way}`);
      let ran = false;
      const node = delayed({ module, name: 'one' })(way.encodes ? 0 : delayed(() => (ran = true))());
      const error = thrown(() => computeSync(node, { scheduler: 'sync', strict: way.encodes }));
      expect(error).toBeInstanceOf(UnsupportedError);
      expect(error.message).toMatch(/^computeSync with scheduler 'sync' cannot wait for the module of 'one', data:.*await compute\(\) once before/);
      expect(ran).toBe(false);
    });
  }

  test('a scope is refused: the module has its own', () => {
    const error = thrown(() => delayed({ module: tasks, name: 'triple' }, { scope: { factor: 4 } }));
    expect(error).toBeInstanceOf(OptionError);
    expect(error.message).toMatch(/^delayed of a module's function has no option 'scope'; it has /);
  });
});

describe('the address of a module', () => {
  test.each([
    ['a URL object', tasks, tasks.href],
    ['a file: address', tasks.href, tasks.href],
    ['an absolute path', fileURLToPath(tasks), tasks.href],
    ['a path with blanks and signs', '/tmp/a b#c?.mjs', 'file:///tmp/a%20b%23c%3F.mjs'],
    ['an https: address', 'https://example.org/a/../tasks.js', 'https://example.org/tasks.js'],
    ['a node: address', 'node:path', 'node:path'],
    ['a blob: address', 'blob:nodedata:1', 'blob:nodedata:1'],
  ])('may be %s', (_what, module, url) => {
    expect(moduleTask({ module, name: 'f' }).module).toEqual({ url, name: 'f' });
  });

  test.each([
    ['./tasks.js', "is a relative address, and Heddle cannot know relative to which file: give new URL('./tasks.js', import.meta.url)."],
    ['../lib/tasks.js', "give new URL('../lib/tasks.js', import.meta.url)."],
    ['//host/tasks.js', 'is a relative address'],
    ['lodash', "give import.meta.resolve('lodash')"],
    ['@scope/name/part.js', "give import.meta.resolve('@scope/name/part.js')"],
    ['tasks.js', "or for a file new URL('./tasks.js', import.meta.url)"],
    ['ftp://host/tasks.js', 'its address begins with https:'],
    ['http://', 'is no address of a module'],
    ['', 'module is the address of an ES module, a URL or a string'],
    [undefined, 'module is the address of an ES module'],
    [{}, 'module is the address of an ES module'],
    [42, 'module is the address of an ES module'],
  ])('%p is refused at once', (module, message) => {
    const error = thrown(() => delayed({ module, name: 'f' }));
    expect(error).toBeInstanceOf(FunctionError);
    expect(error.message).toContain(message);
  });

  test.each([[undefined], [''], [null], [3]])('an export called %p is refused at once', (name) => {
    expect(() => delayed({ module: tasks, name })).toThrow(/^name is the name of the export, as in \{ module, name: 'resize' \}/);
  });
});

test('one address and name are one function, also when they are written in other ways', () => {
  const { fn } = moduleTask({ module: tasks, name: 'triple' });
  expect(moduleTask({ module: tasks.href, name: 'triple' }).fn).toBe(fn);
  expect(moduleTask({ module: fileURLToPath(tasks), name: 'triple' }).fn).toBe(fn);
  expect(moduleTask({ module: tasks, name: 'later' }).fn).not.toBe(fn);
  expect(fn.name).toBe('triple');
});

test("once its module is there, the function gives the export's value and no promise", async () => {
  const { fn } = moduleTask({ module: data('export const inc = (x) => x + 1; export const dec = (x) => x - 1'), name: 'inc' });
  const first = fn(1);
  expect(first).toBeInstanceOf(Promise);
  expect(await first).toBe(2);
  expect(fn(2)).toBe(3);
  expect(moduleTask({ module: data('export const inc = (x) => x + 1; export const dec = (x) => x - 1'), name: 'dec' }).fn(2)).toBe(1);
});

describe('in a program of its own', () => {
  let folder;
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  test('tasks of its own modules run by import.meta.url and by import.meta.resolve, and the program ends', () => {
    folder = mkdtempSync(path.join(tmpdir(), 'heddle-modules-'));
    writeFileSync(path.join(folder, 'tasks.mjs'), "import { basename } from 'node:path';\nexport const nameOf = (file) => basename(file);\n");
    writeFileSync(path.join(folder, 'main.mjs'), `
      import { compute, delayed } from ${JSON.stringify(new URL('../../dist/heddle.js', import.meta.url).href)};
      const nameOf = delayed({ module: new URL('./tasks.mjs', import.meta.url), name: 'nameOf' });
      const join = delayed({ module: import.meta.resolve('node:path'), name: 'join' });
      console.log(JSON.stringify([await compute([nameOf('/a/b.txt'), join('c', 'd')], { workers: 2 }),
        nameOf('/e/f').computeSync(), await nameOf('/g/h').compute({ scheduler: 'sync' }), nameOf('/i/j').computeSync({ scheduler: 'sync' })]));
    `);
    const { stdout, stderr, status } = spawnSync(process.execPath, ['main.mjs'], { cwd: folder, encoding: 'utf8' });
    expect({ stdout, stderr, status }).toEqual({ stdout: '[["b.txt","c/d"],"f","h","j"]\n', stderr: '', status: 0 });
  });
});

test("the script of the workers calls no import(), which Vite's server would rewrite", () => {
  const script = readFileSync(new URL('../../dist/core/heddle.js', import.meta.url), 'utf8');
  let imports = 0;
  JSON.stringify(parse(script, { ecmaVersion: 'latest', sourceType: 'script' }), (_key, value) => {
    if (value?.type === 'ImportExpression') imports++;
    return typeof value === 'bigint' ? String(value) : value;
  });
  expect(imports).toBe(0);
});
