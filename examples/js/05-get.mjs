// A graph as plain data, in the format of Dask's first commit: a key has a value, or a task
// [function, ...arguments] whose arguments may be keys.
import { get } from 'heddle';

const inc = (x) => x + 1;
const add = (x, y) => x + y;
const sum = (numbers) => numbers.reduce((total, number) => total + number, 0);

const graph = {
  x: 1,
  y: [inc, 'x'],
  z: [add, 'x', 'y'],
  all: [sum, ['x', 'y', 'z']],
};

const start = performance.now();
console.log('z =', await get(graph, 'z'));
console.log('x, [y, z] =', JSON.stringify(await get(graph, ['x', ['y', 'z']])));
console.log('all =', await get(graph, 'all', { scheduler: 'sync' }));
console.log(`after ${((performance.now() - start) / 1000).toFixed(2)} s`);

// What is wrong with a graph is said before anything runs.
for (const [bad, key] of [[{ a: [inc, 'b'], b: [inc, 'a'] }, 'a'], [graph, 'w']]) {
  try {
    await get(bad, key);
  } catch (error) {
    console.log(`${error.name}: ${error.message}`);
  }
}
