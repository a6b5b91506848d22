import { delayed, computeSync, compute } from 'heddle';
const mix = delayed((x) => x * 2); 
for (let r=0;r<6;r++) for (const f of [compute, computeSync]) { const res=await f(Array.from({length:100000},(_, i)=>mix(i)),{scheduler:'threads',workers:2}); let bad=0, first=-1; for(let i=0;i<100000;i++) if(res[i]!==i*2){bad++; if(first<0) first=i;} console.log(f.name, res.length,bad,first,res[first]); }
