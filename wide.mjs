import { delayed, compute, Runtime } from 'heddle';
const inc = delayed((x) => x + 1); const rt = await Runtime.start({workers:2});
for (let r=0;r<10;r++){ const t=performance.now(); const a=Array.from({length:100000},(_, i)=>inc(i)); const b=performance.now()-t; const res=await compute(a,{runtime:rt}); const c=performance.now()-t; if(r>4) console.log((b*10).toFixed(0), (c*10).toFixed(0), res[99999]); } await rt.close();
