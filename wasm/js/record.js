/**
 * Recording: the walk from the wanted nodes to everything they need, and its result, one flat batch of
 * numbers. All schedulers start from it. Without recursion, and in steps, so that a page can draw.
 */
import { Delayed, identity, taskFunction } from './delayed.js';
import { ValueError } from './errors.js';
import { findInside, isContainer, mapLeaves } from './containers.js';
import { Held } from './held.js';
import { Reference, Template } from './template.js';

/** In a batch, an argument is a task's index or, with this bit, a literal's (HD_BATCH_LITERAL). */
export const LITERAL = 0x80000000;

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

/** Whether nodes stand inside a container. @param {unknown} arg */
const isNested = (arg) => typeof arg === 'object' && !(arg instanceof Delayed) && isContainer(arg) && findInside(arg, Delayed).length > 0;

/** Whether nodes stand inside containers among a node's arguments, and are looked for there. @param {Delayed} node */
export function hasNested(node) {
  const args = Delayed.args(node), { traverse } = Delayed.task(node);
  if (traverse !== false) for (let at = 0; at < args.length; at++) if (typeof args[at] === 'object' && isNested(args[at])) return true;
  return false;
}

/** What a node needs: its arguments, and what it waits for. @param {Delayed} node @returns {Delayed[]} */
export function inputsOf(node) {
  const args = Delayed.args(node);
  const inputs = hasNested(node) ? findInside(args, Delayed) : /** @type {Delayed[]} */ (args.filter((arg) => arg instanceof Delayed));
  return [...inputs, ...Delayed.after(node)];
}

/** The same with other nodes in their places. @param {Delayed} node @param {(input: Delayed) => Delayed} replace */
export function mapInputs(node, replace) {
  const given = Delayed.args(node), after = Delayed.after(node);
  const other = (/** @type {unknown} */ leaf) => (leaf instanceof Delayed ? replace(leaf) : leaf);
  const args = /** @type {unknown[]} */ (hasNested(node) ? mapLeaves(given, other) : given.map(other));
  return { args, after: after.length ? after.map(replace) : after };
}

/**
 * What a batch calls: a function, or one of its variants. Two are distinct if anything in them differs.
 * @typedef {object} RecordedFunction
 * @property {Function} fn
 * @property {string} name of its tasks
 * @property {Record<string, unknown> | undefined} scope
 * @property {boolean} inline
 * @property {number | undefined} retries how often a task that failed runs again; undefined: it does not say
 * @property {number} timeoutMs how long one run may take; 0: as long as it takes
 * @property {boolean} ctx whether it takes a context: then its first argument here is the task's key
 * @property {{ url: string, name: string } | undefined} module
 */

/**
 * Nodes that are to be recorded, each once, and of pure ones that are the same task one.
 * @param {Iterable<Delayed>} nodes
 * @returns {{ wanted: Delayed[], places: Map<Delayed, number> }} where each node's result stands among the wanted
 */
export function distinct(nodes) {
  /** @type {Delayed[]} */
  const wanted = [];
  /** @type {Map<Delayed, number>} */
  const places = new Map();
  /** @type {Map<string, number>} */
  const pure = new Map();
  for (const node of nodes) {
    if (places.has(node)) continue;
    let place = Delayed.isPure(node) ? pure.get(node.key) : undefined;
    place ??= wanted.push(node) - 1;
    if (Delayed.isPure(node)) pure.set(node.key, place);
    places.set(node, place);
  }
  return { wanted, places };
}

let recordings = 0;

/** What is reachable from some nodes, as numbers. */
export class Recording {
  #number = ++recordings;
  /** @type {Delayed[]} Each task's node, by index. */
  nodes = [];
  /** @type {RecordedFunction[]} */
  functions = [];
  /** @type {Map<object, number>} By the function itself, so that delayed(f)(1), delayed(f)(2) share it. */
  #functionNumbers = new Map();
  /** @type {Map<object, Map<string, number>>} Of functions of which more is said than by most: by what is said. */
  #variantNumbers = new Map();
  /** Functions whose tasks rather run again than be kept. @type {number[]} */
  cheap = [];
  /** @type {Map<string, number>} Pure tasks by key. */
  #pure = new Map();
  /** For each task: its function's number * 2, and 1 if its first literal is a Template. */
  functionOf = new Words();
  argOffsets = new Words();
  args = new Words();
  /** @type {unknown[]} */
  literals = [];
  /** @type {number[]} Tasks whose results are wanted. */
  outputs;
  /** @type {number[]} Tasks with a priority that is not 0, each followed by it. */
  priorities = [];
  #annotated = false;
  /** What was asked for last, as neighbours often call the same. @type {import('./delayed.js').TaskFunction | undefined} */ #lastTask;
  /** @type {import('./delayed.js').Annotations | undefined} */ #lastAnnotations;
  #lastNumber = 0;
  /** @type {import('./cache.js').Cache | undefined} */ #cache;
  /** Tasks whose results are the same every time, and not in the cache. @type {number[]} */ lasting = [];

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
      index = Delayed.isPure(node) ? this.#placeOfKey(node.key) : this.nodes.length;
      Delayed.mark(node, this.#number, index);
      if (index === this.nodes.length) this.nodes.push(node);
    }
    return index;
  }

  /** The index of the pure nodes of a key; the first one's is new. @param {string} key */
  #placeOfKey(key) {
    const place = this.#pure.get(key) ?? this.nodes.length;
    this.#pure.set(key, place);
    return place;
  }

  /** @param {import('./delayed.js').TaskFunction} task @param {import('./delayed.js').Annotations | undefined} annotations */
  #functionNumber(task, annotations) {
    if (task === this.#lastTask && annotations === this.#lastAnnotations) return this.#lastNumber;
    this.#lastTask = task;
    this.#lastAnnotations = annotations;
    return (this.#lastNumber = this.#findNumber(task, annotations));
  }

  /** @param {import('./delayed.js').TaskFunction} task @param {import('./delayed.js').Annotations | undefined} annotations */
  #findNumber(task, annotations) {
    const identity = task.scope ? task : task.fn;
    if (!task.inline && !task.ctx && annotations?.retries === undefined && !annotations?.timeoutMs) {
      const number = this.#functionNumbers.get(identity);
      if (number === undefined) {
        this.#functionNumbers.set(identity, this.functions.length);
        return this.#newFunction(task, undefined, 0);
      }
      if (this.functions[number].name === task.name) return number;
    }
    const retries = /** @type {number | undefined} */ (annotations?.retries), timeoutMs = /** @type {number} */ (annotations?.timeoutMs ?? 0);
    const variant = `${task.inline} ${task.ctx} ${retries} ${timeoutMs} ${task.name}`;
    let numbers = this.#variantNumbers.get(identity);
    if (!numbers) this.#variantNumbers.set(identity, (numbers = new Map()));
    let number = numbers.get(variant);
    if (number === undefined) numbers.set(variant, (number = this.#newFunction(task, retries, timeoutMs)));
    return number;
  }

  /** @param {import('./delayed.js').TaskFunction} task @param {number | undefined} retries @param {number} timeoutMs */
  #newFunction({ fn, name, scope, inline, ctx, module }, retries, timeoutMs) {
    if (inline) this.cheap.push(this.functions.length);
    return this.functions.push({ fn, name, scope, inline, retries, timeoutMs, ctx, module }) - 1;
  }

  /** @param {unknown} value */
  #literal(value) {
    this.args.push((LITERAL | this.literals.length) >>> 0);
    this.literals.push(value);
  }

  /** Records a node by its result. @param {Delayed} node @param {Held} held */
  #walkHeld(node, held) {
    this.#literal(held);
    this.functionOf.push(this.#findNumber(taskFunction(identity.fn, Delayed.task(node).name), undefined) * 2);
    this.argOffsets.push(this.args.length);
  }

  /** @param {Delayed} node */
  #walk(node) {
    const given = Delayed.args(node), after = Delayed.after(node), task = Delayed.task(node);
    if (this.#cache && Delayed.isLasting(node)) {
      const held = this.#cache.find(node.key);
      if (held) return this.#walkHeld(node, held);
      this.lasting.push(this.functionOf.length);
    }
    const nested = hasNested(node);
    if (nested || after.length > 0) {
      /** @type {unknown[]} */
      const references = [];
      /* With nothing nested, literals stand beside the template, where they travel as they would without it. */
      const template = nested
        ? mapLeaves(given, (leaf) => (leaf instanceof Delayed ? new Reference(references.push(leaf) - 1) : leaf))
        : given.map((arg) => new Reference(references.push(arg) - 1));
      if (task.ctx) /** @type {unknown[]} */ (template).unshift(node.key);
      this.#literal(new Template(/** @type {unknown[]} */ (template), nested ? given : undefined));
      references.push(...after); /* the template does not refer to these, so the function never sees them */
      for (const reference of references) this.#argument(reference);
    } else {
      if (task.ctx) this.#literal(node.key);
      for (let at = 0; at < given.length; at++) this.#argument(given[at]);
    }
    const annotations = Delayed.annotations(node);
    this.functionOf.push(this.#functionNumber(task, annotations) * 2 + (nested || after.length > 0 ? 1 : 0));
    this.argOffsets.push(this.args.length);
    if (annotations) this.#annotate(annotations);
  }

  /** Notes what is said about the task that was walked last. @param {import('./delayed.js').Annotations} annotations */
  #annotate(annotations) {
    this.#annotated = true;
    if (annotations.priority) this.priorities.push(this.functionOf.length - 1, /** @type {number} */ (annotations.priority));
  }

  /** @param {unknown} arg */
  #argument(arg) {
    if (arg instanceof Delayed) this.args.push(this.#place(arg));
    else this.#literal(arg);
  }

  /**
   * Walks on for about so many milliseconds. True: all is recorded.
   * @param {number} [budgetMs]
   * @param {import('./cache.js').Cache} [cache] whose results need not be made again
   */
  walk(budgetMs = Infinity, cache = undefined) {
    this.#cache = cache;
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

  /** All keys, by task. */
  keys() {
    return this.nodes.map((node) => node.key);
  }

  /** What a task runs. @param {number} index */
  taskFunction(index) {
    return Delayed.task(this.nodes[index]);
  }

  /** What a literal is to a task of this thread. @param {number} index */
  valueOf(index) {
    const literal = this.literals[index];
    return literal instanceof Held ? literal.value : literal;
  }

  /** How often tasks of each function are tried again, undefined if they do not say. */
  get retries() {
    return this.functions.map(({ retries }) => retries);
  }

  /** What is said about tasks, by task; undefined if nothing is. */
  annotations() {
    return this.#annotated ? this.nodes.map((node) => Delayed.annotations(node)) : undefined;
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
