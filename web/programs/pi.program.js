// Pi by throwing darts: the share of random points of a square
// that fall into its quarter circle is pi / 4.
import { delayed } from 'heddle';

const darts = 4_000_000; // for each task

// Each task has random numbers of its own, from a seed, so that
// Serial and Parallel give exactly the same answer.
const hits = delayed(function hits(seed, darts) {
  let state = seed >>> 0;
  const random = () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  let inside = 0;
  for (let dart = 0; dart < darts; dart++) {
    const x = random();
    const y = random();
    if (x * x + y * y < 1) inside++;
  }
  return inside;
});

const estimate = delayed(function estimate(counts, darts) {
  const inside = counts.reduce((total, count) => total + count, 0);
  return (4 * inside) / (darts * counts.length);
});

const counts = [];
for (let seed = 1; seed <= 12; seed++) {
  // A task sees only its arguments: darts is passed along.
  counts.push(hits(seed * 1_000_003, darts));
}

await estimate(counts, darts).compute();
