// Tasks that wait: several at a time on one worker. Each gets a context, says how far it is, and what it does.
import { asCompleted, delayed } from 'heddle';

const steps = delayed(async function steps(ctx, count, pause) {
  for (let step = 1; step <= count; step++) {
    await new Promise((resolve) => setTimeout(resolve, pause));
    ctx.progress(step / count);
  }
  if (count > 2) ctx.log('the last of', count, 'steps'); // is labelled with the task's key
  return count;
}, { ctx: true });

const last = { share: 0 };
const onProgress = ({ done, total, remainingMs }) => {
  if (remainingMs !== undefined) last.share = done / total;
};

const start = performance.now();
for await (const [node, result] of asCompleted([steps(4, 100), steps(2, 100), steps(1, 100)], { workers: 1, onProgress }))
  console.log(`${node.key}: ${result}`);
console.log(`${100 * last.share} % done after ${((performance.now() - start) / 1000).toFixed(2)} s: 0.7 s of waiting`);
