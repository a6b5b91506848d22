// The command heddle trace: what is in a recorded run.
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { compute, delayed } from 'heddle';
import { Recorder, summary } from 'heddle/diagnostics';

const program = fileURLToPath(new URL('../../dist/cli.js', import.meta.url));
const folder = mkdtempSync(path.join(tmpdir(), 'heddle-trace-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const heddle = (...args) => {
  const { status, stdout, stderr } = spawnSync(process.execPath, [program, 'trace', ...args], { cwd: folder, encoding: 'utf8', timeout: 30_000 });
  return { status, stdout, stderr };
};

const inc = delayed(function inc(x) { return x + 1; });
const add = delayed(function add(x, y) { return x + y; });
const z = add(inc(1), inc(2));
const recorder = new Recorder();
beforeAll(async () => {
  await recorder.watch(() => compute(z, { scheduler: 'sync' }));
  await recorder.save(path.join(folder, 'run.heddle'));
});

describe('heddle trace', () => {
  test('prints the summary of a run', () => {
    expect(heddle('run.heddle')).toEqual({ status: 0, stdout: `${summary(recorder.last)}\n`, stderr: '' });
  });

  test('tells what happened to one task', () => {
    const { status, stdout } = heddle('run.heddle', '--task', z.key);
    expect(status).toBe(0);
    expect(stdout).toMatch(/^ *0\.0 ms {2}waits for 2 inputs\n[^]* is done after /);
    expect(heddle('run.heddle', '--task', 'nobody')).toMatchObject({ status: 1, stderr: "heddle trace: the run has no task 'nobody'.\n" });
  });

  test('writes a picture, and what Perfetto opens', () => {
    expect(heddle('run.heddle', '--svg', 'run.svg', '--chrome', 'run.json')).toEqual({ status: 0, stdout: '', stderr: '' });
    expect(readFileSync(path.join(folder, 'run.svg'), 'utf8')).toMatch(/^<svg [^]*Task stream: 3 tasks/);
    const { traceEvents } = JSON.parse(readFileSync(path.join(folder, 'run.json'), 'utf8'));
    expect(traceEvents.filter(({ ph, name }) => ph === 'X' && /^(inc|add)/.test(name)).length).toBe(3);
  });

  test('does all that is asked for at once', () => {
    const { status, stdout } = heddle('run.heddle', '--task', z.key, '--chrome', 'both.json');
    expect(status).toBe(0);
    expect(stdout).toMatch(/is done after/);
    expect(readFileSync(path.join(folder, 'both.json'), 'utf8')).toContain('traceEvents');
  });

  test('says what is wrong, without a stack', () => {
    writeFileSync(path.join(folder, 'other'), 'something else');
    for (const [args, status, says] of [[['other'], 1, /^heddle trace: other: .*no trace/], [['missing'], 1, /ENOENT.*missing/], [[], 2, /which file\?\n\nusage:/],
      [['a', 'b'], 2, /one file at a time/], [['run.heddle', '--png', 'x'], 2, /--png/], [['run.heddle', '--svg', 'no/where.svg'], 1, /ENOENT.*where\.svg/],
      [['run.heddle', '--chrome', 'no/where.json'], 1, /ENOENT.*where\.json/]]) {
      const result = heddle(...args);
      expect(result).toMatchObject({ status, stdout: '' });
      expect(result.stderr).toMatch(says);
      expect(result.stderr).not.toContain('    at ');
    }
  });

  test('--help says what there is', () => {
    const { status, stdout } = heddle('--help');
    expect(status).toBe(0);
    for (const option of ['--task', '--chrome', '--svg']) expect(stdout).toContain(option);
  });
});
