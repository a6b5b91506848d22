// `npm run test:long -- MINUTES`: what takes too long for every day. The protocols over all states of
// larger cases as far as the minutes go, and the faults that the checkers must find; workers killed at each step of random graphs.
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const [minutes = '60', ...rest] = process.argv.slice(2);
if (rest.length || !(Number(minutes) > 0)) {
  console.error('usage: npm run test:long -- [MINUTES]   (60 if left out)');
  process.exit(2);
}
const model = fileURLToPath(new URL('c/model/', import.meta.url));
let failed = false;
for (const [script, ...args] of [['mutants.sh'], ['spin.sh', 'mutants'], ['spin.sh', 'long']]) {
  console.log(`\n${[script, ...args].join(' ')}`);
  const { status } = spawnSync('bash', [model + script, ...args], { stdio: 'inherit', env: { ...process.env, HEDDLE_BUDGET: minutes } });
  if (status === 77) console.log('not run');
  else if (status !== 0) failed = true;
}
/* Chaos: 200 graphs and as many more as the minutes go, each batch from another seed. */
const js = fileURLToPath(new URL('..', import.meta.url)), end = Date.now() + Number(minutes) * 60_000;
for (let seed = 1; seed === 1 || Date.now() < end; seed += 200) {
  console.log(`\nHEDDLE_SEED=${seed} HEDDLE_RUNS=200 npm run test:js -- chaos`);
  const { status } = spawnSync('npm', ['run', '--silent', 'test:js', '--', 'js/chaos.test'], { cwd: js, stdio: 'inherit',
    env: { ...process.env, HEDDLE_SEED: String(seed), HEDDLE_RUNS: '200' } });
  if (status === 0) continue;
  failed = true;
  break;
}
process.exit(failed ? 1 : 0);
