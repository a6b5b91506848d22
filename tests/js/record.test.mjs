// What a recording tells those who run it: functions and their variants, contexts, what is merged.
import { describe, expect, test } from '@jest/globals';
import { annotate } from '../../wasm/js/annotate.js';
import { builtins } from '../../wasm/js/builtins.js';
import { Delayed, delayed } from '../../wasm/js/delayed.js';
import { bind, checkpoint, waitOn } from '../../wasm/js/manipulate.js';
import { LITERAL, Recording } from '../../wasm/js/record.js';
import { Reference } from '../../wasm/js/template.js';

const record = (...nodes) => {
  const recording = new Recording(nodes);
  recording.walk();
  return recording;
};
const fn = (x) => x;
const plain = { fn, name: 'fn', scope: undefined, inline: false, retries: undefined, timeoutMs: 0, ctx: false, module: undefined };

describe('functions', () => {
  test('stand there once, with all that is said of them', () => {
    const { functions, cheap, functionOf } = record(delayed(fn)(1), delayed(fn)(2), delayed(fn, { retries: 0, key: 'k' })(3));
    expect(functions).toEqual([plain, { ...plain, retries: 0 }]);
    expect([cheap, [...functionOf.view]]).toEqual([[], [0, 0, 2]]);
  });

  test('of which more is said stand there once for each that differs', () => {
    const variants = [{}, { inline: true }, { retries: 2 }, { retries: 3 }, { timeoutMs: 5 }, { retries: 2, timeoutMs: 5 }, { ctx: true }, { ctx: true, inline: true }, { name: 'other' }];
    const nodes = [...variants, ...variants].map((options) => delayed(fn, options)(1));
    const { functions, cheap, functionOf } = record(...nodes);
    expect(functions).toEqual(variants.map((options) => ({ ...plain, ...options })));
    expect(cheap).toEqual([1, 7]);
    expect([...functionOf.view]).toEqual([...variants, ...variants].map((_, at) => (at % variants.length) * 2));
  });

  test('are retried and timed as annotations say', () => {
    const often = delayed(fn, { retries: 2 });
    const { functions } = record(often(1), annotate({ retries: 0 }, () => often(1)), annotate({ timeoutMs: 9 }, () => often(1)));
    expect(functions.map(({ retries, timeoutMs }) => [retries, timeoutMs])).toEqual([[2, 0], [0, 0], [2, 9]]);
  });

  test('with scopes stand there by themselves, those of modules by their address', () => {
    const scope = { y: 1 };
    const { functions } = record(delayed(fn, { scope })(1), delayed(fn, { scope })(1), delayed({ module: 'file:///x.js', name: 'inc' })(1), delayed({ module: new URL('file:///x.js'), name: 'inc' })(2));
    expect(functions.map(({ scope, module }) => [scope, module])).toEqual([[scope, undefined], [scope, undefined], [undefined, { url: 'file:///x.js', name: 'inc' }]]);
  });

  test("of Heddle's own are those of the list, which carry nothing", () => {
    const node = delayed(5, { nout: 1, name: 'five' }), [item] = node;
    const { functions } = record(node, item, node.get('x'), node.call('at', 0), checkpoint(node), waitOn(node));
    expect(new Set(functions.map(({ fn }) => fn))).toEqual(new Set(Object.values(builtins)));
    for (const { scope } of functions) expect(scope).toBe(undefined);
  });
});

describe('a function with a context', () => {
  const withContext = delayed(fn, { ctx: true, name: 'withContext' });

  test("has the task's key before its arguments", () => {
    const node = withContext(7, delayed(fn)(1));
    const { args, argOffsets, literals } = record(node);
    expect([...args.view.subarray(0, argOffsets.view[1])]).toEqual([LITERAL, LITERAL + 1, 1]);
    expect(literals.slice(0, 2)).toEqual([node.key, 7]);
  });

  test('also where arguments are nested, or the task waits for others', () => {
    const nested = withContext([delayed(fn)(1)], 'x'), waiting = bind(withContext(7), delayed(fn)(1));
    expect(record(nested).literals[0].args).toEqual([nested.key, [new Reference(0)], 'x']);
    const { literals, args, argOffsets } = record(waiting);
    expect(literals[0].args).toEqual([waiting.key, new Reference(0)]);
    expect([...args.view.subarray(0, argOffsets.view[1])]).toEqual([LITERAL, LITERAL + 1, 1]);
    expect(literals[1]).toBe(7);
  });
});

test('Delayed inside are not looked for with traverse: false', () => {
  const inside = [delayed(fn)(1)];
  const { nodes, literals } = record(delayed(fn, { traverse: false })(inside));
  expect([nodes.length, literals[0] === inside, inside[0] instanceof Delayed]).toEqual([1, true, true]);
});
