// Map and reduce: count the words of each page, then merge the counts.
import { delayed, sleep } from 'heddle';

const pages = [
  'A loom holds many threads under tension, side by side.',
  'A heddle lifts some of the threads, and the shuttle runs under them.',
  'Then the heddle lifts the other threads, and the shuttle runs back.',
  'Which threads to lift, and when, is the pattern of the cloth.',
  'A program of tasks has a pattern too: which task waits for which.',
  'The scheduler lifts the tasks that wait for nothing, and the workers run them.',
];

// Map: one task a page. The result is a Map, which travels as it is.
const count = delayed(function count(page) {
  sleep(0.5); // as if the page came from far away
  const counts = new Map();
  for (const word of page.toLowerCase().match(/[a-z]+/g) ?? []) {
    counts.set(word, (counts.get(word) ?? 0) + 1);
  }
  return counts;
});

// Reduce: all counts into one.
const merge = delayed(function merge(parts) {
  const counts = new Map();
  for (const part of parts) {
    for (const [word, times] of part) {
      counts.set(word, (counts.get(word) ?? 0) + times);
    }
  }
  return counts;
});

// A third step that only needs the merged counts.
const most = delayed(function most(counts, number) {
  return [...counts].sort((a, b) => b[1] - a[1]).slice(0, number);
});

await most(merge(pages.map((page) => count(page))), 5).compute();
