/**
 * What a function needs from outside itself, read from its text.
 *
 * The text is parsed by acorn as strict code, as tasks are evaluated; eslint-scope resolves the
 * names. Nothing is evaluated. Loads the parser: import this file only when it is needed.
 */
import { parse } from 'acorn';
import { analyze } from 'eslint-scope';
import { knownGlobals } from './known-globals.js';
import { methodAsFunction } from './source.js';

/**
 * A use of something outside; `line` counts from 1 and `column` from 0, in the function's text.
 * @typedef {{ name: string, line: number, column: number }} Use
 */
/** @typedef {import('acorn').Node & Record<string, any>} Node */

// The function is parsed in the place that forbids least: there super() and new.target are legal,
// so that they can be reported by name rather than as a syntax error. A class is strict code, too.
const BEFORE = '(class extends Object{constructor(){(';
const AFTER = '\n)}})';

/**
 * The free variables of a function, each at its first use, in order of position. Leaves out the
 * known globals and names that appear only as `typeof name`, which is safe where there is none.
 *
 * @param {string} source a function's text, as Function.prototype.toString gives it
 * @returns {Use[]}
 * @throws {SyntaxError} when the text is not a function of strict code
 * @example
 * freeVariables('(x) => x * scale') // [{ name: 'scale', line: 1, column: 11 }]
 */
export function freeVariables(source) {
  return analyse(source).variables;
}

/**
 * What a function needs from outside without naming a variable: `this`, `super`, `new.target`,
 * `import.meta`, private names (`#x`) and relative imports (`import('./x.js')`). Each is listed
 * once, at its first use, in order of position.
 *
 * An arrow's `this` comes from the code around it; the `this` of any other function from its
 * caller (`own: true`), and a task is called without one. Both are listed.
 *
 * @param {string} source
 * @returns {(Use & { own?: boolean })[]}
 * @throws {SyntaxError} when the text is not a function of strict code
 */
export function outsideReferences(source) {
  return analyse(source).outside;
}

/**
 * Both of the above from one parse.
 * @param {string} source
 */
export function analyse(source) {
  const { program, fn, shift } = parseFunction(source);
  const { typeofOperands, outside, naps } = walk(fn);

  const scopes = analyze(/** @type {any} */ (program), {
    ecmaVersion: 2025,
    sourceType: 'script',
    ignoreEval: true, // `eval` itself is reported; assuming the worst would report every name
  });
  // The outermost scope of the function: for a named expression the one that holds its name.
  const references = scopes.acquireAll(/** @type {any} */ (fn))?.[0].through ?? [];
  const free = references.map((reference) => /** @type {Node} */ (/** @type {unknown} */ (reference.identifier)));
  const identifiers = free
    .filter((node) => !knownGlobals.has(node.name) && !typeofOperands.has(node));

  /** @param {Found[]} found */
  const inOrder = (found) => firstOfEach(found.sort((a, b) => a.node.start - b.node.start), shift);
  return {
    variables: inOrder(identifiers.map((node) => ({ name: node.name, node }))),
    outside: inOrder(outside),
    /** Calls like `await sleep(1000)`, with a `sleep` that the function does not declare. */
    naps: inOrder(naps.filter(({ node }) => free.includes(node.callee))),
  };
}

/** @typedef {{ name: string, node: Node, own?: boolean }} Found */

/**
 * @param {Found[]} found in order of position
 * @param {number} shift columns by which the first line is moved
 */
function firstOfEach(found, shift) {
  /** @type {Map<string, Use & { own?: boolean }>} */
  const uses = new Map();
  for (const { name, node, ...rest } of found) {
    if (uses.has(name)) continue;
    const { line, column } = /** @type {import('acorn').SourceLocation} */ (node.loc).start;
    uses.set(name, { name, line, column: line === 1 ? column - shift : column, ...rest });
  }
  return [...uses.values()];
}

/** @param {string} source */
function parseFunction(source) {
  try {
    return parseExpression(source, 0);
  } catch (error) {
    const method = methodAsFunction(source);
    if (method === null) throw error;
    return parseExpression(method, method.length - source.length);
  }
}

/**
 * @param {string} source
 * @param {number} moved columns by which its first line is already moved
 * @returns {{ program: Node, fn: Node, shift: number }}
 */
function parseExpression(source, moved) {
  /** @type {Node} */
  const program = parse(BEFORE + source + AFTER, {
    ecmaVersion: 'latest',
    sourceType: 'script',
    allowImportExportEverywhere: true, // import.meta
    allowSuperOutsideMethod: true,
    checkPrivateFields: false,
    locations: true,
    ranges: true, // eslint-scope needs them to tell parameters from the body
  });
  const fn = program.body[0].expression.body.body[0].value.body.body[0].expression;
  if (fn.type !== 'ArrowFunctionExpression' && fn.type !== 'FunctionExpression') {
    throw new SyntaxError('not the text of a function');
  }
  return { program, fn, shift: BEFORE.length + moved };
}

/**
 * What a node sees of the world outside the function.
 * @typedef {object} View
 * @property {'outer' | 'own' | null} self whose `this` it is; null for that of a function inside
 * @property {boolean} method whether `super` belongs to a method or a field inside
 * @property {ReadonlySet<string>} privates names declared by the classes around it
 */

/**
 * @param {Node} fn
 * @returns {{ typeofOperands: Set<Node>, outside: Found[], naps: Found[] }}
 */
function walk(fn) {
  const typeofOperands = new Set();
  /** @type {Found[]} */
  const outside = [];
  /** @type {Found[]} */
  const naps = [];
  /** @type {[Node, View][]} */
  const stack = [];
  /** @type {(node: Node, view: View) => void} */
  const pushChildren = (node, view) => {
    for (const child of Object.values(node).flat()) {
      if (typeof child?.type === 'string') stack.push([child, view]);
    }
  };

  const self = fn.type === 'ArrowFunctionExpression' ? 'outer' : 'own';
  pushChildren(fn, { self, method: false, privates: new Set() });
  for (let next = stack.pop(); next; next = stack.pop()) {
    const [node, view] = next;
    const inside = { ...view, self: null, method: true };
    switch (node.type) {
      case 'FunctionExpression':
      case 'FunctionDeclaration':
      case 'StaticBlock':
        pushChildren(node, inside);
        continue;
      case 'PropertyDefinition': // a computed key still has the `this` around the class
        stack.push([node.key, view]);
        if (node.value) stack.push([node.value, inside]);
        continue;
      case 'ClassBody':
        pushChildren(node, { ...view, privates: withPrivatesOf(node, view.privates) });
        continue;
      case 'AwaitExpression':
        if (isNap(node.argument)) naps.push({ name: `await sleep(${node.argument.arguments[0].value})`, node: node.argument });
        break;
      case 'UnaryExpression':
        if (node.operator === 'typeof') typeofOperands.add(node.argument);
        break;
      case 'ThisExpression':
        if (view.self === 'own') outside.push({ name: 'this', node, own: true });
        if (view.self === 'outer') outside.push({ name: 'this', node });
        break;
      case 'Super':
        if (!view.method) outside.push({ name: 'super', node });
        break;
      case 'MetaProperty':
        if (node.meta.name === 'import') outside.push({ name: 'import.meta', node });
        else if (view.self === 'outer') outside.push({ name: 'new.target', node });
        continue;
      case 'PrivateIdentifier':
        if (!view.privates.has(node.name)) outside.push({ name: `#${node.name}`, node });
        break;
      case 'ImportExpression':
        if (/^\.\.?\//.test(node.source.value ?? '')) {
          outside.push({ name: `import('${node.source.value}')`, node });
        }
    }
    pushChildren(node, view);
  }
  return { typeofOperands, outside, naps };
}

/** Whether it is `sleep(1000)`: nobody awaits a minute and more, written out. @param {Node} node */
const isNap = ({ type, callee, arguments: args }) =>
  type === 'CallExpression' && callee.name === 'sleep' && args.length === 1 && typeof args[0].value === 'number' && args[0].value >= 60;

/**
 * @param {Node} classBody
 * @param {ReadonlySet<string>} outer
 * @returns {ReadonlySet<string>}
 */
function withPrivatesOf(classBody, outer) {
  const own = classBody.body
    .filter((/** @type {Node} */ member) => member.key?.type === 'PrivateIdentifier')
    .map((/** @type {Node} */ member) => member.key.name);
  return new Set([...outer, ...own]);
}
