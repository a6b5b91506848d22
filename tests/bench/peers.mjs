// Peers: each can be measured ({ program, about }), or has a reason why not ({ missing }).
import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync } from 'node:fs';
import { inRoot, output } from './measure.mjs';

function compile(name, source, ...command) {
  const program = inRoot(`build/bench/${name}`);
  mkdirSync(inRoot('build/bench'), { recursive: true });
  const [compiler, ...options] = command;
  const { status, error, stderr } = spawnSync(compiler, ['-O3', '-DNDEBUG', inRoot(`tests/bench/peers/${source}`), ...options, '-o', program], { encoding: 'utf8' });
  if (error) return { missing: `there is no ${compiler}` };
  return status === 0 ? { program } : { missing: stderr.split('\n').find((line) => line.includes('error')) ?? `${compiler} failed` };
}

export function prepareTbb() {
  const { program, missing } = compile('tbb_flow', 'tbb_flow.cpp', 'g++', '-std=c++17', '-ltbb');
  if (missing) return { missing: missing.includes('tbb') ? 'g++ finds no oneTBB' : missing };
  return { program, about: `oneTBB ${output('pkg-config', '--modversion', 'tbb') ?? '(version unknown)'}` };
}

export function prepareOpenMp() {
  const { program, missing } = compile('openmp_tasks', 'openmp_tasks.c', 'gcc', '-fopenmp');
  if (missing) return { missing };
  return { program, about: `OpenMP of gcc ${output('gcc', '-dumpfullversion') ?? '(version unknown)'}` };
}

/** Pools of workers for Node.js, by the name of their package. @returns {Record<string, { program?: string, about?: string, missing?: string }>} */
export function preparePools() {
  return Object.fromEntries(['piscina', 'tinypool', 'workerpool', 'comlink'].map((name) => {
    try {
      const { version } = JSON.parse(readFileSync(inRoot(`node_modules/${name}/package.json`), 'utf8'));
      return [name, { program: process.execPath, about: `${name} ${version}` }];
    } catch {
      return [name, { missing: `node_modules has no ${name}` }];
    }
  }));
}

export function prepareDask() {
  for (const python of ['/usr/bin/python3', 'python3']) {
    const versions = output(python, '-c', 'import dask, platform; print("Dask", dask.__version__, "on Python", platform.python_version())');
    if (versions) return { program: python, about: versions };
  }
  return { missing: 'python3 finds no dask' };
}
