// A loop made parallel.
import { delayed, sleep } from 'heddle';

const inc = delayed(function inc(x) {
  sleep(1);
  return x + 1;
});

const sum = delayed(function sum(numbers) {
  return numbers.reduce((total, number) => total + number, 0);
});

// The loop runs at once, because inc(x) is only recorded.
const results = [];
for (const x of [1, 2, 3, 4, 5, 6, 7, 8]) {
  results.push(inc(x));
}

// An array of delayed results is an argument like any other.
const total = sum(results);

// 8 calls of a second each: 8 seconds one by one, 4 with
// 2 workers. How long with 3 workers? Try it.
await total.compute();
