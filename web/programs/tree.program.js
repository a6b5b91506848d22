// A tree reduction: add numbers in pairs, then the sums in pairs,
// until one is left.
import { delayed, sleep } from 'heddle';

const add = delayed(function add(x, y) {
  sleep(0.25);
  return x + y;
});

let level = Array.from({ length: 16 }, (_, index) => index + 1);

while (level.length > 1) {
  const next = [];
  for (let index = 0; index < level.length; index += 2) {
    next.push(add(level[index], level[index + 1]));
  }
  level = next;
}

// 15 additions in 4 levels. With 8 workers the time is that of
// 4 additions: the longest path through the graph. More workers
// than that have nothing to do.
await level[0].compute();
