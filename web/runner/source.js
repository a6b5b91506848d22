/**
 * A program's text on its way to running: imports of `heddle` become parameters of an async function, the
 * last expression its result. Every line stays where it was.
 */
import { parse } from 'acorn';

/** A program that cannot be run as it stands. */
export class ProgramSyntaxError extends SyntaxError {
  /** @param {string} message @param {{ line: number, column: number }} place line from 1, column from 0 */
  constructor(message, { line, column }) {
    super(message);
    this.name = 'SyntaxError';
    this.line = line;
    this.column = column + 1;
  }
}

/**
 * @typedef {object} Program
 * @property {string} body of an async function in strict code
 * @property {string[]} parameters its names for what it imports
 * @property {unknown[]} values what those are
 * @property {{ line: number, from: number, shift: number } | undefined} moved on this line, columns (from 1)
 *   of `from` and beyond are `shift` further right than in the text
 */

const RETURN = 'return (';

/** @param {any} node @param {Record<string, any>} exported */
function importedValue(node, exported) {
  const name = node.imported.name ?? node.imported.value;
  if (Object.hasOwn(exported, name)) return exported[name];
  throw new ProgramSyntaxError(`'heddle' has no export '${name}'; it has ${Object.keys(exported).sort().join(', ')}`, node.loc.start);
}

/**
 * @param {string} text
 * @param {Record<string, unknown>} exported what 'heddle' exports
 * @returns {Program}
 * @throws {ProgramSyntaxError} if it does not parse, or imports or exports what it cannot
 */
export function rewrite(text, exported) {
  /** @type {any[]} */ const tokens = [];
  let tree;
  try {
    tree = parse(text, { ecmaVersion: 'latest', sourceType: 'module', locations: true, allowHashBang: true, onToken: tokens });
  } catch (error) {
    const { message, loc } = /** @type {any} */ (error);
    throw loc ? new ProgramSyntaxError(message.replace(/ \(\d+:\d+\)$/, ''), loc) : error;
  }
  for (const [at, { type, loc }] of tokens.entries())
    if (type.label === 'import' && (tokens[at + 1]?.type.label === '(' || tokens[at + 1]?.type.label === '.'))
      throw new ProgramSyntaxError("import(…) and import.meta do not work here: write import { … } from 'heddle' at the top", loc.start);
  /** @type {[number, number][]} Stretches that become blank, but for a semicolon that keeps their neighbours apart. */
  const blanks = [];
  /** @type {string[]} */ const parameters = [];
  /** @type {unknown[]} */ const values = [];
  for (const node of /** @type {any[]} */ (tree.body)) {
    if (node.type.startsWith('Export'))
      throw new ProgramSyntaxError('a program has nothing to export: its last expression is its result', node.loc.start);
    if (node.type !== 'ImportDeclaration') continue;
    if (node.source.value !== 'heddle')
      throw new ProgramSyntaxError(`'${node.source.value}' cannot be imported here: programs in this page have 'heddle' only`, node.source.loc.start);
    for (const specifier of node.specifiers) {
      if (specifier.type === 'ImportDefaultSpecifier')
        throw new ProgramSyntaxError("'heddle' has no default export: import { delayed } from 'heddle'", specifier.loc.start);
      parameters.push(specifier.local.name);
      values.push(specifier.type === 'ImportNamespaceSpecifier' ? exported : importedValue(specifier, exported));
    }
    blanks.push([node.start, node.end]);
  }
  let body = text;
  if (text.startsWith('#!')) blanks.push([0, text.search(/[\n\r\u2028\u2029]|$/)]);
  for (const [start, end] of blanks) body = body.slice(0, start) + `;${body.slice(start + 1, end).replace(/[^\n\r\u2028\u2029]/g, ' ')}` + body.slice(end);
  const last = /** @type {any} */ (tree.body.at(-1));
  if (last?.type !== 'ExpressionStatement' || last.directive) return { body, parameters, values, moved: undefined };
  const end = text[last.end - 1] === ';' ? last.end - 1 : last.end;
  body = `${body.slice(0, last.start)}${RETURN}${body.slice(last.start, end)}\n)${body.slice(last.end)}`;
  return { body, parameters, values, moved: { line: last.loc.start.line, from: last.loc.start.column + 1, shift: RETURN.length } };
}
