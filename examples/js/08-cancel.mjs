// Cancelling: the computation rejects at once, tasks are told by their context's signal, and the threads go on.
import { CancelledError, compute, delayed } from 'heddle';

const polite = delayed(async function polite(ctx) {
  await new Promise((resolve) => ctx.signal.addEventListener('abort', resolve)); // or fetch(url, { signal: ctx.signal })
}, { ctx: true });
const endless = delayed(function endless() {
  for (;;); // its thread is ended, and another takes its place
});

const controller = new AbortController();
setTimeout(() => controller.abort('enough'), 300);
const start = performance.now();
try {
  await compute([polite(), endless()], { workers: 2, signal: controller.signal });
} catch (error) {
  console.log(error instanceof CancelledError, error.cause);
}
console.log(`after ${((performance.now() - start) / 1000).toFixed(2)} s`);

const inc = delayed((x) => x + 1);
console.log(await compute([inc(1), inc(2)]));
