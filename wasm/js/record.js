/**
 * Recording: the walk from the wanted nodes to everything they need, and its result, one flat batch of
 * numbers. All schedulers start from it. Without recursion, and in steps, so that a page can draw.
 */
import { Delayed } from './delayed.js';
import { ValueError } from './errors.js';
import { findInside, isContainer, mapLeaves } from './containers.js';

/** In a batch, an argument is a task's index or, with this bit, a literal's (HD_BATCH_LITERAL). */
export const LITERAL = 0x80000000;

/** Where a task's argument stands inside a nested container, by the place of its reference. */
export class Reference {
  /** @param {number} place */
  constructor(place) {
    this.place = place;
  }
}

/** The arguments of a call in which nodes stand inside containers: References take their places. */
export class Template {
  /** @param {unknown[]} args */
  constructor(args) {
    this.args = args;
  }
}

/** A growing array of 32-bit words. */
export class Words {
  #words = new Uint32Array(64);
  length = 0;

  /** @param {number} word */
  push(word) {
    if (this.length === this.#words.length) {
      const grown = new Uint32Array(this.length * 2);
      grown.set(this.#words);
      this.#words = grown;
    }
    this.#words[this.length++] = word;
  }

  /** The words so far; valid until the next push. */
  get view() {
    return this.#words.subarray(0, this.length);
  }
}

/** Whether a node stands inside a container among the arguments. @param {readonly unknown[]} args */
function hasNested(args) {
  for (const arg of args)
    if (typeof arg === 'object' && !(arg instanceof Delayed) && isContainer(arg) && findInside(arg, Delayed).length > 0) return true;
  return false;
}

let recordings = 0;

/** What is reachable from some nodes, as numbers. */
export class Recording {
  #number = ++recordings;
  /** @type {Delayed[]} Each task's node, by index. */
  nodes = [];
  /** @type {import('./delayed.js').TaskFunction[]} */
  functions = [];
  /** @type {Map<object, number>} By the function itself, so that delayed(f)(1), delayed(f)(2) share it. */
  #functionNumbers = new Map();
  /** For each task: its function's number * 2, and 1 if its first literal is a Template. */
  functionOf = new Words();
  argOffsets = new Words();
  args = new Words();
  /** @type {unknown[]} */
  literals = [];
  /** @type {number[]} Tasks whose results are wanted. */
  outputs;

  /**
   * @param {Iterable<Delayed>} wanted
   * @param {Iterable<Delayed>} [others] nodes that belong to the graph too and are checked with it
   */
  constructor(wanted, others = []) {
    this.outputs = Array.from(wanted, (node) => this.#place(node));
    for (const node of others) this.#place(node);
    this.argOffsets.push(0);
  }

  /** The index of a node; a new one is to be walked later. @param {Delayed} node */
  #place(node) {
    let index = Delayed.placeIn(node, this.#number);
    if (index < 0) {
      index = this.nodes.length;
      Delayed.mark(node, this.#number, index);
      this.nodes.push(node);
    }
    return index;
  }

  /** @param {import('./delayed.js').TaskFunction} task */
  #functionNumber(task) {
    const identity = task.scope ? task : task.fn;
    let number = this.#functionNumbers.get(identity);
    if (number === undefined) {
      number = this.functions.length;
      this.#functionNumbers.set(identity, number);
      this.functions.push(task);
    }
    return number;
  }

  /** @param {unknown} value */
  #literal(value) {
    this.args.push((LITERAL | this.literals.length) >>> 0);
    this.literals.push(value);
  }

  /** @param {Delayed} node */
  #walk(node) {
    const given = Delayed.args(node);
    const nested = hasNested(given);
    if (nested) {
      /** @type {Delayed[]} */
      const references = [];
      const template = mapLeaves(given, (leaf) => leaf instanceof Delayed ? new Reference(references.push(leaf) - 1) : leaf);
      this.#literal(new Template(/** @type {unknown[]} */ (template)));
      for (const reference of references) this.args.push(this.#place(reference));
    } else {
      for (const arg of given)
        if (arg instanceof Delayed) this.args.push(this.#place(arg));
        else this.#literal(arg);
    }
    this.functionOf.push(this.#functionNumber(Delayed.task(node)) * 2 + (nested ? 1 : 0));
    this.argOffsets.push(this.args.length);
  }

  /**
   * Walks on for about so many milliseconds. True: all is recorded.
   * @param {number} [budgetMs]
   */
  walk(budgetMs = Infinity) {
    const until = budgetMs === Infinity ? Infinity : performance.now() + budgetMs;
    for (let at = this.functionOf.length; at < this.nodes.length; at++) {
      try {
        this.#walk(this.nodes[at]);
      } catch (cause) { /* a getter in an argument threw */
        const task = this.describe(at);
        throw Object.assign(new ValueError(`an argument of '${task.key}' cannot be read: ${cause}`, { cause }), { task });
      }
      if (at % 256 === 255 && until !== Infinity && performance.now() > until) return false;
    }
    return true;
  }

  /** What a task is called. @param {number} index */
  describe(index) {
    const node = this.nodes[index];
    return { key: node.key, name: Delayed.task(node).name };
  }

  /** Keys that users gave, by task; undefined if there is none. @returns {(string | undefined)[] | undefined} */
  givenKeys() {
    /** @type {(string | undefined)[] | undefined} */
    let keys;
    this.nodes.forEach((node, index) => {
      const key = Delayed.givenKey(node);
      if (key !== undefined) (keys ??= [])[index] = key;
    });
    return keys;
  }
}
