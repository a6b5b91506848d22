// optimize(): one graph of many.
import { describe, expect, test } from '@jest/globals';
import { OptionError, bind, compute, delayed, optimize } from 'heddle';
import { Delayed as Node, delayed as lazy, identity } from '../../wasm/js/delayed.js';
import { optimize as optimizeThere } from '../../wasm/js/optimize.js';
import '../../wasm/js/tokenize.js';
import { rejection, ways } from './ways.mjs';

const pure = delayed((x) => x + 1, { pure: true, name: 'pure' });
const inc = delayed((x) => x + 1, { name: 'inc' });
const sum = delayed((list) => list.reduce((all, x) => all + x, 0), { name: 'sum' });

describe.each(ways.filter(({ way }) => ['sync', 'threads, 2 workers', 'computeSync, threads'].includes(way)))('$way', ({ run }) => {
  test('what it gives computes to the same', async () => {
    const make = () => ({ a: sum([pure(1), pure(1), inc(pure(1))]), b: new Map([['c', [bind(inc(1), pure(2))]]]), d: pure(pure(1)), e: 5 });
    expect(await run(optimize(make()))).toEqual(await run(make()));
  });
});

test('equal pure calls become one node, in the structure and in arguments', () => {
  //  pure pure      pure
  //   |    |   ->    | \
  //   a   inc        a  inc
  const same = lazy((x) => x + 1, { pure: true, name: 'pure' }), other = lazy((x) => x, { name: 'inc' });
  const [a, b, list, again] = optimizeThere([same(1), other(same(1)), other([same(1), [same(2)]]), same(1)]);
  expect([a.key, again === a, Node.args(b)[0] === a]).toEqual([same(1).key, true, true]);
  expect(Node.args(list)[0][0]).toBe(a);
  expect(Node.args(list)[0][1][0].key).toBe(same(2).key);
});

test('nodes that only pass on another are left out, unless something is said of them', () => {
  const one = lazy((x) => x)(1), passing = new Node(identity, [new Node(identity, [one])]), reader = lazy((x) => x)(passing);
  expect(optimizeThere(passing)).toBe(one);
  expect(Node.args(optimizeThere(reader))).toEqual([one]);
  const named = lazy([one], { key: 'mine' });
  expect(optimizeThere(named)).toBe(named);
});

test('keys stay, and nodes of which nothing changes', async () => {
  const mine = delayed((x, y) => x + y, { key: 'mine' })(pure(1), pure(1)), plain = inc(inc(1));
  const [other, same] = optimize([mine, plain]);
  expect([other.key, same]).toEqual(['mine', plain]);
  expect(same).toBe(plain);
  expect(await compute(other, { scheduler: 'sync' })).toBe(4);
  expect(await rejection(compute([mine, other], { scheduler: 'sync' }))).toMatchObject({ name: 'DuplicateKeyError' });
});

test('annotations, nout and purity stay', () => {
  const pair = delayed((x, y) => [x, y], { nout: 2, pure: true, priority: 4 });
  const [first, second] = optimize([pair(pure(1), pure(1)), pair(pure(1), pure(1))]);
  expect(first).toBe(second);
  expect([first.length, first.annotations, [...first][0].key === [...second][0].key]).toEqual([2, { priority: 4 }, true]);
});

test('options are as those of compute; false leaves all as it is', () => {
  const structure = [pure(1), pure(1)];
  expect(optimize(structure, false)).toBe(structure);
  expect(optimize(structure, { fuse: false, inline: true })[0].key).toBe(structure[0].key);
  for (const wrong of [5, { melt: true }, null]) expect(() => optimize(structure, wrong)).toThrow(OptionError);
});

test('a chain of 50,000, and a node over as many', async () => {
  let chain = pure(0);
  const parts = [];
  for (let i = 1; i < 50_000; i++) parts.push((chain = inc(chain)));
  expect(await compute(optimize([chain, sum(parts), pure(0)]), { scheduler: 'sync' })).toEqual([50_000, parts.reduce((all, _, i) => all + i + 2, 0), 1]);
});
