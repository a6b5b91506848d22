/** Random graphs of tasks that may be killed, fail or be cancelled, from a seed. */
import { delayed } from 'heddle';

/** Numbers from 0 to 1, always the same ones for a seed (mulberry32). @param {number} seed */
export function randomFrom(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Any argument as a whole number, by what is in it. */
function digest(value) {
  if (typeof value === 'number') return (Math.imul(value, 31) + 7) | 0;
  if (ArrayBuffer.isView(value)) return value.reduce((hash, number) => (Math.imul(hash, 31) + number) | 0, value.length);
  return Object.values(value).flat().reduce((hash, number) => (Math.imul(hash, 31) + digest(number)) | 0, 3);
}

/** Notes in a file that a task begins, and ends this thread if it is the first that finds so many begun. A task's copy in the
 * caller's thread does nothing. */
function step(file, at) {
  if (!file) return;
  const fs = globalThis.process.getBuiltinModule('node:fs');
  fs.appendFileSync(file, '.');
  if (!at || fs.statSync(file).size < at) return;
  try {
    fs.closeSync(fs.openSync(`${file}.ended`, 'wx'));
  } catch {
    return;
  }
  globalThis.process.reallyExit(1);
}

const scope = { digest, step };
const sum = (args) => args.reduce((hash, arg) => (Math.imul(hash, 31) + digest(arg)) | 0, 1);
const carried = { scope: { ...scope, sum } };

/** Each gives another kind of value; the first arguments are the file and where to end. */
export const kinds = {
  number: delayed((file, at, ...args) => { step(file, at); return sum(args); }, carried),
  object: delayed((file, at, ...args) => { step(file, at); return { hash: sum(args), list: [args.length, 1] }; }, carried),
  floats: delayed((file, at, ...args) => { step(file, at); return new Float64Array(2000).fill(sum(args) % 1000); }, carried),
  room: delayed((ctx, file, at, ...args) => {
    const array = ctx.empty(Int32Array, 500);
    step(file, at);
    return array.fill(sum(args));
  }, { ...carried, ctx: true }),
  later: delayed(async (file, at, ...args) => {
    await null;
    step(file, at);
    await new Promise((resolve) => setTimeout(resolve, 1));
    return sum(args);
  }, carried),
  lateRoom: delayed(async (ctx, file, at, ...args) => {
    const array = ctx.empty(Uint8Array, 3000);
    await new Promise((resolve) => setTimeout(resolve));
    step(file, at);
    return array.fill(sum(args)).subarray(10);
  }, { ...carried, ctx: true }),
  again: delayed((ctx, file, at, ...args) => {
    step(file, at);
    ctx.empty(Uint8Array, 1000);
    if (ctx.attempt === 1) throw new Error('try again');
    return sum(args);
  }, { ...carried, ctx: true, retries: 2 }),
};

/**
 * A graph of 10 to 60 tasks, in which many a chain can be fused.
 * @param {number} seed
 * @returns {{ count: number, build: (file?: string, at?: number) => any }} its last node's structure
 */
export function randomGraph(seed) {
  const random = randomFrom(seed), whole = (/** @type {number} */ below) => Math.floor(random() * below);
  const names = Object.keys(kinds), count = 10 + Math.floor(51 * random() ** 3), reach = [1, 2, 5, 60][whole(4)];
  const plan = Array.from({ length: count }, (_, i) => ({
    kind: random() < 0.4 ? 'number' : names[whole(names.length)],
    args: Array.from({ length: whole(4) }, () => (i === 0 ? -whole(99) - 1 : i - 1 - whole(Math.min(reach, i)))),
  }));
  return {
    count,
    build(file = '', at = 0) {
      const made = [];
      for (const { kind, args } of plan) made.push(kinds[kind](file, at, ...args.map((arg) => (arg < 0 ? arg : made[arg]))));
      return { last: made.at(-1), some: made.filter((_, i) => i % 7 === 3), hub: kinds.number(file, at, ...made) };
    },
  };
}
