// A task that fails. The error arrives as it was thrown, and says
// which task it came from; tasks that needed its result do not run.
import { delayed, sleep } from 'heddle';

const parse = delayed(function parse(text) {
  sleep(0.5);
  const number = Number(text);
  if (Number.isNaN(number)) {
    throw new RangeError(`not a number: ${text}`);
  }
  return number;
});

const mean = delayed(function mean(numbers) {
  return numbers.reduce((total, number) => total + number, 0) / numbers.length;
});

const column = ['12.5', '9', 'eleven', '14', '10.25', '13'];

// Correct the column above and run it again.
await mean(column.map((text) => parse(text))).compute();
