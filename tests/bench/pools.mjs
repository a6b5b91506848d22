// What independent JavaScript tasks cost on two workers, through the package or through a pool of workers that
// others made: numbers, small objects, arrays of 8 MB, tasks that wait. One JSON object a case, in ns a task,
// medians of warm repeats: from the first call, with all inputs at hand, to the last result. The cases take
// turns within each repeat. Every result is checked.
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { Worker } from 'node:worker_threads';
import { array, number, object, pause } from './peers/pool-worker.mjs';

const WORKERS = 2;
/* As many tasks as may wait in a worker of ours: with piscina and tinypool one chooses. README.md says what their default, 1, gives. */
const PENDING = 64;
const script = fileURLToPath(new URL('peers/pool-worker.mjs', import.meta.url));

/* Each gives run(name, inputs), which hands in a task for each input at once and resolves to all results, and close(). */
const systems = {
  async heddle() {
    const { Runtime, compute, delayed } = await import('heddle');
    const runtime = await Runtime.start({ workers: WORKERS });
    const given = (ctx, a) => {
      const scaled = ctx.empty(Float64Array, a.length);
      for (let i = 0; i < a.length; i++) scaled[i] = 2 * a[i];
      return scaled;
    };
    const functions = { number: delayed(number), object: delayed(object), array: delayed(array), pause: delayed(pause), given: delayed(given, { ctx: true }) };
    return { run: (name, inputs) => compute(inputs.map((input) => functions[name](input)), { runtime, workers: WORKERS }), close: () => runtime.close() };
  },
  async piscina() {
    const { Piscina } = await import('piscina');
    return likePiscina((options) => new Piscina(options));
  },
  async tinypool() {
    const { Tinypool } = await import('tinypool');
    return likePiscina((options) => new Tinypool(options));
  },
  async workerpool() {
    const { default: workerpool } = await import('workerpool');
    const pool = workerpool.pool(script, { minWorkers: WORKERS, maxWorkers: WORKERS, workerType: 'thread' });
    return { run: (name, inputs) => Promise.all(inputs.map((input) => pool.exec(name, [input]))), close: () => pool.terminate() };
  },
  async comlink() {
    const { wrap } = await import('comlink/dist/esm/comlink.mjs'), { default: endpoint } = await import('comlink/dist/esm/node-adapter.mjs');
    const workers = Array.from({ length: WORKERS }, () => new Worker(script));
    const proxies = workers.map((worker) => wrap(endpoint(worker)));
    return {
      run: (name, inputs) => Promise.all(inputs.map((input, at) => proxies[at % WORKERS][name](input))),
      close: () => Promise.all(workers.map((worker) => worker.terminate())),
    };
  },
};

/** tinypool began as piscina, and is called in the same way. */
function likePiscina(create) {
  const pool = create({ filename: script, minThreads: WORKERS, maxThreads: WORKERS, concurrentTasksPerWorker: PENDING });
  return { run: (name, inputs) => Promise.all(inputs.map((input) => pool.run(input, { name }))), close: () => pool.destroy() };
}

const usage = `usage: node --expose-gc pools.mjs --system NAME [--tasks N] [--waiting N] [--many N] [--repeat R]
  --system NAME  ${Object.keys(systems).join(', ')}
  --tasks N      tasks with numbers, and with small objects (20000)
  --waiting N    tasks that wait (2000)
  --many N       also so many tasks with numbers
  --repeat R     measured repeats, after one warm-up (5)`;

const { values: wanted } = parseArgs({
  options: {
    system: { type: 'string' }, tasks: { type: 'string', default: '20000' }, waiting: { type: 'string', default: '2000' }, many: { type: 'string' },
    repeat: { type: 'string', default: '5' }, help: { type: 'boolean', short: 'h' },
  },
});
const [tasks, waiting, many, repeat] = [wanted.tasks, wanted.waiting, wanted.many ?? '1', wanted.repeat].map(Number);
if (wanted.help || !Object.hasOwn(systems, wanted.system ?? '') || ![tasks, waiting, many, repeat].every((count) => Number.isInteger(count) && count >= 1)) {
  (wanted.help ? console.log : console.error)(usage);
  process.exit(wanted.help ? 0 : 2);
}

const ARRAYS = 16, LENGTH = 2 ** 20; /* 8 MB */
const numbers = (count) => Array.from({ length: count }, (_, i) => i);
const objects = numbers(tasks).map((id) => ({ id, name: `task ${id}`, values: [id, id / 2, -id] }));
const arrays = numbers(ARRAYS).map((at) => Float64Array.from({ length: LENGTH }, (_, i) => i + at));
const isNext = (result, input) => result === input + 1;
const isChanged = ({ id, name, values }, input) => id === input.id + 1 && name === `${input.name}.` && values.length === 3 && values.every((x, i) => x === 2 * input.values[i]);
const isScaled = (result, input) => result instanceof Float64Array && result.length === input.length && result.every((x, i) => x === 2 * input[i]);

const cases = [
  { name: 'numbers', call: 'number', inputs: numbers(tasks), isRight: isNext },
  { name: 'objects', call: 'object', inputs: objects, isRight: isChanged },
  { name: 'arrays', call: 'array', inputs: arrays, isRight: isScaled },
  { name: 'given', call: 'given', inputs: arrays, isRight: isScaled },
  { name: 'waiting', call: 'pause', inputs: numbers(waiting), isRight: isNext },
  ...(wanted.many ? [{ name: 'many', call: 'number', inputs: numbers(many), isRight: isNext }] : []),
].map((one) => ({ ...one, samples: /** @type {number[]} */ ([]) }));

async function timed(run, { name, call, inputs, isRight }) {
  globalThis.gc?.();
  const start = performance.now();
  const results = await run(call, inputs);
  const ms = performance.now() - start;
  const wrong = results.length === inputs.length ? results.findIndex((result, at) => !isRight(result, inputs[at])) : results.length;
  if (wrong >= 0) throw new Error(`${name}: result ${wrong} is wrong`);
  return ms;
}

try {
  process.env.POOL = wanted.system;
  const { run, close } = await systems[wanted.system]();
  for (let i = -1; i < repeat; i++)
    for (const one of cases) {
      const ms = await timed(run, one);
      if (i >= 0) one.samples.push(ms); // before, it was the warm-up
    }
  await close();
} catch (error) {
  console.error(`pools: ${wanted.system}: ${error.message.split('\n')[0]}`);
  process.exit(1);
}

const median = (list) => list.sort((a, b) => a - b)[list.length >> 1];
for (const { name, inputs, samples } of cases)
  console.log(JSON.stringify({ system: wanted.system, case: name, tasks: inputs.length, workers: WORKERS, task_ns: Math.round((median(samples) * 1e7) / inputs.length) / 10 }));
