// Where and with what a benchmark was measured; and a part's results as a file.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import { inRoot, output } from './measure.mjs';

const loadBefore = os.loadavg(); /* as this file is imported: before anything is measured */

/** @param {Record<string, { about?: string, missing?: string }>} peers */
export function describeMachine(peers) {
  const { version } = JSON.parse(readFileSync(inRoot('package.json'), 'utf8'));
  const cpus = os.cpus(), compiler = (command) => output(command, '--version')?.split('\n')[0] ?? `no ${command}`;
  const changed = output('git', 'status', '--porcelain', '--untracked-files=no', '--', 'src', 'wasm', 'tests/bench', 'package.json');
  return {
    heddle: version,
    commit: `${output('git', 'rev-parse', '--short', 'HEAD') ?? 'no commit'}${changed ? ' with changes' : ''}`,
    date: new Date().toISOString().slice(0, 10),
    processor: `${cpus.length} x ${cpus[0]?.model.trim() ?? 'unknown processor'}`,
    memory_gb: Math.round(os.totalmem() / 2 ** 30),
    system: `${os.type()} ${os.release()}`,
    load_before: loadBefore.map((one) => Math.round(one * 10) / 10),
    node: process.version,
    compilers: [compiler('emcc'), compiler('gcc')],
    peers: Object.fromEntries(Object.entries(peers).map(([peer, { about, missing }]) => [peer, missing ? `not run: ${missing}` : about])),
  };
}

/** Some lines for people. @param {ReturnType<typeof describeMachine>} machine */
export function machineText(machine) {
  return `Heddle ${machine.heddle} (${machine.commit}), ${machine.date}
${machine.processor}, ${machine.memory_gb} GB, ${machine.system}; load before: ${machine.load_before.map((one) => one.toFixed(1)).join(' ')}
Node.js ${machine.node}; ${machine.compilers.join('; ')}
peers: ${Object.entries(machine.peers).map(([peer, text]) => (text.startsWith('not run') ? `${peer}: ${text}` : text)).join('; ')}`;
}

/** Writes FOLDER/PART.json: readable, one row a line. @param {{ machine: object, how: object, rows: object[] }} results */
export function saveResults(folder, part, { machine, how, rows }) {
  mkdirSync(folder, { recursive: true });
  const head = JSON.stringify({ part, machine, how }, null, 2).replace(/\n\}$/, '');
  writeFileSync(`${folder}/${part}.json`, `${head},\n  "rows": [\n${rows.map((row) => `    ${JSON.stringify(row)}`).join(',\n')}\n  ]\n}\n`);
  console.log(`saved ${part}.json: ${rows.length} rows`);
}
