import { delayed, compute } from 'heddle';
// group retry: shared attempts
let n = 0;
const a = delayed((ctx, x) => ({ x, a: ctx.attempt }), { ctx: true });
const b = delayed((ctx, o) => { o.x++; if (ctx.attempt < 3) throw new Error('again'); return { ...o, b: ctx.attempt }; }, { ctx: true, retries: 3 });
const c = delayed((ctx, o) => ({ ...o, c: ctx.attempt }), { ctx: true });
for (const o of [{ scheduler: 'sync' }, { scheduler: 'sync', strict: true }, { scheduler: 'threads', workers: 1 }]) console.log('9:', await compute(c(b(a(1))), o));
// strict: exit after an await
process.on('exit', (c) => console.log('exit', c));
const e = delayed(async () => { await 0; process.exit(3); });
console.log('9 threads:', await compute(e(), { scheduler: 'threads', workers: 1 }).catch((x) => x.message));
console.log('9 strict:', await compute(e(), { scheduler: 'sync', strict: true }).catch((x) => x.message));
