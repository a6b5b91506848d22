// In a page a task's error says the script and the line as the user wrote them.
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { browserNames, launch, resultOf, serve } from './pages.mjs';

const outer = `import { far } from '/far.js';
import { delayed, compute } from '/dist/heddle.js';
const half = (x) => { throw new Error('half'); };
export const tasks = {
  here: delayed((x) => { throw new Error('here'); })(1),
  method: delayed({ go(x) {
    return [x].map((each) => half(each));
  } }.go, { scope: { half } })(1),
  far: delayed(far)(1),
  late: delayed(async function late(x) {
    await null;
    throw new RangeError('late', { cause: new Error('why') });
  })(1),
  unwritten: delayed(new Function('x', 'throw new Error(x)'), { name: 'text' })('no'),
  gives: delayed(() => () => 1)(),
};
`;
const far = `\n\nexport function far(x) {\n  throw new Error('far');\n}\n`;
const page = `<!doctype html><meta charset="utf-8"><link rel="icon" href="data:,">
<title>test</title>
<script type="module">
import { tasks } from '/outer.js';
import { delayed } from '/dist/heddle.js';

tasks.inside = delayed(function inside(x) {
  throw new Error('in the page');
})(1);
const told = {};
for (const options of [{ scheduler: 'threads' }, { scheduler: 'sync' }, { scheduler: 'sync', strict: true }])
  for (const [name, task] of Object.entries(tasks))
    await task.compute(options).catch(({ stack, cause, task, message }) => {
      (told[name] ??= []).push({ stack, cause: cause?.stack, made: task.made, message, way: Object.values(options).join() });
    });
window.result = told;
</script>`;

/** Places as they are in stacks: `line:column` of a unique text. */
const at = (source, text, more = 0) => {
  const before = source.slice(0, source.indexOf(text)).split('\n');
  return `${before.length}:${before.at(-1).length + 1 + more}`;
};

describe.each(browserNames)('in %s', (browserName) => {
  let browser, server, told;
  beforeAll(async () => {
    browser = await launch(browserName);
    server = await serve(page, undefined, { '/outer.js': outer, '/far.js': far });
    told = await resultOf(browser, server.url);
  }, 60_000);
  afterAll(async () => {
    server?.close();
    await browser?.close();
  });

  /** The frames of all ways to compute: each as the last of its name, and its place. */
  const framesOf = (task, part = 'stack') => {
    expect(told[task].length).toBeGreaterThan(0);
    return told[task].map((each) => each[part].split('\n').filter((line) => /:\d+:\d+\)?$/.test(line))
      .map((line) => /(?:at |@|\()([^@( ]*:\d+:\d+)\)?$/.exec(line)[1].replace(server.url, '/')));
  };

  test.each([
    ['here', () => [`/outer.js:${at(outer, "new Error('here')")}`, `/outer.js:${at(outer, "delayed((x) => { throw")}`]],
    ['method', () => [`/outer.js:${at(outer, "new Error('half')")}`, `/outer.js:${at(outer, 'half(each)', browserName === 'firefox' ? 'half'.length : 0)}`, `/outer.js:${at(outer, 'map((each)')}`, `/outer.js:${at(outer, 'delayed({ go')}`]],
    ['late', () => [`/outer.js:${at(outer, "new RangeError('late'")}`, `/outer.js:${at(outer, 'delayed(async')}`]],
    ['far', () => [`/far.js:${at(far, 'new Error')}`, `/outer.js:${at(outer, 'delayed(far)')}`]],
    ['inside', () => [`/:${at(page, 'new Error')}`, `/:${at(page, 'delayed(function inside')}`]],
  ])('%s: all ways show where it is written and where it was made', (task, expected) => {
    const all = framesOf(task);
    expect(all).toHaveLength(3);
    for (const frames of all) expect(frames).toEqual(expected());
    for (const { made } of told[task]) expect(made.replace(server.url, '/')).toBe(expected().at(-1));
  });

  test('a cause is shown too', () => {
    for (const frames of framesOf('late', 'cause')) expect(frames).toEqual([`/outer.js:${at(outer, "new Error('why')")}`]);
  });

  test('a function that is written nowhere is shown from its own first line on', () => {
    for (const { stack, way } of told.unwritten)
      if (way !== 'sync') expect(stack).toMatch(browserName === 'firefox' ? /^anonymous@heddle:text:3:7\n/ : /^ {4}at anonymous \(heddle:text:3:7\)\n/m);
  });

  test("an error of Heddle's own says only where the task was made", () => {
    for (const frames of framesOf('gives')) expect(frames).toEqual([`/outer.js:${at(outer, 'delayed(() => () => 1)')}`]);
  });
});
