/**
 * A job: a recording in the form that threads need, with functions as text. `packJob` makes it something
 * that can be posted to another thread, `unpackJob` a job again.
 */
import { encodeLiterals } from '../core/graph.js';
import { describe } from '../functions/ship.js';
import { encodeArgument } from '../held.js';

/**
 * @typedef {import('../core/graph.js').Batch & {
 *   functions: string[],
 *   names: string[],
 *   timed: boolean,
 *   plan: import('../options.js').Plan,
 *   encodeLiteral: (literal: any) => import('../values/codec.js').Encoded,
 *   taskFunction: (index: number) => import('../delayed.js').TaskFunction | undefined,
 * }} Job `names`: of the functions; `timed`: whether any has a time limit
 */

/**
 * @param {import('../record.js').Recording} recording
 * @param {import('../options.js').Plan} plan
 * @returns {Job}
 * @throws {import('../errors.js').FunctionError}
 */
export function jobOf(recording, plan) {
  return {
    functions: recording.functions.map(describe),
    functionOf: recording.functionOf,
    argOffsets: recording.argOffsets,
    args: recording.args,
    literals: recording.literals,
    outputs: recording.outputs,
    cheap: recording.cheap,
    retries: recording.retries,
    names: recording.functions.map(({ name }) => name),
    timed: recording.functions.some(({ timeoutMs }) => timeoutMs > 0),
    priorities: recording.priorities,
    plan,
    encodeLiteral: encodeArgument,
    describe: (index) => recording.describe(index),
    keys: () => recording.keys(),
    taskFunction: (index) => recording.taskFunction(index),
    givenKeys: () => recording.givenKeys(),
    annotations: () => recording.annotations(),
  };
}

/** @param {Job} job */
export function packJob(job) {
  return {
    functions: job.functions,
    functionOf: job.functionOf.view,
    argOffsets: job.argOffsets.view,
    args: job.args.view,
    /* A view would be posted with the whole of its buffer. */
    literals: encodeLiterals(job, job.encodeLiteral).map((encoded) => (encoded.bytes ? { ...encoded, bytes: encoded.bytes.slice() } : encoded)),
    outputs: job.outputs,
    cheap: job.cheap,
    retries: job.retries,
    names: job.names,
    timed: job.timed,
    priorities: job.priorities,
    plan: job.plan,
    tasks: Array.from({ length: job.functionOf.length }, (_, index) => job.describe(index)),
    givenKeys: job.givenKeys(),
  };
}

/** @param {ReturnType<typeof packJob>} packed @returns {Job} */
export function unpackJob(packed) {
  const words = (/** @type {Uint32Array} */ view) => ({ view, length: view.length });
  return {
    functions: packed.functions,
    functionOf: words(packed.functionOf),
    argOffsets: words(packed.argOffsets),
    args: words(packed.args),
    literals: packed.literals,
    outputs: packed.outputs,
    cheap: packed.cheap,
    retries: packed.retries,
    names: packed.names,
    timed: packed.timed,
    priorities: packed.priorities,
    plan: packed.plan,
    encodeLiteral: (literal) => literal,
    describe: (index) => packed.tasks[index],
    keys: () => packed.tasks.map(({ key }) => key),
    taskFunction: () => undefined, /* errors are shown where they are thrown to */
    givenKeys: () => packed.givenKeys,
    annotations: () => undefined, /* nobody watches there */
  };
}
