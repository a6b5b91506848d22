// Work instead of sleep: 4 parts, each adding up 0 to 39,999,999 in a plain loop.
//
// In CPython this program is as slow on 4 threads as on 1, because one lock lets only one thread
// interpret at a time. JavaScript workers have no such lock: with 2 free processors, 2 workers take
// about half the time.
import { delayed } from 'heddle';

const part = delayed(function part() {
  let total = 0;
  for (let number = 0; number < 40_000_000; number++) total += number;
  return total;
});

const sum = delayed(function sum(numbers) {
  return numbers.reduce((total, number) => total + number, 0);
});

const total = sum([part(), part(), part(), part()]);

const best = { 1: Infinity, 2: Infinity };
for (let round = 0; round < 3; round++) {
  // The best of three rounds: the first one also starts the threads and compiles the loop.
  for (const workers of [1, 2]) {
    const start = performance.now();
    const result = await total.compute({ workers });
    best[workers] = Math.min(best[workers], (performance.now() - start) / 1000);
    if (round === 2) console.log(`total = ${result} after ${best[workers].toFixed(2)} s, workers: ${workers}`);
  }
}
console.log(`${(best[1] / best[2]).toFixed(2)} times as fast: no interpreter lock`);
