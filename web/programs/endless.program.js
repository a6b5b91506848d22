// A task without end, to try Stop on. The page stays awake, and
// the next run starts afresh.
import { delayed, sleep } from 'heddle';

const inc = delayed(function inc(x) {
  sleep(0.5);
  return x + 1;
});

const forever = delayed(function forever(x) {
  while (true) x += 1;
});

const add = delayed(function add(x, y) {
  return x + y;
});

// add waits for forever, and so never runs.
await add(inc(1), forever(inc(2))).compute();
