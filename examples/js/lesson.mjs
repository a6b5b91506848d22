// `npm start`: the lesson's programs, one after another.
import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const programs = readdirSync(new URL('.', import.meta.url)).filter((name) => /^\d\d-.*\.mjs$/.test(name)).sort();
for (const program of programs) {
  console.log(`\n$ node examples/js/${program}`);
  const { status } = spawnSync(process.execPath, [fileURLToPath(new URL(program, import.meta.url))], { stdio: 'inherit' });
  if (status !== 0) process.exit(status ?? 1);
}
