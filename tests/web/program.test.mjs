// What happens to a program's text and messages between the page and its thread; no browser is needed.
import { describe, expect, test } from '@jest/globals';
import { Events } from 'heddle/trace';
import fc from 'fast-check';
import { check } from '../../web/runner/protocol.js';
import { framesOf, placeIn, placeInProgram } from '../../web/runner/places.js';
import { inspectAll } from '../../web/runner/inspect.js';
import { rewrite } from '../../web/runner/source.js';

const AsyncFunction = Object.getPrototypeOf(async () => {}).constructor;
const exported = { delayed: (fn) => fn, sleep: () => {}, answer: 42 };

/** Runs a text as the program's thread does. */
async function run(text) {
  const { body, parameters, values } = rewrite(text, exported);
  return new AsyncFunction(...parameters, `"use strict";\n${body}`)(...values);
}

describe('a program', () => {
  test.each([
    ["import { answer } from 'heddle';\nanswer + 1", 43],
    ["import { answer as a, delayed } from 'heddle'; delayed(() => a)()", 42],
    ["import * as heddle from 'heddle';\nheddle.answer;", 42],
    ["import {\n  answer, // what it is\n  sleep,\n} from 'heddle';\nsleep();\nanswer; // the end", 42],
    ["answer + 1;\nimport { answer } from 'heddle';\nanswer", 42],
    ['1 + 1 // no semicolon, a comment', 2],
    ['({ a: 1 }).a;\n\n// ) the end (', 1],
    ['const x = await Promise.resolve(5);\nx * 2', 10],
    ['(1, 2)', 2],
    ['`a${1}b`', 'a1b'],
    ['#!/usr/bin/env node\n7', 7],
    ['const x = 1;', undefined],
    ['', undefined],
    ["'use strict'", undefined],
    ['this', undefined],
    ["const f = () => 7\nlet r = f\nimport { answer } from 'heddle'\n(1)\nr === f", true],
    ['if (true) 5', undefined],
  ])('%j gives %j', async (text, result) => {
    expect(await run(text)).toEqual(result);
  });

  test('every line stays where it was, but for what follows the last expression', () => {
    const text = "import {\n  answer,\n} from 'heddle';\n\nconst x = answer;\n  x + 1;";
    const { body, moved } = rewrite(text, exported);
    expect(body.split('\n').slice(0, 6).map((line) => line.trim().slice(0, 7).trim())).toEqual([';', '', '', '', 'const x', 'return']);
    expect(moved).toEqual({ line: 6, from: 3, shift: 8 });
  });

  test.each([
    ["import x from 'lodash'", /'lodash' cannot be imported here/, 1, 15],
    ["\n import 'https://example.org/x.js'", /cannot be imported here/, 2, 9],
    ["import heddle from 'heddle'", /no default export/, 1, 8],
    ["import { nothing } from 'heddle'", /no export 'nothing'; it has answer, delayed, sleep/, 1, 10],
    ["import { __proto__ as x } from 'heddle'", /no export '__proto__'/, 1, 10],
    ['export const x = 1', /nothing to export/, 1, 1],
    ["let a;\nawait import('x')", /import\(…\) and import.meta/, 2, 7],
    ['import.meta.url', /import\(…\) and import.meta/, 1, 1],
    ['let a = ;', /Unexpected token/, 1, 9],
    ['const a = 1;\nconst a = 2;', /already been declared/, 2, 7],
    ['return 5', /'return' outside of function/, 1, 1],
    ['with (Math) { }', /strict mode/, 1, 1],
  ])('%j is refused with its place', (text, message, line, column) => {
    let error;
    try {
      rewrite(text, exported);
    } catch (thrown) {
      error = thrown;
    }
    expect(error).toMatchObject({ name: 'SyntaxError', message: expect.stringMatching(message), line, column });
  });

  test('of any text is refused with a line, or becomes a function', () => {
    const pieces = fc.constantFrom('import', "'heddle'", '{', '}', '(', ')', 'from', 'await', 'x', '\n', ';', '`', '/', '//', '1', ' ', '=>', 'export', '${');
    fc.assert(fc.property(fc.array(pieces, { maxLength: 20 }), (parts) => {
      try {
        const { body, parameters } = rewrite(parts.join(''), exported);
        new AsyncFunction(...parameters, `"use strict";\n${body}`);
      } catch (error) {
        if (error.name !== 'SyntaxError') throw error;
      }
    }), { numRuns: 2000 });
  });
});

describe('places', () => {
  test('a stack of either engine names its scripts', () => {
    expect(placeIn('Error: x\n    at f (program.js:5:7)', 'program.js')).toEqual({ line: 5, column: 7 });
    expect(placeIn('f@heddle:in%20c:3:9\n@program.js:5:7', 'heddle:in%20c')).toEqual({ line: 3, column: 9 });
    expect(placeIn('f@other.js:3:9', 'program.js')).toBeUndefined();
    expect(placeIn(undefined, 'program.js')).toBeUndefined();
  });

  test('an error whose message looks like a place is not fooled by', () => {
    const error = new Error('at program.js:1:2');
    error.stack = `Error: ${error.message}\n    at program.js:3:7`;
    expect(placeIn(framesOf(error), 'program.js')).toEqual({ line: 3, column: 7 });
    expect(framesOf(Object.assign(new Error('x'), { stack: 'f@program.js:5:7' }))).toBe('f@program.js:5:7');
  });

  test('columns of the last expression are those of the text', () => {
    const program = { body: '', parameters: [], values: [], moved: { line: 2, from: 1, shift: 8 } };
    expect(placeInProgram({ line: 5, column: 15 }, 3, program)).toEqual({ line: 2, column: 7 });
    expect(placeInProgram({ line: 4, column: 15 }, 3, program)).toEqual({ line: 1, column: 15 });
  });
});

describe('a message of a program', () => {
  const graph = () => ({ count: 2, names: ['f'], nameOf: new Uint32Array(2), keys: ['a', 'b'], offsets: Uint32Array.of(0, 0, 1),
    inputs: Uint32Array.of(0), outputs: Uint32Array.of(1), groups: Uint32Array.of(0, 0xffffffff) });
  const begin = () => ({ type: 'begin', run: 1, scheduler: 'sync', workers: 1, graph: graph() });
  const batch = () => ({ type: 'batch', run: 1, atMs: 1, tasks: Uint32Array.of(0, 1), states: new Uint8Array(2), startMs: new Float64Array(2).fill(NaN),
    elapsedMs: new Float32Array(2), worker: new Uint16Array(2), attempts: new Uint8Array(2), bytes: new Float64Array(2), events: new Events().take() });

  test('passes when it is well formed', () => {
    const graphs = new Map();
    for (const message of [begin(), batch(), { type: 'end', run: 1, atMs: 2, outcome: 'done' }, { type: 'print', lines: [{ level: 'log', text: 'x' }, { level: 'warn', text: 'y', worker: 1, name: 'inc' }], skipped: 0 },
      { type: 'finished', ms: 1, result: '5' }, { type: 'finished', ms: 1, error: { name: 'E', message: 'm', line: 3, column: 1, task: { key: 'k', name: 'n', worker: 0 } } }])
      expect(check(message, graphs)).toBe(message);
  });

  test.each([
    ['nothing', null], ['a text', 'finished'], ['an unknown type', { type: 'eval' }], ['a name of Object', { type: 'constructor' }],
    ['a text that is none', { type: 'print', lines: [{ level: 'log', text: { toString: () => 'x' } }], skipped: 0 }],
    ['a text that is too long', { type: 'print', lines: [{ level: 'log', text: 'x'.repeat(20_001) }], skipped: 0 }],
    ['a name that is too long', { type: 'print', lines: [{ level: 'log', text: 'x', worker: 0, name: 'x'.repeat(1001) }], skipped: 0 }],
    ['too many lines', { type: 'print', lines: Array(1001).fill({ level: 'log', text: '' }), skipped: 0 }],
    ['a worker that cannot be', { ...batch(), worker: Uint16Array.of(0, 65535) }],
    ['a batch of an unknown run', { ...batch(), run: 7 }],
    ['a batch of the wrong length', { ...batch(), states: new Uint8Array(3) }],
    ['a batch of a task that does not exist', { ...batch(), tasks: Uint32Array.of(0, 2) }],
    ['an event that cannot be', { ...batch(), events: { ...new Events().take(), kind: Uint8Array.of(1) } }],
    ['a graph with a cycle', { ...begin(), graph: { ...graph(), inputs: Uint32Array.of(1) } }],
    ['a state that does not exist', { ...batch(), states: Uint8Array.of(1, 99) }],
    ['an input that does not exist', { ...begin(), graph: { ...graph(), inputs: Uint32Array.of(5) } }],
    ['offsets that go back', { ...begin(), graph: { ...graph(), count: 2, offsets: Uint32Array.of(0, 9, 1) } }],
    ['arrays that are none', { ...begin(), graph: { ...graph(), nameOf: [0, 0] } }],
    ['a group that does not exist', { ...begin(), graph: { ...graph(), groups: Uint32Array.of(7) } }],
    ['too many tasks', { ...begin(), graph: { ...graph(), count: 1e9 } }],
    ['an error without a message', { type: 'finished', ms: 1, error: { name: 'x' } }],
  ])('%s is dropped', (_, message) => {
    const graphs = new Map([[1, 2]]);
    expect(check(message, graphs)).toBeUndefined();
    expect(graphs.size).toBe(1);
  });

  test('of any form never throws', () => {
    const types = fc.constantFrom('begin', 'batch', 'end', 'print', 'finished', 'hosted', 'fatal');
    fc.assert(fc.property(types, fc.object({ key: fc.constantFrom('run', 'graph', 'count', 'states', 'ms', 'error', 'text', 'names', 'offsets') }), (type, rest) => {
      check({ ...rest, type }, new Map([[0, 1]]));
    }), { numRuns: 2000 });
  });
});

test('values are shown as a console shows them', () => {
  expect(inspectAll(['a text', 1, { a: [1, 2] }, new Map([[1, 2]]), null, undefined])).toBe("a text 1 { a: [ 1, 2 ] } Map{ 1 => 2 } null undefined");
  expect(inspectAll([new RangeError('far')])).toBe('RangeError: far');
  expect(inspectAll([{ get x() { throw new Error('no'); } }, 0, -0, [0]])).toBe('object 0 -0 [ 0 ]');
  expect(inspectAll([Object.assign(new Error('x'), { toString() { throw new Error('no'); } })])).toBeTruthy();
  expect(inspectAll([{ inspect: () => 'x'.repeat(30_000) }])).toHaveLength(20_000);
  expect(inspectAll([Symbol('z'.repeat(50_000))]).length).toBeLessThanOrEqual(20_000);
  expect(inspectAll(['x'.repeat(30_000)])).toHaveLength(20_000);
});
