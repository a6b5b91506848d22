import { delayed, compute, Runtime } from 'heddle';
const r = await Runtime.start({ workers: 1 });
const t1 = delayed(async () => { await new Promise((ok) => setTimeout(ok, 5000)); return 't1'; }, { timeoutMs: 400, name: 't1' });
const big = delayed((ctx) => { const end = Date.now() + 700; while (Date.now() < end); return { attempt: ctx.attempt, list: Array.from({ length: 400000 }, (_, i) => ({ i, s: 'x' + i })) }; }, { ctx: true, name: 'big' });
for (let k = 0; k < 2; k++) {
  const t0 = performance.now();
  await compute([t1(), big()], { runtime: r, stopOnError: false }).then(() => console.log('all ok?'), (e) => console.log('7:', e.errors.map((x) => x.name + ': ' + x.message), 'attempt of big', e.results[1]?.attempt, Math.round(performance.now() - t0)));
}
await r.close();
