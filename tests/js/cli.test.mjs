// The command: npx heddle order, as users call it.
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { spawn, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';

const root = fileURLToPath(new URL('../..', import.meta.url));
const program = path.join(root, 'dist/cli.js');
const { version } = JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8'));

let folder;
beforeAll(() => (folder = mkdtempSync(path.join(tmpdir(), 'heddle-cli-'))));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Writes a file into the folder, and gives its name. */
function file(name, content) {
  const text = typeof content === 'string' || content instanceof Uint8Array ? content : JSON.stringify(content);
  writeFileSync(path.join(folder, name), text);
  return name;
}

const heddle = (...args) => {
  const { status, stdout, stderr } = spawnSync(process.execPath, [program, ...args], { cwd: folder, encoding: 'utf8', timeout: 60_000 });
  return { status, stdout, stderr };
};
const rows = ({ stdout }) => stdout.split('\n').filter(Boolean).map((line) => JSON.parse(line));

//  0  1
//   \ /
//    2      given with the last one first
const small = { n_tasks: 3, dependencies: [[1, 2], [], []], outputs: [0], labels: ['add', 'inc'], label: [0, 1, 1] };
const chain = (count) => ({ n_tasks: count, dependencies: Array.from({ length: count }, (_, i) => (i ? [i - 1] : [])), outputs: [count - 1] });

describe('heddle order', () => {
  test('prints a line of JSON for each graph, in the order of the files', () => {
    const result = heddle('order', '--json', file('small.json', small), file('chain.json.gz', gzipSync(JSON.stringify(chain(1000)))));
    expect(result).toMatchObject({ status: 0, stderr: '' });
    expect(rows(result)).toEqual([
      expect.objectContaining({ name: 'small', n_tasks: 3, n_edges: 2, peak_threads: 3, order_us_per_task: expect.any(Number), peak_serial: expect.any(Number), peak_two: expect.any(Number) }),
      expect.objectContaining({ name: 'chain', n_tasks: 1000, n_edges: 999, peak_threads: 2, order: 'best' }),
    ]);
  });

  test('prints a table whose columns are aligned', () => {
    const { status, stdout, stderr } = heddle('order', file('a.json', small), file('a-longer-name.json', chain(20_000)));
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    const lines = stdout.trimEnd().split('\n');
    expect(lines.length).toBe(3);
    expect(lines[0]).toMatch(/^graph +tasks +edges +µs\/task +peak serial +peak two +peak threads +fast serial$/);
    expect(lines[2]).toMatch(/^a-longer-name +20000 +19999 +\d+\.\d{3} +\d+ +\d+ +2 +\d+$/);
    expect(new Set(lines.map((line) => line.length)).size).toBe(1);
  });

  test('ranks by the fast order on request, which then needs no comparison', () => {
    expect(rows(heddle('order', '--json', '--order', 'fast', file('small.json', small)))[0].order).toBe('fast');
    expect(heddle('order', '--order=fast', 'small.json').stdout).not.toContain('fast serial');
  });

  test('tells gzip by the content, not by the name', () => {
    const result = heddle('order', '--json', file('packed.json', gzipSync(JSON.stringify(small))), file('plain.json.gz', small));
    expect(result.status).toBe(0);
    expect(rows(result).map(({ name }) => name)).toEqual(['packed', 'plain']);
  });

  test('takes graphs without tasks, without outputs, and with an edge given twice', () => {
    const result = heddle('order', '--json', file('none.json', { n_tasks: 0, dependencies: [], outputs: [] }),
      file('unwanted.json', { ...small, outputs: [] }), file('twice.json', { n_tasks: 2, dependencies: [[], [0, 0]], outputs: [1, 1] }));
    expect(result).toMatchObject({ status: 0, stderr: '' });
    expect(rows(result).map(({ n_tasks, peak_threads }) => [n_tasks, peak_threads])).toEqual([[0, 0], [3, 3], [2, 2]]);
  });

  const bad = [
    ['no JSON', 'nope', /it is not JSON: /], ['JSON cut off', '{"n_tasks": 3, "depen', /it is not JSON: /], ['nothing', '', /it is empty/],
    ['gzip cut off', gzipSync(JSON.stringify(small)).subarray(0, 30), /cannot be unpacked by gzip: unexpected end/],
    ['gzip of something else', gzipSync('x'), /it is not JSON/], ['no text', Buffer.from([0xff, 0xfe, 0]), /neither gzip nor text/],
    ['a list', '[1]', /holds a list, not an object/], ['null', 'null', /holds null/], ['a million brackets', '['.repeat(1e6), /it is not JSON/],
    ['no tasks', { dependencies: [], outputs: [] }, /n_tasks is missing/],
    ['a negative number of tasks', { n_tasks: -1, dependencies: [], outputs: [] }, /n_tasks is -1/],
    ['more tasks than there are', { n_tasks: 1e15, dependencies: [[]], outputs: [] }, /n_tasks is 1000000000000000, but dependencies has 1 entries/],
    ['no dependencies', { n_tasks: 1, outputs: [] }, /dependencies is missing, not a list/],
    ['dependencies in words', { n_tasks: 2, dependencies: [[], 'all'], outputs: [] }, /dependencies\[1\] is the text 'all', not a list of tasks/],
    ['a dependency in words', { n_tasks: 2, dependencies: [[], [0, 'x']], outputs: [] }, /dependencies\[1\]\[1\] is the text 'x', not the number/],
    ['half a dependency', { n_tasks: 2, dependencies: [[], [0.5]], outputs: [] }, /dependencies\[1\]\[0\] is 0\.5/],
    ['a dependency out of range', { n_tasks: 2, dependencies: [[2], []], outputs: [] }, /dependencies\[0\]\[0\] is 2, but the tasks are 0 to 1/],
    ['a negative dependency', { n_tasks: 2, dependencies: [[-1], []], outputs: [] }, /dependencies\[0\]\[0\] is -1/],
    ['an output out of range', { n_tasks: 2, dependencies: [[], []], outputs: [0, 5] }, /outputs\[1\] is 5, but the tasks are 0 to 1/],
    ['no outputs', { n_tasks: 1, dependencies: [[]] }, /outputs is missing/],
    ['a cycle', { n_tasks: 4, dependencies: [[], [3], [1], [2]], outputs: [3] }, /cycle, (1 -> 3 -> 2 -> 1|3 -> 2 -> 1 -> 3|2 -> 1 -> 3 -> 2): each of these tasks needs the next/],
    ['a task that needs itself', { n_tasks: 1, dependencies: [[0]], outputs: [0] }, /cycle, 0 -> 0/],
  ];

  test('a bad file is an error that names it and the place; the others are measured, and the status is 1', () => {
    const names = bad.map(([, content], i) => file(`bad-${i}.json`, content));
    mkdirSync(path.join(folder, 'folder'));
    const result = heddle('order', '--json', file('first.json', small), ...names, 'missing.json', 'folder', file('last.json', small));
    expect(result.status).toBe(1);
    expect(rows(result).map(({ name }) => name)).toEqual(['first', 'last']);
    const lines = result.stderr.trimEnd().split('\n');
    expect(lines.length).toBe(bad.length + 2);
    bad.forEach(([, , words], i) => {
      expect(lines[i]).toMatch(words);
      expect(lines[i].startsWith(`heddle order: bad-${i}.json: `)).toBe(true);
    });
    expect(lines.slice(-2)).toEqual(['heddle order: missing.json: there is no such file', 'heddle order: folder: this is a folder, not a file']);
  });

  test('a name cannot write to the terminal', () => {
    const { stdout, stderr } = heddle('order', file('a\x1b[31mb.json', small), 'c\x1b[2Jd.json');
    expect(stdout).toContain('a?[31mb');
    expect(stderr).toBe('heddle order: c?[2Jd.json: there is no such file\n');
  });

  test('stops quietly when nobody reads on', async () => {
    const child = spawn(process.execPath, [program, 'order', '--json', ...Array.from({ length: 20 }, () => file('small.json', small))], { cwd: folder });
    let said = '';
    child.stderr.on('data', (data) => (said += data));
    child.stdout.once('data', () => child.stdout.destroy());
    expect(await new Promise((resolve) => child.on('exit', resolve))).toBe(0);
    expect(said).toBe('');
  });
});

describe('the command', () => {
  test('says its version, and how it is used', () => {
    expect(heddle('--version')).toEqual({ status: 0, stdout: `${version}\n`, stderr: '' });
    expect(heddle('--help')).toMatchObject({ status: 0, stdout: expect.stringMatching(/^usage: heddle COMMAND/), stderr: '' });
    for (const args of [['order', '--help'], ['order', 'x.json', '-h']])
      expect(heddle(...args)).toMatchObject({ status: 0, stdout: expect.stringMatching(/^usage: heddle order FILE\.\.\./), stderr: '' });
  });

  test.each([[[]], [['oder']], [['--verbose']], [['order']], [['order', '--jsn', 'x']], [['order', '--order', 'worst', 'x']], [['order', '--order']], [['constructor']]])(
    'that is wrong is answered by its usage and status 2: %p', (args) => {
      const { status, stdout, stderr } = heddle(...args);
      expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
      expect(stderr).toContain('usage: heddle');
    });

  test('is found by npx in the repository', () => {
    const result = spawnSync('npx', ['heddle', '--version'], {
      cwd: root, encoding: 'utf8', env: { ...process.env, npm_config_offline: 'true', npm_config_cache: path.join(folder, 'cache') },
    });
    expect(result).toMatchObject({ status: 0, stdout: `${version}\n` });
  });
});
