import { delayed, compute, Runtime, config } from 'heddle';
// cancel while a hung microtask loop; cancel + rerun; live bytes go back
const r = await Runtime.start({ workers: 2 });
const live0 = r.memory.live;
config.graceMs = 200;
const micro = delayed(async () => { for (;;) await null; });
const c = new AbortController(); setTimeout(() => c.abort(), 200);
const t0 = performance.now();
console.log('10:', await compute([micro(), micro()], { runtime: r, signal: c.signal }).catch((e) => e.name), Math.round(performance.now() - t0));
console.log('10 next:', await compute(delayed((x) => x + 1)(1), { runtime: r }), Math.round(performance.now() - t0));
await new Promise((ok) => setTimeout(ok, 6500));
console.log('10 live', live0, r.memory.live, r.workers);
await r.close();
