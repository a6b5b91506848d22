// Making a loop parallel: inc of 1 to 8, a second each, and their sum.
import { delayed, sleep } from 'heddle';

const inc = delayed(function inc(x) {
  sleep(1);
  return x + 1;
});

const sum = delayed(function sum(numbers) {
  return numbers.reduce((total, number) => total + number, 0);
});

const results = [];
for (const x of [1, 2, 3, 4, 5, 6, 7, 8]) results.push(inc(x));
const total = sum(results); // an array of delayed results is an argument like any other

for (const workers of [1, 2, 4]) {
  const start = performance.now();
  const result = await total.compute({ workers });
  const seconds = ((performance.now() - start) / 1000).toFixed(2);
  console.log(`total = ${result} after ${seconds} s with ${workers} ${workers === 1 ? 'worker' : 'workers'}`);
}
