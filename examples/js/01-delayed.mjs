// The first program of the lesson: two calls of inc and one of add, each taking a second.
import { delayed, sleep } from 'heddle';

const inc = delayed(function inc(x) {
  sleep(1);
  return x + 1;
});

const add = delayed(function add(x, y) {
  sleep(1);
  return x + y;
});

const x = inc(1);
const y = inc(2);
const z = add(x, y);
console.log(`nothing has run yet: ${z}`);

for (const options of [{ scheduler: 'sync' }, { scheduler: 'threads', workers: 2 }]) {
  const start = performance.now();
  const result = await z.compute(options);
  const seconds = ((performance.now() - start) / 1000).toFixed(2);
  const how = options.scheduler === 'sync' ? 'one by one' : 'x and y at the same time, on 2 threads';
  console.log(`${result} after ${seconds} s, ${how}`);
}
