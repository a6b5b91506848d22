// What runs in each worker of the pools that Heddle is compared with, and the tasks themselves, which
// ours runs too. POOL in the environment names the pool: each has its own way to offer functions, and
// to say that a result is given away instead of copied.
import { isMainThread, parentPort } from 'node:worker_threads';

export const number = (x) => x + 1;

export const object = ({ id, name, values }) => ({ id: id + 1, name: `${name}.`, values: values.map((x) => 2 * x) });

export const array = (a) => {
  const scaled = new Float64Array(a.length);
  for (let i = 0; i < a.length; i++) scaled[i] = 2 * a[i];
  return scaled;
};

export const pause = async (x) => {
  await undefined;
  await new Promise((resolve) => setTimeout(resolve, 0));
  return x + 1;
};

/** Set below, by the pool. @type {(a: Float64Array) => Float64Array} */
let give;
export const given = (a) => give(array(a));

const pools = {
  async piscina() {
    const { move } = await import('piscina');
    give = (a) => move(a);
  },
  async tinypool() {
    const { default: Tinypool } = await import('tinypool');
    give = (a) => Tinypool.move(a);
  },
  async workerpool() {
    const { default: workerpool } = await import('workerpool');
    give = (a) => new workerpool.Transfer(a, [a.buffer]);
    workerpool.worker({ number, object, array, pause, given });
  },
  async comlink() {
    const comlink = await import('comlink/dist/esm/comlink.mjs'), { default: endpoint } = await import('comlink/dist/esm/node-adapter.mjs');
    give = (a) => comlink.transfer(a, [a.buffer]);
    comlink.expose({ number, object, array, pause, given }, endpoint(parentPort));
  },
};
if (!isMainThread) await pools[process.env.POOL]();
