/**
 * The text of a function, in a form that another thread can evaluate.
 *
 * Recognises the form by its first tokens only, so that no parser has to be loaded to send a
 * function; whether the text makes sense elsewhere is checked in check.js. Methods are rewritten
 * to function expressions, everything else is passed on as written.
 *
 * Tasks are evaluated as strict code, as in an ES module: `"use strict"; (${source})`.
 */
import { FunctionError } from '../errors.js';
import { whyNotNative } from './natives.js';

// In the patterns below a blank stands for GAP, and END for the end of a word. No text can be
// matched by GAP in two ways: otherwise a long row of slashes would take for ever to fail.
const GAP = String.raw`(?:\s|/\*(?:[^*]|\*(?!/))*\*/|//[^\n\r\u2028\u2029]*(?![^\n\r\u2028\u2029]))*`;
const END = String.raw`(?![$\p{ID_Continue}\u200c\u200d\\])`;

/** @param {string} pattern */
const startsWith = (pattern) =>
  new RegExp(`^${pattern.replaceAll(' ', GAP).replaceAll('END', END)}`, 'u');

const NATIVE = /^[^{}]*\{\s*\[native code\]\s*\}$/;
const CLASS = startsWith(String.raw`classEND(?! \()`); // class(x) {} is a method
const FUNCTION = startsWith('(?:asyncEND )?functionEND');
const ARROW = startsWith(String.raw`(?:\(|(?:asyncEND )?[^\s(){}[\]'"\x60*/#=]+ =>)`);
const ASYNC_ARROW = startsWith(String.raw`asyncEND \(`); // or a method whose name is async
const ACCESSOR = startsWith(String.raw`(?:get|set)END(?! \()`);
const METHOD = startsWith(
  String.raw`(asyncEND )?(\*)? (?:'(?:[^'\\]|\\[^])*'|"(?:[^"\\]|\\[^])*"|\[|[^\s'"[(/*]+)`,
);
const LEADING_GAP = startsWith(' ');

/** Whether a function has no text of its own. @param {Function} fn */
export const isNative = (fn) => NATIVE.test(Function.prototype.toString.call(fn));

/**
 * @param {Function} fn
 * @param {string} [name] what to call it in messages
 * @returns {{ source: string, kind: string }} `(${source})` evaluates to the function; `kind` is
 *   `arrow`, `function` or `method`, after `async` and `generator` where they apply
 *   (`async generator method`)
 * @throws {FunctionError} for a function whose text cannot be evaluated on its own
 * @example
 * functionSource({ inc(x) { return x + 1; } }.inc)
 * // { source: 'function(x) { return x + 1; }', kind: 'method' }
 */
export function functionSource(fn, name = nameOf(fn)) {
  const subject = subjectOf(name);
  /** @param {string} why */
  const refuse = (why) => new FunctionError(`${subject} ${why}`, { functionName: name });

  // Not fn.toString(), which the user may have replaced.
  const text = Function.prototype.toString.call(fn);
  const tag = Object.prototype.toString.call(fn).slice(8, -1); // such as AsyncGeneratorFunction
  const async = tag.startsWith('Async');
  /** @param {string} form */
  const kind = (form) =>
    `${async ? 'async ' : ''}${tag.includes('Generator') ? 'generator ' : ''}${form}`;

  if (NATIVE.test(text)) {
    throw refuse(
      nameOf(fn).startsWith('bound ')
        ? 'was made by bind(), which hides its code: give the function itself and pass what was bound as arguments.'
        : whyNotNative(fn),
    );
  }
  if (CLASS.test(text)) {
    throw refuse(
      'is a class, which cannot be called without new: give a function that makes the object and returns what you need from it ' +
        '(it can see a class of its own module: { module, name }).',
    );
  }
  if (FUNCTION.test(text)) return { source: text, kind: kind('function') };
  if (ARROW.test(text) || (async && ASYNC_ARROW.test(text))) {
    return { source: text, kind: kind('arrow') };
  }
  if (ACCESSOR.test(text)) {
    throw refuse(
      'is a getter or a setter, which belongs to its object: give a function that takes the object as an argument and reads or sets the property.',
    );
  }
  const source = methodAsFunction(text);
  if (source === null) {
    throw refuse('has a text of an unknown form: write it as an arrow function or with the word function.');
  }
  return { source, kind: kind('method') };
}

/**
 * The same function as an expression: `inc(x) { … }` becomes `function(x) { … }`.
 *
 * It gets no name, because a method cannot call itself by its bare name: that name would be
 * somebody else's. Every line stays where it was; columns do too, except that a name shorter than
 * `function` moves the rest of the first line to the right.
 *
 * @param {string} text of a method
 * @returns {string | null} null when the text is not that of a method
 */
export function methodAsFunction(text) {
  const match = METHOD.exec(text);
  if (!match) return null;
  const [head, async, star] = match;
  const end = head.endsWith('[') ? closing(text, head.length - 1) : head.length;
  const parameters = end + (LEADING_GAP.exec(text.slice(end))?.[0].length ?? 0);
  if (text[parameters] !== '(') return null;

  const lines = text.slice(0, parameters).split(/\r\n|[\n\r\u2028\u2029]/);
  const start =
    `${async ? 'async ' : ''}function${star ?? ''}` + '\n'.repeat(lines.length - 1);
  const column = lines[lines.length - 1].length;
  const reached = lines.length > 1 ? 0 : start.length;
  return start + ' '.repeat(Math.max(0, column - reached)) + text.slice(parameters);
}

/**
 * Where the bracket at `open` is closed: the index behind it, or the text's length.
 * Brackets in strings, templates and comments do not count. (Regular expressions are not
 * recognised: in the computed name of a method nobody writes one.)
 *
 * @param {string} text
 * @param {number} open
 */
function closing(text, open) {
  const tokens =
    /'(?:[^'\\]|\\[^])*'|"(?:[^"\\]|\\[^])*"|`(?:[^`\\]|\\[^])*`|\/\*[^]*?\*\/|\/\/.*|[([{]|[)\]}]/g;
  tokens.lastIndex = open;
  let depth = 0;
  for (let token = tokens.exec(text); token; token = tokens.exec(text)) {
    if ('([{'.includes(token[0])) depth++;
    else if (')]}'.includes(token[0]) && --depth === 0) return tokens.lastIndex;
  }
  return text.length;
}

/**
 * @param {Function} fn
 * @returns {string} empty when it has none; `static name() {}` replaces a class's name by a function
 */
export function nameOf(fn) {
  return typeof fn.name === 'string' ? fn.name : '';
}

/**
 * What a message about the function begins with.
 * @param {string} name
 */
export function subjectOf(name) {
  const called = name.replace(/^(?:bound )+/, '');
  return called ? `\`${called}\`` : 'This function';
}
