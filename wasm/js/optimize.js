/** `optimize`: one graph of many, with what is there twice merged. It records; nothing runs. */
import { builtins } from './builtins.js';
import { mapLeaves } from './containers.js';
import { Delayed } from './delayed.js';
import { nodesIn } from './manipulate.js';
import { planOf } from './options.js';
import { inputsOf, mapInputs } from './record.js';

/** Whether a node only passes on another one's result, and nothing else is said of it. @param {Delayed} node */
function passesOn(node) {
  const { fn, key, nout } = Delayed.task(node);
  return fn === builtins.value && key === undefined && nout === undefined && Delayed.args(node)[0] instanceof Delayed &&
    Delayed.after(node).length === 0 && !Delayed.annotations(node);
}

/**
 * The same structure with Delayed that compute to the same, of one graph in which equal pure calls are one node and
 * nodes that only pass on another's result are left out. Keys stay, also those that were given, so compute either
 * the structure or what this gives. What is not needed is in no graph of Delayed, and chains are fused, and cheap
 * functions inlined, when it is computed.
 * @template T
 * @param {T} structure a Delayed, or containers with Delayed inside
 * @param {import('./options.js').Optimize} [options] as `compute` takes them; false: the structure as it is
 * @returns {T}
 * @throws {import('./errors.js').OptionError}
 * @example
 * const load = delayed((file) => file.length, { pure: true });
 * const [a, b] = optimize([load('x'), load('x')]); // a === b
 */
export function optimize(structure, options = true) {
  planOf({ optimize: options }); /* says what is wrong with them */
  if (options === false) return structure;
  /** @type {Map<unknown, Delayed>} */
  const others = new Map();
  /** @type {Map<string, Delayed>} Pure nodes by key. */
  const pure = new Map();
  const otherOf = (/** @type {Delayed} */ node) => others.get(node) ?? node;
  const merged = (/** @type {Delayed} */ node, /** @type {Delayed[]} */ inputs) => {
    const same = Delayed.isPure(node) ? pure.get(node.key) : undefined;
    if (same) return same;
    if (passesOn(node)) return otherOf(inputs[0]);
    let other = node;
    if (inputs.some((input) => otherOf(input) !== input)) {
      const { args, after } = mapInputs(node, otherOf);
      other = Delayed.withInputs(node, args, after);
    }
    if (Delayed.isPure(node)) pure.set(node.key, other);
    return other;
  };
  /* Each after what it needs. */
  const open = [...nodesIn(structure)].reverse(), entered = new Set();
  for (let node; (node = open.at(-1)); ) {
    const inputs = others.has(node) ? [] : inputsOf(node);
    if (!others.has(node) && !entered.has(node)) {
      entered.add(node);
      for (const input of inputs) if (!entered.has(input)) open.push(input);
      if (open.at(-1) !== node) continue;
    }
    open.pop();
    if (!others.has(node)) others.set(node, merged(node, inputs));
  }
  return /** @type {T} */ (mapLeaves(structure, (leaf) => others.get(leaf) ?? leaf));
}
