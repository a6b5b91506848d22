// A loop with a decision in it.
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

// isEven is not delayed: its answer is needed now, to decide
// which task to record. What decides the graph's shape stays eager.
const isEven = (x) => x % 2 === 0;

const results = [];
for (let x = 1; x <= 10; x++) {
  results.push(isEven(x) ? double(x) : inc(x));
}

await sum(results).compute();
