// A task's error says where it happened in the user's own file, as if no task had been there.
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { delayed, sleep } from 'heddle';
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { rejection, ways } from './ways.mjs';

const root = fileURLToPath(new URL('../..', import.meta.url));
const folder = realpathSync(mkdtempSync(path.join(tmpdir(), 'heddle lines-')));
mkdirSync(path.join(folder, 'node_modules'));
symlinkSync(root, path.join(folder, 'node_modules/heddle'));
afterAll(() => rmSync(folder, { recursive: true }));

/** Each task fails; `print` is called with an error and what it is about. */
const failures = `
const one = delayed((x) => { throw new Error('one'); });
const { deep } = { deep: delayed(function deep(x) {
  if (x > 0) {
    return x.missing.there;
  }
}) };
const methods = {
  go(x) { throw new Error('method'); },
  async /* a comment */ late(x) {
    await null;
    return [x].map((each) => { throw new RangeError('late'); });
  },
};
function half(x) {
  return inner(x);
}
const inner = (x) => { throw new Error('in scope'); };
const causes = delayed(function causes() {
  throw new Error('outer', {
    cause: new TypeError('the cause', { cause: new RangeError('its cause') }) });
});
const reads = delayed(() => globalThis.process.getBuiltinModule('node:fs').readFileSync('/there/is/none'));
const first = (x) => { throw new Error('same'); }, second = (x) => { throw new Error('same'); };
const unwritten = new Function('x', 'if (x)\\n  throw new Error(x)');
const odd = delayed((x) => { throw new Error('odd\\n    at odd (file:///x.js:1:2)'); }, { name: 'odd (name) :1:2' });
const gives = delayed(() => () => 1), throwsText = delayed(() => { throw 'text'; });
const tasks = {
  one: one(1), deep: deep(1), method: delayed(methods.go)(1), late: delayed(methods.late)(1),
  scope: delayed(function task(x) { return half(x); }, { scope: { table: [1], half, inner } })(1),
  causes: causes(), reads: reads(), second: delayed(second)(1), far: delayed(far)([1]),
  unwritten: delayed(unwritten, { name: 'text' })('no file'), odd: odd(1), gives: gives(), throwsText: throwsText(),
};
const options = [{ scheduler: 'threads', workers: 1 }, { scheduler: 'sync' }, { scheduler: 'sync', strict: true }];
const frames = (error) => error.stack.split('\\n').slice(error.message.split('\\n').length).map((line) => line.replace(/^    at /, ''));
const told = [];
const tell = (name, way, error) => told.push({ name, way, frames: frames(error), cause: error.cause?.stack && frames(error.cause),
  last: error.cause?.cause && frames(error.cause.cause), head: error.stack.split('\\n')[0], made: error.task.made, message: error.message });
async function all() {
  for (const [name, task] of Object.entries(tasks))
    for (const option of options) {
      const way = Object.values(option).join();
      await task.compute(option).catch((error) => tell(name, way, error));
      if (name !== 'late' || option.workers) try { task.computeSync(option); } catch (error) { tell(name, way + ' now', error); }
    }
  console.log(JSON.stringify(told));
}
all();
`;
const far = `far = (list) => {
  const found = list.map((each) => {
    throw new TypeError('far ' + each);
  });
  return found;
};
`;

/** A unique text's place in a file, as stacks write it. */
function placeIn(file, source) {
  return (text) => {
    const at = source.indexOf(text), before = source.slice(0, at).split(/\r\n|\n/);
    if (at < 0) throw new Error(`${text} is not in the file`);
    return `${file}:${before.length}:${before.at(-1).length + 1}`;
  };
}

/** Runs a file in a process of its own. */
function run(file, flags = []) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [...flags, file], { cwd: folder, encoding: 'utf8', timeout: 60_000 });
  if (status !== 0) throw new Error(stderr);
  return stdout;
}

const withoutInspector = "process.getBuiltinModule('node:inspector').Session = class { constructor() { throw new Error('not allowed'); } };";

describe.each([
  ['an ES module', { kind: 'mjs' }],
  ['a CommonJS module', { kind: 'cjs' }],
  ['an ES module with lines that end as on Windows', { kind: 'mjs', crlf: true }],
  ['an ES module in a Node.js without inspector', { kind: 'mjs', blind: true }],
])('in %s', (title, { kind, crlf = false, blind = false }) => {
  const ends = (text) => (crlf ? text.replaceAll('\n', '\r\n') : text);
  const name = path.join(folder, title.replaceAll(/\W+/g, '-'));
  const file = `${name}.${kind}`, farFile = `${name}-far.${kind}`;
  const importing = kind === 'cjs' ? `let delayed; const { far } = require('./${path.basename(farFile)}');\nimport('heddle').then((heddle) => { ({ delayed } = heddle); main(); });\nfunction main() {`
    : `import { delayed } from 'heddle';\nimport { far } from './${path.basename(farFile)}';\n`;
  const source = ends(importing + failures + (kind === 'cjs' ? '}' : '')), farSource = ends(kind === 'cjs' ? `const ${far}exports.far = far;` : `export const ${far}`);
  const shown = (of) => (kind === 'cjs' ? of : String(pathToFileURL(of)));
  const here = placeIn(shown(file), source), there = placeIn(shown(farFile), farSource);
  let told;
  beforeAll(() => {
    writeFileSync(file, source);
    writeFileSync(farFile, farSource);
    writeFileSync(path.join(folder, 'blind.cjs'), withoutInspector);
    told = JSON.parse(run(file, blind ? ['--require', path.join(folder, 'blind.cjs')] : []));
  });

  /** What all ways to compute say of a task, which must be the same. */
  const of = (task, ways = 6) => {
    const found = told.filter((each) => each.name === task);
    expect(found).toHaveLength(ways);
    return found;
  };

  test.each([
    ['one', 'an arrow function on one line', () => [here("new Error('one')"), `delayed(one) (${here("delayed((x) => { throw new Error('one')")})`]],
    ['deep', 'a function of several lines', () => [`deep (${here('missing.there').replace(/\d+$/, (column) => Number(column) + 'missing.'.length)})`, `delayed(deep) (${here('delayed(function deep')})`]],
    ['method', 'a method, on its first line', () => [`go (${here("new Error('method')")})`, `delayed(go) (${here('delayed(methods.go)')})`]],
    ['scope', 'functions of the scope', () => [`inner (${here("new Error('in scope')")})`, `half (${here('inner(x);')})`, `task (${here('half(x);')})`, `delayed(task) (${here('delayed(function task')})`]],
    ['causes', 'an error with causes', () => [`causes (${here("new Error('outer'")})`, `delayed(causes) (${here('delayed(function causes')})`]],
  ])('%s: %s is shown where it is written', (task, _, expected) => {
    const wanted = expected();
    if (task === 'one') wanted[1] = wanted[1].replace('delayed(one)', 'delayed(task)');
    for (const { frames, made } of of(task)) {
      expect(frames).toEqual(wanted);
      expect(`(${made})`).toBe(/ (\(.*\))$/.exec(wanted.at(-1))[1]);
    }
  });

  test('an asynchronous method is shown after an await, and in a callback', () => {
    for (const { frames } of of('late', 4))
      expect(frames).toEqual([here("new RangeError('late')"), 'Array.map (<anonymous>)', `late (${here('map((each) => { throw')})`, `delayed(late) (${here('delayed(methods.late)')})`]);
  });

  test('causes are shown where they were made', () => {
    for (const { cause, last } of of('causes')) {
      expect(cause).toEqual([`causes (${here("new TypeError('the cause'")})`]);
      expect(last).toEqual([`causes (${here("new RangeError('its cause'")})`]);
    }
  });

  test("what a task calls of the platform's stays", () => {
    for (const { frames } of of('reads')) {
      expect(frames.slice(0, -2).length).toBeGreaterThan(0);
      for (const frame of frames.slice(0, -2)) expect(frame).toMatch(/node:fs/);
      expect(frames.at(-2)).toBe(here("readFileSync('/there"));
    }
  });

  test('of two functions with the same text the right one is shown', () => {
    const [, column] = /(\d+)$/.exec(here('second = (x) => {'));
    for (const { frames } of of('second'))
      expect(frames[0]).toBe(`second (${here('second = (x) => {').replace(/\d+$/, '')}${Number(column) + "second = (x) => { throw ".length})`);
  });

  test('a function of another file is shown there, and where it was made a task here', () => {
    for (const { frames, way } of of('far')) {
      const known = !blind || way.startsWith('sync') && !way.includes('true');
      if (known) expect(frames).toEqual([there("new TypeError('far"), 'Array.map (<anonymous>)', `far (${there('map((each)')})`, `delayed(far) (${here('delayed(far)')})`]);
      else expect(frames).toEqual(['far (heddle:far:3:11)', 'Array.map (<anonymous>)', 'far (heddle:far:2:22)', `delayed(far) (${here('delayed(far)')})`]);
    }
  });

  test('a function that is written nowhere is shown by its name, from its own first line on', () => {
    for (const { frames, way } of of('unwritten')) {
      expect(frames.at(-1)).toBe(`delayed(anonymous) (${here('delayed(unwritten')})`);
      if (way.startsWith('threads') || way.includes('true')) expect(frames.slice(0, -1)).toEqual(['anonymous (heddle:text:4:9)']);
    }
  });

  test('a message that looks like a stack, and a name like a place, stay as they are', () => {
    for (const { frames, message } of of('odd')) {
      expect(message).toBe('odd\n    at odd (file:///x.js:1:2)');
      expect(frames.map((frame) => frame.replace(/^delayed\.name \((.*)\)$/, '$1'))).toEqual([here("new Error('odd"), `delayed(odd (name) :1:2) (${here("delayed((x) => { throw new Error('odd")})`]);
    }
  });

  test("errors of Heddle's own say what is wrong and where the task was made, and nothing else", () => {
    for (const { frames, head, message, way } of of('throwsText').concat(of('gives', 4))) {
      expect(frames).toHaveLength(1);
      expect({ head, way }).toEqual({ head: `${/threw/.test(message) ? 'TaskError' : 'ValueError'}: ${message}`, way });
      expect(frames[0]).toMatch(/^delayed\(task\) \(.*\)$/);
    }
  });
});

test.each(ways)("$way: in another context, as Jest's is, the lines are right too", async ({ run }) => {
  const bad = delayed(function bad(x) {
    if (x) throw new Error('here');
  });
  const error = await rejection(run(bad(1)));
  const [, first, last, ...others] = error.stack.split('\n');
  expect(first).toMatch(/^ {4}at bad \(.*lines\.test\.mjs:\d+:18\)$/);
  expect(last).toMatch(/^ {4}at delayed\(bad\) \(.*lines\.test\.mjs:\d+:15\)$/);
  expect(others).toEqual([]);
  expect(Number(/:(\d+):\d+\)$/.exec(first)[1])).toBe(Number(/:(\d+):\d+\)$/.exec(last)[1]) + 1);
  expect(error.task.made).toBe(/ \((\S*)\)$/.exec(last)[1]);
});

test.each(ways.filter(({ threads }) => !threads))('$way: errors of an AggregateError are shown where they were made', async ({ run }) => {
  const bad = delayed(function bad() {
    throw new AggregateError([new Error('a')], 'all');
  });
  const { errors: [inner], stack } = await rejection(run(bad()));
  expect(inner.stack.split('\n')).toHaveLength(2);
  expect(inner.stack).toMatch(/^ {4}at bad \(.*lines\.test\.mjs:\d+:31\)$/m);
  expect(stack).toMatch(/^ {4}at bad \(.*lines\.test\.mjs:\d+:11\)$/m);
});

test.each(ways)("$way: an error of Heddle's that a task meets is shown where the task met it", async ({ run }) => {
  const restless = delayed(function restless() {
    sleep(-1);
  });
  const [head, ...frames] = (await rejection(run(restless()))).stack.split('\n');
  expect(head).toMatch(/^OptionError: sleep/);
  /* Without strict it comes from Heddle's sources, which Jest's source maps show. */
  expect(frames.filter((frame) => !/wasm.js.sleep\.js/.test(frame))).toEqual([expect.stringMatching(/at restless \(.*lines\.test\.mjs:\d+:5\)$/), expect.stringMatching(/at delayed\(restless\)/)]);
});

test('an error that is thrown again and again says once where the task was made', async () => {
  const error = new Error('shared');
  const bad = delayed(function bad() { throw error; });
  for (let i = 0; i < 3; i++) await rejection(bad().compute({ scheduler: 'sync' }));
  expect(error.stack.match(/delayed\(bad\)/g)).toHaveLength(1);
});

test('a task that computes another shows both', async () => {
  const inner = delayed(function inner() { throw new Error('inside'); });
  const outer = delayed(async function outer() { await inner().compute({ scheduler: 'sync' }); });
  const { stack } = await rejection(outer().compute({ scheduler: 'sync' }));
  expect(stack.split('\n').map((line) => line.replace(/ \(.*/, ''))).toEqual(['Error: inside', '    at inner', '    at delayed(inner)', '    at delayed(outer)']);
});

test.each(ways)('$way: an error that is frozen, or has an odd stack, does no harm', async ({ run }) => {
  const odd = ["Object.freeze(new Error('x'))", "Object.assign(new Error('x'), { stack: 7 })", "Object.defineProperty(new Error('x'), 'stack', { get() { throw 1; } })"];
  for (const text of odd) expect(await rejection(run(delayed(new Function(`throw ${text}`))()))).toBeInstanceOf(Error);
});

test('a thousand tasks that fail are shown in a short time', async () => {
  const start = performance.now();
  for (let i = 0; i < 1000; i++) await rejection(delayed((x) => { throw new Error(x); })(i).compute({ scheduler: 'sync', strict: true }));
  expect(performance.now() - start).toBeLessThan(10_000);
}, 60_000);
