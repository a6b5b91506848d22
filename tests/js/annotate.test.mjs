// annotate(): what is said about tasks, and how far it goes.
import { afterEach, describe, expect, test } from '@jest/globals';
import { OptionError, annotate, bind, clone, compute, delayed, get, watch } from 'heddle';

const inc = delayed((x) => x + 1);
const first = delayed((x) => x, { name: 'first', priority: 3 });

let unwatch = () => {};
afterEach(() => unwatch());

test('annotate runs a function at once and gives its result', () => {
  expect(annotate({ stage: 'load' }, () => 5)).toBe(5);
  expect(() => annotate({}, () => { throw new RangeError('mine'); })).toThrow(RangeError);
  expect(inc(1).annotations).toEqual({});
});

test('what is recorded meanwhile carries the annotations, and nothing else does', () => {
  const before = inc(1);
  const [inside, deep] = annotate({ stage: 'load', priority: 2 }, () => [inc(before), [1].map((x) => inc(x))[0]]);
  expect([before, inside, deep, inc(inside)].map(({ annotations }) => annotations))
    .toEqual([{}, { stage: 'load', priority: 2 }, { stage: 'load', priority: 2 }, {}]);
  expect(Object.isFrozen(inside.annotations)).toBe(true);
});

test('of two that are nested both are carried, and the inner one wins', () => {
  const [outer, inner, after] = annotate({ a: 1, b: 1 }, () => {
    const one = inc(1);
    const two = annotate({ b: 2, c: 2 }, () => inc(2));
    return [one, two, inc(3)];
  });
  expect([outer, inner, after].map(({ annotations }) => annotations)).toEqual([{ a: 1, b: 1 }, { a: 1, b: 2, c: 2 }, { a: 1, b: 1 }]);
});

test('a function that throws leaves nothing behind', () => {
  expect(() => annotate({ a: 1 }, () => annotate({ b: 1 }, () => { throw new Error('no'); }))).toThrow('no');
  expect(inc(1).annotations).toEqual({});
});

test("a function's priority is an annotation of its tasks, and annotate says otherwise", () => {
  expect(first(1).annotations).toEqual({ priority: 3 });
  expect(annotate({ priority: 5, who: 'me' }, () => first(1)).annotations).toEqual({ priority: 5, who: 'me' });
  expect(annotate({ who: 'me' }, () => first(1)).annotations).toEqual({ priority: 3, who: 'me' });
});

test("a function's retries and timeoutMs are annotations of its tasks, and annotate says otherwise", () => {
  const often = delayed((x) => x, { retries: 2, timeoutMs: 50 });
  expect(often(1).annotations).toEqual({ retries: 2, timeoutMs: 50 });
  expect(annotate({ retries: 0 }, () => often(1)).annotations).toEqual({ retries: 0, timeoutMs: 50 });
  expect(annotate({ retries: 65535, timeoutMs: 0.5 }, () => inc(1)).annotations).toEqual({ retries: 65535, timeoutMs: 0.5 });
});

test('clones carry what their originals carry, and what is said around them', () => {
  const node = annotate({ a: 1, b: 1 }, () => inc(1));
  expect(clone(node).annotations).toEqual({ a: 1, b: 1 });
  expect(annotate({ b: 2 }, () => bind(node, inc(2))).annotations).toEqual({ a: 1, b: 2 });
});

test.each([
  ['no object', () => annotate('high', () => {}), 'annotations'], ['null', () => annotate(null, () => {}), 'annotations'],
  ['a list', () => annotate([1], () => {}), 'annotations'], ['no function', () => annotate({ priority: 1 }), 'fn'],
  ['a priority in words', () => annotate({ priority: 'high' }, () => {}), 'priority'],
  ['a priority with a fraction', () => annotate({ priority: 1.5 }, () => {}), 'priority'],
  ['a priority beyond 32 bits', () => annotate({ priority: 2 ** 31 }, () => {}), 'priority'],
  ['a priority that is NaN', () => annotate({ priority: NaN }, () => {}), 'priority'],
  ['a function among the annotations', () => annotate({ done: () => {} }, () => {}), 'annotations'],
  ['a priority of a function', () => delayed((x) => x, { priority: '1' }), 'priority'],
  ['retries with a fraction', () => annotate({ retries: 0.5 }, () => {}), 'retries'],
  ['retries beyond 16 bits', () => annotate({ retries: 65536 }, () => {}), 'retries'],
  ['a timeoutMs below 0', () => annotate({ timeoutMs: -1 }, () => {}), 'timeoutMs'],
  ['a timeoutMs without end', () => annotate({ timeoutMs: Infinity }, () => {}), 'timeoutMs'],
  ['an inline that is no boolean', () => delayed((x) => x, { inline: 1 }), 'inline'],
])('%s is an OptionError', (_, misuse, option) => {
  let error;
  try {
    misuse();
  } catch (thrown) {
    error = thrown;
  }
  expect(error).toBeInstanceOf(OptionError);
  expect(error).toMatchObject({ code: 'OPTION', option });
});

describe.each([['sync', { scheduler: 'sync', strict: true }], ['threads', { scheduler: 'threads', workers: 2 }]])('watched, with %s', (_, options) => {
  const begins = () => {
    const all = [];
    unwatch = watch((message) => message.type === 'begin' && all.push(message.graph));
    return all;
  };

  test('the graph says which tasks carry what', async () => {
    const graphs = begins();
    const a = annotate({ stage: 'load', tags: ['x'] }, () => inc(1)), b = inc(a), c = first(b);
    await compute(c, options);
    const [{ keys, annotations }] = graphs;
    expect(Object.fromEntries(keys.map((key, task) => [key, annotations[task]])))
      .toEqual({ [a.key]: { stage: 'load', tags: ['x'] }, [b.key]: undefined, [c.key]: { priority: 3 } });
  });

  test('without annotations it says nothing of them', async () => {
    const graphs = begins();
    await compute(inc(inc(1)), options);
    expect(graphs[0]).not.toHaveProperty('annotations');
  });

  test('a raw graph is annotated as a whole', async () => {
    const graphs = begins();
    await annotate({ who: 'me' }, () => get({ x: [() => 1], y: [(x) => x, 'x'] }, 'y', options));
    expect(graphs[0].annotations).toEqual([{ who: 'me' }, { who: 'me' }]);
  });
});
