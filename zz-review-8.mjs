import { delayed, compute, computeSync, persist } from 'heddle';
const f = delayed((n) => [n]);
const t = f(1), p = await persist(t, { scheduler: 'sync' });
const g = delayed((a, b) => [a, b]);
for (const scheduler of ['sync', 'threads']) {
  console.log('8:', scheduler, await compute(g(t, p), { scheduler }).catch((e) => e.message));
}
const h = delayed((n) => n, { key: 'k1' });
try { const k = delayed((n) => n)(5); const pk = await persist(k); console.log(k.key, pk.key, await compute([k, pk])); } catch (e) { console.log(e.message); }
// computeSync keep going
const bad = delayed((n) => { throw new TypeError('bad ' + n); });
const ok = delayed((n) => new Map([[n, new Float64Array([1, 2])]]));
for (const scheduler of ['sync', 'threads']) try { computeSync({ a: bad(1), b: ok(2), c: g(bad(3), 1) }, { scheduler, stopOnError: false }); } catch (e) { console.log('8 keep', scheduler, e.name, e.message, e.results, e.errors.map((x) => [x.name, x.message, x.task])); }
