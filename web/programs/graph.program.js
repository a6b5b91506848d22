// A graph as plain data, as in Dask's first commit: a key has a
// value, or a task [function, ...arguments]. Arguments that are
// keys stand for their results.
import { get, sleep } from 'heddle';

const inc = (x) => {
  sleep(0.5);
  return x + 1;
};
const add = (x, y) => {
  sleep(0.5);
  return x + y;
};
const sum = (numbers) => numbers.reduce((total, number) => total + number, 0);

const graph = {
  x: 1,
  y: [inc, 'x'],
  z: [add, 'x', 'y'],
  w: [inc, 10],
  all: [sum, ['x', 'y', 'z', 'w']],
};

// Several keys give an array of results. What is not needed for
// them does not run: take 'all' away and w is left out.
await get(graph, ['z', 'all']);
