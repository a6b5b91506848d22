// Calls that are recorded now and run later.
import { delayed, sleep } from 'heddle';

// delayed makes a function lazy. Each of these takes a second,
// as if it had real work to do.
const inc = delayed(function inc(x) {
  sleep(1);
  return x + 1;
});

const add = delayed(function add(x, y) {
  sleep(1);
  return x + y;
});

// Nothing runs here: each call only adds a task to a graph.
const x = inc(1);
const y = inc(2);
const z = add(x, y); // z needs x and y; x and y need nothing
console.log(`nothing has run yet: ${z}`);

// Now it runs. Serial takes 3 seconds. Parallel takes 2:
// x and y do not wait for each other, z waits for both.
await z.compute();
