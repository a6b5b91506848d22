/**
 * `delayed` and the nodes that it makes. A node is a plain object that remembers a call; nothing runs
 * and nothing is allocated outside JavaScript until it is computed.
 */
import { builtins } from './builtins.js';
import { DELAYED, findInside, isPlainObject } from './containers.js';
import { FunctionError, OptionError } from './errors.js';
import { moduleTask } from './functions/modules.js';
import { nameOf } from './functions/source.js';

/**
 * What is the same for all calls of one delayed function.
 * @typedef {object} TaskFunction
 * @property {Function} fn
 * @property {string} name
 * @property {string} [key]
 * @property {Record<string, unknown> | undefined} scope outside values that the function uses
 * @property {boolean} inline whether to run again for each reader rather than to be kept
 * @property {Annotations} [annotations] of all calls, where `annotate` says nothing else
 * @property {boolean} [traverse] false: no Delayed are looked for inside arguments
 * @property {number} [nout] how many items its results have
 * @property {boolean} [pure] whether calls with equal arguments are one task
 * @property {boolean} ctx whether the function takes a context before its arguments
 * @property {{ url: string, name: string } | undefined} module where `fn` is found, if it is a module's
 */

/** @param {Function} fn @param {string} name @param {Partial<TaskFunction>} [more] @returns {TaskFunction} */
export function taskFunction(fn, name, { key, scope, inline = false, annotations, traverse = true, nout, pure = false, ctx = false, module } = {}) {
  return { fn, name, key, scope, inline, annotations, traverse, nout, pure, ctx, module };
}

/** The function of nodes that only hold a value, or stand for another node. */
export const identity = taskFunction(builtins.value, 'value');
const getitem = taskFunction(builtins.getitem, 'getitem');

/** @type {WeakMap<object, Error>} Made where `delayed` was first called, by function: its stack is read if a task fails. */
export const callSites = new WeakMap();

/** @type {Map<string, number>} How many keys were made of each name. */
const counts = new Map();

/** @typedef {Readonly<Record<string, unknown>>} Annotations what is said about a task: see annotate.js */

/** What nodes carry that are recorded at this moment. @type {Annotations | undefined} */
let annotations;

/**
 * Runs a function, and annotates what it records.
 * @template T
 * @param {Annotations} given @param {() => T} fn @returns {T}
 */
export function recordWith(given, fn) {
  const before = annotations;
  annotations = Object.freeze({ ...before, ...given });
  try {
    return fn();
  } finally {
    annotations = before;
  }
}

/** @type {Annotations} */
const nothing = Object.freeze({});
/** @type {readonly Delayed[]} */
const nowhere = Object.freeze([]);

/**
 * What few nodes have; `lasting`: the node is pure, and so is all that it needs, so that its result is the same every time.
 * @typedef {{ annotations: Annotations | undefined, after: readonly Delayed[], pure: boolean, lasting: boolean }} More
 */
/** @type {More} */
const noMore = Object.freeze({ annotations: undefined, after: nowhere, pure: false, lasting: false });

/** @param {string} name */
function nextKey(name) {
  const count = (counts.get(name) ?? 0) + 1;
  counts.set(name, count);
  return `${name}-${count}`;
}

/**
 * A call that has not run yet.
 * @template [T=unknown]
 */
export class Delayed {
  /** @type {TaskFunction} */ #task;
  /** @type {readonly unknown[]} */ #args;
  /** @type {string | undefined} */ #key;
  /**
   * In one field, as few nodes have any of it: what is said about the task; what must be done before, though the function
   * does not see it; whether the key says all about the task, so that another node of this key is the same task.
   * @type {More}
   */
  #more;
  /** A recording's number and this node's place in it, so that a walk needs no table. */
  #recording = 0;
  #index = 0;

  /**
   * @param {TaskFunction} task @param {readonly unknown[]} args @param {string} [key]
   * @param {readonly Delayed[]} [after] what must be done before
   * @param {Delayed} [original] whose annotations it has too
   */
  constructor(task, args, key, after = nowhere, original = undefined) {
    this.#task = task;
    this.#args = args;
    this.#key = key;
    const own = original ? original.#more.annotations : task.annotations;
    const said = own && annotations ? Object.freeze({ ...own, ...annotations }) : (annotations ?? own);
    this.#more = said || after !== nowhere ? { annotations: said, after, pure: false, lasting: false } : noMore;
  }

  /** The task's name in the graph: given by `{ key }`, or made of the function's name and a number. */
  get key() {
    return (this.#key ??= nextKey(this.#task.name));
  }

  /** What is said about the task: by `annotate`, or by its function's `priority`. */
  get annotations() {
    return this.#more.annotations ?? nothing;
  }

  /**
   * Runs what this result needs, and gives it.
   * @param {import('./execute.js').ComputeOptions} [options]
   * @returns {Promise<T>}
   * @example await delayed((x) => x + 1)(1).compute(); // 2
   */
  compute(options) {
    return /** @type {Promise<T>} */ (Delayed.compute(this, options));
  }

  /**
   * The same, and waits for it: for Node.js, and for `scheduler: 'sync'`.
   * @param {import('./execute.js').ComputeOptions} [options]
   * @returns {T}
   */
  computeSync(options) {
    return /** @type {T} */ (Delayed.computeSync(this, options));
  }

  /**
   * Runs what this result needs, and keeps it: a node that starts from it. See {@link import('./persist.js').persist}.
   * @param {import('./execute.js').ComputeOptions} [options]
   * @returns {Promise<Delayed<T>>}
   */
  persist(options) {
    return /** @type {Promise<Delayed<T>>} */ (Delayed.persist(this, options));
  }

  /** Gives back the memory of a result that `persist` has kept. */
  release() {
    Delayed.release(this);
  }

  /**
   * Draws what this result needs. See {@link import('./visualize.js').visualize}.
   * @param {import('./visualize.js').VisualizeOptions} [options]
   * @returns {Promise<import('./visualize.js').Picture>}
   */
  visualize(options) {
    return Delayed.visualize(this, options);
  }

  /**
   * An item of the result, as a node of its own: `result[item]`, or of a Map `result.get(item)`.
   * @param {unknown} item which may be a Delayed
   * @returns {Delayed<any>}
   * @example await delayed({ a: [1, 2] }).get('a').get(1).compute(); // 2
   */
  get(item) {
    return this.#derive(getitem, [this, item]);
  }

  /**
   * A call of one of the result's methods, as a node of its own, named as the method.
   * @param {string} method
   * @param {...unknown} args which may be Delayed, or have Delayed inside
   * @returns {Delayed<any>}
   * @throws {OptionError} if `method` is no name; the task throws a TypeError if there is no such method
   * @example await delayed([3, 1, 2]).call('toSorted').call('join', '-').compute(); // '1-2-3'
   */
  call(method, ...args) {
    if (typeof method !== 'string' || method === '')
      throw new OptionError("call takes a method's name: node.call('slice', 1).", { option: 'method' });
    return this.#derive(taskFunction(builtins.call, method), [this, method, ...args]);
  }

  /** A node made of this one, as pure as it is. @param {TaskFunction} task @param {readonly unknown[]} args */
  #derive(task, args) {
    return this.#more.pure ? Delayed.pure(task, args) : new Delayed(task, args);
  }

  /** How many items the result has, if its function was given `nout`. */
  get length() {
    return this.#task.nout;
  }

  /**
   * The result's items, each a node: `get(0)` to `get(nout - 1)`.
   * @returns {Iterator<Delayed<any>>}
   * @throws {OptionError} without `nout`
   * @example const [low, high] = delayed((list) => [Math.min(...list), Math.max(...list)], { nout: 2 })([3, 1]);
   */
  [Symbol.iterator]() {
    if (this.length === undefined)
      throw new OptionError(`'${this.key}' cannot be taken apart, as nobody knows yet how many items it has: ` +
        'say so with delayed(…, { nout: 2 }), or use node.get(0).', { option: 'nout' });
    return items(this, this.length);
  }

  get [DELAYED]() {
    return true;
  }

  toString() {
    return `Delayed(${this.key})`;
  }

  [Symbol.for('nodejs.util.inspect.custom')]() {
    return this.toString();
  }

  /** Set by compute.js, which needs this class: the two would import each other otherwise.
   * @type {(structure: unknown, options?: object) => Promise<unknown>} @internal */
  static compute;
  /** @type {(structure: unknown, options?: object) => unknown} @internal */
  static computeSync;
  /** Set by persist.js. @type {(structure: unknown, options?: object) => Promise<unknown>} @internal */
  static persist;
  /** @type {(...structures: unknown[]) => void} @internal */
  static release;
  /** Set by visualize.js.
   * @type {(structure: unknown, options?: import('./visualize.js').VisualizeOptions) => Promise<import('./visualize.js').Picture>} @internal */
  static visualize;
  /** The key of a pure task. Set by tokenize.js.
   * @type {(task: TaskFunction, args: readonly unknown[]) => string} @internal */
  static pureKey;

  /** A node that is known by what it computes. @param {TaskFunction} task @param {readonly unknown[]} args @internal */
  static pure(task, args) {
    const node = new Delayed(task, args, Delayed.pureKey(task, args));
    const lasting = findInside(args, Delayed).every((input) => input.#more.lasting);
    node.#more = { ...node.#more, pure: true, lasting };
    return node;
  }

  /** The same task with other inputs, which give the same. @param {Delayed} node @param {readonly unknown[]} args
   * @param {readonly Delayed[]} after @internal */
  static withInputs(node, args, after) {
    const copy = new Delayed(node.#task, args, node.key, after, node);
    if (node.#more.pure) copy.#more = { ...copy.#more, pure: true, lasting: node.#more.lasting };
    return copy;
  }

  /** Whether other nodes of this key are the same task. @param {Delayed} node @internal */
  static isPure(node) {
    return node.#more.pure;
  }

  /** Whether its result is the same every time. @param {Delayed} node @internal */
  static isLasting(node) {
    return node.#more.lasting;
  }

  /**
   * Notes that a recording has seen this node, as its `index`-th.
   * @param {Delayed} node @param {number} recording @param {number} index @internal
   */
  static mark(node, recording, index) {
    node.#recording = recording;
    node.#index = index;
  }

  /**
   * A node's place in a recording, or -1.
   * @param {Delayed} node @param {number} recording @internal
   */
  static placeIn(node, recording) {
    return node.#recording === recording ? node.#index : -1;
  }

  /** @param {Delayed} node @internal */
  static task(node) {
    return node.#task;
  }

  /** @param {Delayed} node @internal */
  static args(node) {
    return node.#args;
  }

  /** @param {Delayed} node @internal */
  static after(node) {
    return node.#more.after;
  }

  /** @param {Delayed} node @internal */
  static annotations(node) {
    return node.#more.annotations;
  }

  /** The key if the user gave it. @param {Delayed} node @internal */
  static givenKey(node) {
    return node.#task.key;
  }

  /** Sets what a node stands for after it was made, for graphs that refer forwards.
   * @param {Delayed} node @param {TaskFunction} task @param {readonly unknown[]} args
   * @param {readonly Delayed[]} [after] @internal */
  static define(node, task, args, after = nowhere) {
    node.#task = task;
    node.#args = args;
    node.#more = { ...node.#more, after };
  }
}

/** @param {Delayed} node @param {number} count @returns {Iterator<Delayed<any>>} */
function* items(node, count) {
  for (let item = 0; item < count; item++) yield node.get(item);
}

/**
 * @typedef {object} DelayedOptions
 * @property {string} [name] what the tasks are called; the function's name if left out
 * @property {string} [key] the key of the one task that is made; a second one is an error
 * @property {Record<string, unknown>} [scope] outside values (also functions) that the function uses
 * @property {number} [priority] a whole number, 0 if left out: tasks of higher priority, and what they need,
 *   run first. An `annotate` around the call says otherwise
 * @property {boolean} [inline] whether the function is cheap: its tasks run again for each reader, in one go
 *   with it, rather than being kept
 * @property {boolean} [traverse] false: Delayed inside containers in the arguments are not looked for, which
 *   saves a walk through large ones
 * @property {number} [nout] how many items the result has, an array mostly: `const [a, b] = f()` then works
 * @property {boolean} [pure] whether the function's text, its scope and its arguments say all about a result:
 *   calls that are equal in these have one key and are one task. See {@link import('./tokenize.js').tokenize}
 * @property {number} [retries] how often a task is run again that failed, 0 to 65535; 0 if left out
 * @property {number} [timeoutMs] how long one run of a task may take; a body that does not give its thread back has
 *   `config.graceMs` more before its thread is ended
 * @property {boolean} [ctx] whether the function takes a context before its arguments
 *
 * @typedef {Pick<DelayedOptions, 'name' | 'key' | 'traverse' | 'nout' | 'pure'>} ValueOptions
 */

const isName = (/** @type {unknown} */ value) => typeof value === 'string' && value !== '';
const isBoolean = (/** @type {unknown} */ value) => typeof value === 'boolean';
const isWhole = (/** @type {unknown} */ value, /** @type {number} */ least, /** @type {number} */ most) =>
  Number.isInteger(value) && /** @type {number} */ (value) >= least && /** @type {number} */ (value) <= most;

/** What each option must be, and how messages say it. @type {Record<string, [(value: any) => boolean, string]>} */
const rules = {
  name: [isName, 'is a string that is not empty'],
  key: [isName, 'is a string that is not empty'],
  scope: [isPlainObject, 'is a plain object: { name: value }'],
  priority: [(value) => isWhole(value, -(2 ** 31), 2 ** 31 - 1), 'is a whole number from -2147483648 to 2147483647'],
  inline: [isBoolean, 'is true or false'],
  traverse: [isBoolean, 'is true or false'],
  nout: [(value) => isWhole(value, 0, 2 ** 32 - 1), 'is a whole number from 0: how many items the result has'],
  pure: [isBoolean, 'is true or false'],
  retries: [(value) => isWhole(value, 0, 65535), 'is a whole number from 0 to 65535'],
  timeoutMs: [(value) => typeof value === 'number' && value > 0 && value < Infinity, 'is a number of milliseconds above 0'],
  ctx: [isBoolean, 'is true or false'],
};
const functionOptions = Object.keys(rules);
const moduleOptions = functionOptions.filter((option) => option !== 'scope');
const valueOptions = ['name', 'key', 'traverse', 'nout', 'pure'];

/** Options of a function that are said about its tasks, as `annotate` could. */
export const actingAnnotations = ['priority', 'retries', 'timeoutMs'];

/**
 * Checks one option of a task.
 * @param {string} option its name
 * @param {unknown} value undefined: it is not given
 * @param {string} [what] messages call it
 * @throws {OptionError}
 */
export function checkOption(option, value, what = option) {
  const [fits, says] = rules[option];
  if (value === undefined || fits(value)) return;
  const shown = value !== null && typeof value === 'object' ? 'an object' : typeof value === 'function' ? 'a function' : String(value);
  throw new OptionError(`${what} ${says}, but got ${shown}.`, { option });
}

/** @param {Record<string, any>} options @param {string[]} known @param {string} [of] */
function checkOptions(options, known, of = '') {
  for (const option of Object.keys(options)) {
    if (!known.includes(option)) throw new OptionError(`delayed${of} has no option '${option}'; it has ${known.join(', ')}.`, { option });
    checkOption(option, options[option]);
  }
  if (options.pure && options.key !== undefined)
    throw new OptionError("a pure task's key is made of what it computes: leave out key, or pure.", { option: 'key' });
}

/** What `delayed` made of functions. @type {WeakMap<Function, TaskFunction>} */
const made = new WeakMap();

/** What a function calls that `delayed` made, if it did. @param {unknown} fn */
export const delayedTask = (fn) => (typeof fn === 'function' ? made.get(fn) : undefined);

/** @param {TaskFunction} task @returns {(...args: any[]) => Delayed<any>} */
function recorder(task) {
  const record = task.pure ? (/** @type {unknown[]} */ ...args) => Delayed.pure(task, args)
    : (/** @type {unknown[]} */ ...args) => new Delayed(task, args, task.key);
  made.set(record, task);
  return record;
}

/** @param {Function} fn @param {string} name @param {Record<string, any>} options that have been checked */
function optionsTask(fn, name, options) {
  const said = actingAnnotations.filter((option) => options[option] !== undefined);
  const annotations = said.length ? Object.freeze(Object.fromEntries(said.map((option) => [option, options[option]]))) : undefined;
  return taskFunction(fn, options.name ?? name, { ...options, annotations });
}

/** @param {Function} fn @param {DelayedOptions} options */
function delayedFunction(fn, options) {
  checkOptions(options, functionOptions);
  const name = options.name ?? (nameOf(fn) || 'task'), twice = made.get(fn);
  if (twice)
    throw new FunctionError(`\`${twice.name}\` is delayed already: call it as it is, or give delayed the function that it was made of.`, { functionName: twice.name });
  for (const [called, value] of Object.entries(options.scope ?? {}))
    if (delayedTask(value))
      throw new FunctionError(`the scope of '${name}' has '${called}', which records a task and runs nothing. ` +
        `Inside a task call the function that it was made of: { scope: { ${called}: fn } }, or pass what ${called}(…) gives as an argument.`, { functionName: name });
  return recorder(optionsTask(fn, name, options));
}

/** @param {unknown} value @param {ValueOptions} options */
function delayedValue(value, options) {
  checkOptions(options, valueOptions, ' of a value');
  if (value instanceof Delayed) {
    for (const option of /** @type {const} */ (['name', 'key']))
      if (options[option] !== undefined) throw new OptionError(`'${value.key}' is a Delayed already, and keeps its ${option}.`, { option });
    return value;
  }
  if (!Object.keys(options).length) return new Delayed(identity, [value]);
  const task = taskFunction(identity.fn, options.name ?? identity.name, options);
  return task.pure ? Delayed.pure(task, [value]) : new Delayed(task, [value], task.key);
}

/** @param {unknown} value @returns {value is ModuleFunction} */
function isModuleFunction(value) {
  if (!isPlainObject(value)) return false;
  const keys = Reflect.ownKeys(/** @type {object} */ (value));
  return keys.length === 2 && keys.includes('module') && keys.includes('name');
}

/** @typedef {{ module: string | URL, name: string }} ModuleFunction a function by the address of its module and its name there */

/**
 * Makes something lazy. Of a function: calling the result records a task and gives a {@link Delayed}. Arguments
 * may be Delayed themselves, also inside arrays, plain objects, Maps and Sets.
 * @template {(...args: any[]) => any} F
 * @overload
 * @param {F} fn what the task runs. On threads it is shipped as source text, so it sees
 *   its arguments, JavaScript's globals, `sleep`, `spin`, and what `scope` carries, nothing else. With `ctx`
 *   it takes a context before its arguments
 * @param {DelayedOptions} [options]
 * @returns {(...args: any[]) => Delayed<Awaited<ReturnType<F>>>}
 * @throws {FunctionError} if `delayed` made the function, or one in its scope; {@link OptionError}
 * @example
 * const add = delayed((x, y) => x + y);
 * await add(1, add(2, 3)).compute(); // 6
 */
/**
 * Of a module's function, which threads import: it may use all that its module does.
 * @overload
 * @param {ModuleFunction} fn
 * @param {Omit<DelayedOptions, 'scope'>} [options]
 * @returns {(...args: any[]) => Delayed<any>}
 * @throws {OptionError}
 * @example
 * const inc = delayed({ module: new URL('./tasks.js', import.meta.url), name: 'inc' });
 */
/**
 * Of any other value: a node that holds it, in which Delayed inside containers are found. Of a Delayed: the
 * same node.
 * @template T
 * @overload
 * @param {T} value
 * @param {ValueOptions} [options]
 * @returns {T extends Delayed<any> ? T : Delayed<any>}
 * @throws {OptionError}
 * @example
 * const table = delayed(rows, { name: 'table' }); // is sent once, however many tasks read it
 */
/** @param {any} subject @param {any} [options] @returns {any} */
export function delayed(subject, options = {}) {
  if (typeof subject === 'function') {
    if (!callSites.has(subject)) callSites.set(subject, new Error());
    return delayedFunction(subject, options);
  }
  if (!isModuleFunction(subject)) return delayedValue(subject, options);
  checkOptions(options, moduleOptions, " of a module's function");
  const { fn, name, module } = moduleTask(subject);
  if (!callSites.has(fn)) callSites.set(fn, new Error());
  return recorder({ ...optionsTask(fn, name, options), module });
}

/**
 * All functions of a module, lazy: each is made when it is first asked for, whether the module has it or not.
 * @param {string | URL} url the full address of the module
 * @returns {Readonly<Record<string, (...args: any[]) => Delayed<any>>>}
 * @example
 * const { inc, add } = delayed.module(new URL('./tasks.js', import.meta.url));
 * await add(inc(1), 2).compute(); // 4
 */
delayed.module = (url) => {
  if (typeof url !== 'string' && !(url instanceof URL))
    throw new OptionError("delayed.module takes a module's address: new URL('./tasks.js', import.meta.url).", { option: 'module' });
  const functions = new Map();
  return new Proxy(Object.freeze(Object.create(null)), {
    get(_, name) {
      if (typeof name !== 'string' || name === 'then') return undefined;
      let fn = functions.get(name);
      if (!fn) functions.set(name, (fn = delayed({ module: url, name })));
      return fn;
    },
  });
};
