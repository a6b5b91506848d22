// A loop with a decision in it: even numbers are doubled, odd ones incremented. The decision is made
// while the graph is built, so it needs no delayed.
import { delayed, sleep } from 'heddle';

const inc = delayed(function inc(x) {
  sleep(1);
  return x + 1;
});

const double = delayed(function double(x) {
  sleep(1);
  return x * 2;
});

const sum = delayed(function sum(numbers) {
  return numbers.reduce((total, number) => total + number, 0);
});

const isEven = (x) => x % 2 === 0;

const results = [];
for (let x = 1; x <= 10; x++) results.push(isEven(x) ? double(x) : inc(x));

const start = performance.now();
const total = await sum(results).compute({ workers: 2 });
const seconds = ((performance.now() - start) / 1000).toFixed(2);
console.log(`total = ${total} after ${seconds} s with 2 workers: 10 calls of a second each`);
