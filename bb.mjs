import { delayed, compute } from 'heddle';
const inc = delayed((x) => x + 1), add = delayed((x, y) => x + y);
function red(n){ let level = Array.from({length:n},(_, i)=>inc(i)); while(level.length>1){const s=[];for(let a=0;a+1<level.length;a+=2)s.push(add(level[a],level[a+1]));if(level.length%2)s.push(level.at(-1));level=s;} return level[0]; }
for (let r=0;r<12;r++){ if(process.env.GC) globalThis.gc?.(); const t=performance.now(); const z=red(50000); const b=performance.now()-t; const t1=performance.now(); if(process.argv[2]) await z.compute({scheduler:process.argv[2], workers: 2}); const c=performance.now()-t1; if(r>3) console.log((b*10).toFixed(0), (c*10).toFixed(0)); }
