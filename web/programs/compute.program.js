// Work instead of sleep: each part adds up 0 to 39,999,999.
//
// Some languages have one lock that lets only one thread
// interpret at a time, and this program gains nothing there.
// JavaScript workers have no such lock: with 2 free processors,
// 2 workers take about half the time.
import { delayed } from 'heddle';

const part = delayed(function part() {
  let total = 0;
  for (let number = 0; number < 40_000_000; number++) {
    total += number;
  }
  return total;
});

const sum = delayed(function sum(numbers) {
  return numbers.reduce((total, number) => total + number, 0);
});

const total = sum([part(), part(), part(), part()]);

await total.compute();
