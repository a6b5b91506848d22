import { delayed, compute, Runtime } from 'heddle';
const rt = await Runtime.start({workers:2});
const make = delayed((ctx, n, v) => ctx.empty(Float64Array, n).fill(v), {ctx:true, name:'make'});
const next = delayed((a) => { const b = new Float64Array(a.length); for (let i=0;i<1000;i++) new Float64Array(1000).fill(3); return a.map(x=>x+1); }, {name:'next'});
const same = delayed((a) => a, {name:'same'});
const base = rt.memory.live;
for (let r=0;r<20;r++) {
 const res = await compute(Array.from({length:50},(_, i)=>same(next(make(10000, i)))), {runtime: rt});
 res.forEach((a,i)=>{ if (a.length!==10000 || a.some(x=>x!==i+1)) throw new Error('wrong '+i+' '+a[0]); });
 const res2 = await compute(Array.from({length:50},(_, i)=>same(same(make(10000, i)))), {runtime: rt});
 res2.forEach((a,i)=>{ if (a.some(x=>x!==i)) throw new Error('wrong2 '+i+' '+a[0]); });
}
console.log('ok', base, rt.memory.live, rt.memory.bytes); await rt.close();
