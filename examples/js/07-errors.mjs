// Errors: where they come from, trying again, a limit on time, and going on with the rest.
import { compute, delayed } from 'heddle';

const root = delayed(function root(x) {
  if (x < 0) throw new RangeError(`no root of ${x}`);
  return Math.sqrt(x);
});
const unsteady = delayed(function unsteady(ctx) {
  if (ctx.attempt < 3) throw new Error('not yet');
  return `the attempt ${ctx.attempt}`;
}, { ctx: true, retries: 5 });
const endless = delayed(function endless() {
  for (;;);
}, { timeoutMs: 200 });

// The first error stops the computation. It is what the task threw, and knows the task.
try {
  await compute([root(4), root(-1)]);
} catch (error) {
  console.log(`${error.name}: ${error.message}, in ${error.task.key}, ${error.task.made.replace(/.*\//, '')}`);
}

console.log(await unsteady().compute());

// All that can be done is done, and what came of it is told with the errors.
const roots = [root(1), root(-4), root(9)];
try {
  await compute({ roots, sum: delayed((xs) => xs.length)(roots), endless: endless() }, { stopOnError: false });
} catch (error) {
  for (const each of error.errors.sort((a, b) => (a.task.name < b.task.name ? -1 : 1))) console.log(`${each.name} in ${each.task.name}`);
  console.log(error.results);
}
