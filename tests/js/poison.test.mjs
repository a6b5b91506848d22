// Tasks that go wrong in every way that we could think of (poisons.mjs): each gives what it is expected to, or an error
// of the expected type, under both schedulers; and the pool computes as before.
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { compute, config, delayed } from 'heddle';
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { MEMORY, outcomeOf, poisons } from './poisons.mjs';

const inc = delayed((x) => x + 1);
const add = delayed((x, y) => x + y);
const list = delayed((...all) => ({ all, text: 'é', array: Float64Array.from(all) }));
const later = delayed(async (x) => { await new Promise((resolve) => setTimeout(resolve, 1)); return [x]; });

/** What has some of everything, for both workers. */
const work = () => ({ lists: Array.from({ length: 8 }, (_, i) => list(inc(i), add(inc(i), 1))), late: [later(inc(1)), later(2), later([3])], odd: inc(-1) });
const worked = {
  lists: Array.from({ length: 8 }, (_, i) => ({ all: [i + 1, i + 2], text: 'é', array: Float64Array.from([i + 1, i + 2]) })),
  late: [[2], [2], [[3]]], odd: 0,
};

/** @param {import('./poisons.mjs').Poison} poison */
function expectOutcome({ gives, throws }, { gave, threw }) {
  if (!throws) return expect({ gave, threw }).toEqual({ gave: gives });
  const { message, ...rest } = throws;
  expect({ gave, threw }).toMatchObject({ threw: rest });
  if (message) expect(threw.message).toMatch(message);
}

// What a task leaves behind is reported where it is, on purpose.
const { error, log } = console;
beforeAll(() => {
  config.memory = MEMORY;
  console.error = console.log = () => {};
});
afterAll(() => {
  config.memory = undefined;
  Object.assign(console, { error, log });
});

describe.each(poisons)('a task that $name', (poison) => {
  test('on threads', async () => {
    const options = { scheduler: 'threads', workers: 2 };
    expectOutcome(poison, await outcomeOf(poison, options));
    expect(await compute(work(), options)).toEqual(worked);
  });

  if (!poison.threadsOnly)
    test('with sync and strict', async () => {
      const options = { scheduler: 'sync', strict: true };
      if (!poison.child) {
        expectOutcome({ ...poison, ...poison.strict }, await outcomeOf(poison, options));
        expect(await compute(work(), options)).toEqual(worked);
        return;
      }
      const { status, stdout } = spawnSync(process.execPath, [fileURLToPath(new URL('poisons.mjs', import.meta.url)), String(poisons.indexOf(poison))],
        { encoding: 'utf8', timeout: 20_000 });
      expect(status).toBe(0);
      const { next, ...outcome } = JSON.parse(stdout);
      expectOutcome({ ...poison, ...poison.strict }, outcome);
      expect(next).toEqual([2, 3]);
    });
});
