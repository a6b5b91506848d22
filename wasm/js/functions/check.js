/**
 * Can this function run on another thread? Says no before anything runs, names every reason, its
 * line and what to do about it. Loads the parser: import this file only when it is needed.
 */
import { FunctionError } from '../errors.js';
import { analyse } from './free-variables.js';
import { knownGlobals } from './known-globals.js';
import { functionSource, nameOf, subjectOf } from './source.js';

/** @typedef {import('./free-variables.js').Use} Use */
/**
 * What the texts below may look at: the function's own name, its text, and whether more than one
 * name is spoken of.
 * @typedef {{ own: string, source: string, many: boolean }} About
 */

/**
 * The kinds of things that cannot come along; a use belongs to the first kind that knows it.
 * `is` reads on from "`f` uses `x` (line 2), "; `fix` is one or two sentences.
 * @typedef {object} Kind
 * @property {(name: string, about: About) => boolean} knows
 * @property {(about: About) => string} is
 * @property {(names: string[], about: About) => string} fix
 */

const helpers = new RegExp(
  // TypeScript (tslib)
  '^__(?:awaiter|generator|assign|rest|spread\\w*|values|read|decorate\\w*|param|metadata|extends|' +
    'async\\w*|await|makeTemplateObject|classPrivateField\\w+|esDecorate|runInitializers|propKey|' +
    'setFunctionName|addDisposableResource|disposeResources|' +
    // esbuild
    'spreadProps|objRest|publicField|private\\w+|pow|template|yieldStar|forAwait|using|callDispose|' +
    'superGet|superSet|defNormalProp|accessCheck)$|' +
    // Babel and SWC, in camel case or with underscores
    '^_(?:async_?to_?generator|async_?iterator|(?:wrap_?|await_?)async_?generator|regenerator\\w*|' +
    'ts_generator|object_?spread\\w*|object_?without\\w+|define_?property|extends|' +
    '(?:sliced_?to|to|to_?consumable|maybe_?array|iterable_?to)_?array\\w*|class_?call_?check|' +
    'create_?class|create_?for_?of\\w+|class_?private\\w+|class_?static\\w+|to_?property_?key|' +
    'tagged_?template\\w+|inherits\\w*|call_?super|possible_?constructor\\w+|type_?of|using_?ctx)\\d*$|' +
    '^regeneratorRuntime$|^tslib(?:_\\d+)?$',
  'i',
);
const renamedImports =
  /^__(?:vite_ssr_|vi_import_|webpack_|turbopack_|import(?:Star|Default)$|toESM$|toCommonJS$|require$)|__WEBPACK_IMPORTED_MODULE_|^_interop|^parcelRequire/;
const pageOnly =
  /^(?:window|document|localStorage|sessionStorage|alert|confirm|prompt|DOMParser|Image|HTML\w*Element|SVG\w*Element)$/;

/** @type {Kind[]} */
const variableKinds = [
  {
    knows: (name) => name === 'arguments',
    is: () => 'which belongs to the function around this arrow function',
    fix: () => 'Take rest parameters instead: (...args) => ….',
  },
  {
    knows: (name) => name === 'eval',
    is: () => 'which sees names that nobody can check beforehand',
    fix: () => 'Write the code out, or use globalThis.eval, which sees only globals.',
  },
  {
    knows: (name, { own }) => name === own,
    is: () => 'which is a variable outside it',
    fix: ([name]) => `To call itself, a function needs a name of its own: function ${name}(…) { … }.`,
  },
  {
    knows: (name) => /^cov_[a-z0-9]+$|^__coverage__$/.test(name),
    is: () => 'which a coverage tool wrote into it',
    fix: () =>
      "Use V8 coverage (in Jest coverageProvider: 'v8'), or exclude the function with /* istanbul ignore next */.",
  },
  {
    knows: (name) => name === '__name',
    is: () => 'which esbuild adds so that functions keep their names',
    fix: () =>
      'Switch keepNames off (tsx switches it on), or export the function from a module and give { module, name }.',
  },
  {
    knows: (name) => helpers.test(name),
    is: ({ many }) =>
      `${many ? 'helpers' : 'a helper'} that the compiler adds when it writes for older engines`,
    fix: () =>
      "Raise the compiler's target (ES2022 or later), or export the function from a module and give { module, name }.",
  },
  {
    knows: (name, { source }) =>
      // Compilers call an imported function as (0, math_1.scale)(x).
      renamedImports.test(name) || [' ', ''].some((gap) => source.includes(`(0,${gap}${name}.`)),
    is: ({ many }) => `which ${many ? 'stand' : 'stands'} for an import of the file it was written in`,
    fix: () =>
      'Import it inside the task with await import(…), or export the function from a module and give { module, name }.',
  },
  {
    knows: (name) => /^(?:require|module|exports|__dirname|__filename)$/.test(name),
    is: () => 'which belongs to the file it was written in',
    fix: () =>
      "Import what it needs inside the task, as in await import('node:fs'), or pass the value as an argument.",
  },
  {
    knows: (name) => pageOnly.test(name),
    is: () => 'which only a page has',
    fix: () => 'A task runs in a worker: do this part outside, and pass what the task needs as an argument.',
  },
  {
    knows: () => true,
    is: ({ many }) => `which ${many ? 'are' : 'is'} defined outside it`,
    fix: (names, { own, many }) => {
      const [it, argument] = many ? ['them', 'arguments'] : ['it', 'an argument'];
      // Only a hint: that a name exists here does not make it the one that was meant.
      const globals = names.filter((name) => name in globalThis);
      return (
        `A task runs on another thread and cannot see ${it}: pass ${it} as ${argument}, ` +
        `or give ${it} with delayed(${callable(own)}, { scope: { ${names.join(', ')} } }).` +
        globals.map((name) => ` If you mean the global \`${name}\`, write globalThis.${name}.`).join('')
      );
    },
  },
];

/** @type {Kind[]} */
const outsideKinds = [
  {
    knows: (name) => name === 'this',
    is: () => 'which a task does not have',
    fix: () => 'Pass what it needs of that object as an argument.',
  },
  {
    knows: (name) => name === 'super',
    is: () => 'which only works inside its class or object',
    fix: () => 'Write a function that does without, and pass what it needs as an argument.',
  },
  {
    knows: (name) => name === 'import.meta',
    is: () => 'which belongs to the file it was written in',
    fix: () => 'Pass import.meta.url, or what is needed of it, as an argument.',
  },
  {
    knows: (name) => name === 'new.target',
    is: () => 'which belongs to the function around this arrow function',
    fix: () => 'Pass it as an argument.',
  },
  {
    knows: (name) => name.startsWith('#'),
    is: () => 'which can only be read inside its class',
    fix: () => 'Pass the value as an argument.',
  },
  {
    knows: () => true, // import('./x.js')
    is: () => 'which is looked up next to the worker, not next to the file it was written in',
    fix: () =>
      'Pass the full address as an argument, made with new URL(…, import.meta.url).href, or export the function from a module and give { module, name }.',
  },
];

/** Calls that are surely meant for a `sleep` of the user's own. @type {Kind[]} */
const napKinds = [
  {
    knows: () => true,
    is: () => "where `sleep` is Heddle's own, which takes seconds",
    fix: () => 'If you mean a function of yours that takes milliseconds, give it with { scope: { sleep } }; otherwise write the seconds without await.',
  },
];

/**
 * @param {Function} fn
 * @param {object} [options]
 * @param {string} [options.name] what to call it in messages; its own name unless given
 * @param {Record<string, unknown>} [options.scope] outside values that travel with it, by name
 * @returns {{ source: string }} `(${source})` evaluates to the function
 * @throws {FunctionError} its details are `{ functionName, uses: [{ name, line, column }] }`
 * @example
 * checkFunction((x) => x * scale, { name: 'sum', scope: { scale: 2 } }) // { source: '(x) => x * scale' }
 */
export function checkFunction(fn, { name = nameOf(fn), scope = {} } = {}) {
  const { source } = functionSource(fn, name);
  checkSource(source, { name, own: nameOf(fn), carried: Object.keys(scope) });
  return { source };
}

/**
 * The same for a function's text.
 * @param {string} source as `functionSource` gives it
 * @param {{ name: string, own: string, carried: string[], offered?: string[] }} about what messages call it, its own
 *   name, the names that travel with it, and those that every task sees unless they are carried
 * @throws {FunctionError}
 */
export function checkSource(source, { name, own, carried, offered = [] }) {
  const subject = subjectOf(name);

  let found;
  try {
    found = analyse(source);
  } catch (error) {
    throw new FunctionError(`${subject} ${unreadable(error)}`, {
      functionName: name,
      uses: [],
      cause: error,
    });
  }
  // A parameter of strict code, which is what a carried name becomes, cannot have these names.
  const comesAlong = (/** @type {string} */ used) =>
    (carried.includes(used) || offered.includes(used)) && used !== 'arguments' && used !== 'eval';
  const variables = found.variables.filter((use) => !comesAlong(use.name));
  const { outside } = found;
  const naps = offered.includes('sleep') && !carried.includes('sleep') ? found.naps : [];
  if (variables.length + outside.length + naps.length > 0) {
    if (isPlatforms(own, source))
      throw new FunctionError(`${subject} is a function of the platform, whose text does not run by itself: give (...args) => ${own}(...args).`, {
        functionName: name,
        uses: [],
      });
    const about = { own, source };
    const sentences = [
      ...explain(variables, variableKinds, about),
      ...explain(outside, outsideKinds, about),
      ...explain(naps, napKinds, about),
    ];
    throw new FunctionError(`${subject} ${sentences.join(' It also ')}`, {
      functionName: name,
      uses: [...variables, ...outside, ...naps],
    });
  }
}

/**
 * Whether it is a global function that Node.js has written in JavaScript, such as fetch.
 * @param {string} own
 * @param {string} source
 */
function isPlatforms(own, source) {
  const fn = knownGlobals.has(own) ? Reflect.get(globalThis, own) : undefined;
  return typeof fn === 'function' && Function.prototype.toString.call(fn) === source;
}

/**
 * One text a kind, in the order of the kinds: "uses `x` (line 1), which …".
 * @param {Use[]} uses
 * @param {Kind[]} kinds
 * @param {{ own: string, source: string }} about
 */
function explain(uses, kinds, about) {
  return kinds.flatMap((kind) => {
    const ours = uses.filter(
      ({ name }) => kinds.find((k) => k.knows(name, { ...about, many: false })) === kind,
    );
    if (ours.length === 0) return [];
    const many = ours.length > 1;
    const list = inWords(ours.map(({ name, line }) => `\`${name}\` (line ${line})`));
    const names = ours.map(({ name }) => name);
    return `uses ${list}, ${kind.is({ ...about, many })}. ${kind.fix(names, { ...about, many })}`;
  });
}

/** @param {string[]} words */
function inWords(words) {
  const last = words[words.length - 1];
  return words.length > 1 ? `${words.slice(0, -1).join(', ')} and ${last}` : last;
}

/**
 * The function's name where it can stand in `delayed(name)`, else `fn`.
 * @param {string} name
 */
function callable(name) {
  return /^[$\p{ID_Start}_][$\p{ID_Continue}]*$/u.test(name) && name !== 'default' ? name : 'fn';
}

/**
 * Why the text could not be analysed: mostly code that strict mode forbids, such as `with`; else
 * a function so deep (a sum of 10,000 terms) that the parser runs out of stack.
 * @param {unknown} error
 */
function unreadable(error) {
  const { message, loc } = /** @type {SyntaxError & { loc?: { line: number } }} */ (error);
  if (/stack|recursion/.test(message)) {
    return 'is nested too deeply to be checked: export it from a module and give { module, name }.';
  }
  const where = loc ? ` (line ${loc.line})` : '';
  return (
    `cannot be read as strict code: ${message.replace(/ \(\d+:\d+\)$/, '')}${where}. ` +
    'Tasks run as strict code, like ES modules: write it so, or export it from a module and give { module, name }.'
  );
}
