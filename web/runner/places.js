/**
 * Where an error happened, as a line and column of the program's text: from the stack, in which the
 * program and each task's function are scripts of their own.
 */
/** The program's script, as stacks call it. */
export const PROGRAM_FILE = 'program.js';

/** What stands before a task's function on its first line, without and with functions of its scope before
 * it; see the package's functions/compile.js. */
const BEFORE_TASK = '"use strict";  return ('.length, AFTER_SCOPE = '); return ('.length;

/** @typedef {{ line: number, column: number }} Place from 1 */

/** An error's stack without its message, which may look like one. @param {Error} error */
export function framesOf(error) {
  const stack = String(error.stack ?? ''), message = String(error.message);
  const at = message && stack.indexOf(message);
  return at && at >= 0 && !stack.slice(0, at).includes('\n') ? stack.slice(at + message.length) : stack;
}

/** Where a stack first names a script. @param {string | undefined} stack @param {string} file @returns {Place | undefined} */
export function placeIn(stack, file) {
  const name = file.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
  const [, line, column] = new RegExp(`${name}:(\\d+):(\\d+)`).exec(stack ?? '') ?? [];
  return line === undefined ? undefined : { line: Number(line), column: Number(column) };
}

/** @param {Place} place in the script @param {number} linesBefore the program's first line @param {import('./source.js').Program} program
 * @returns {Place} */
export function placeInProgram({ line, column }, linesBefore, { moved }) {
  const inText = Math.max(1, line - linesBefore);
  return { line: inText, column: moved && moved.line === inText && column >= moved.from + moved.shift ? column - moved.shift : column };
}

/**
 * @param {Place} place in a task's script
 * @param {number} linesBefore its first line
 * @param {{ source: string, scope: string[] }} task the sources of its function and of those in its scope
 * @param {string} text of the program
 * @returns {Place | undefined} undefined if the function does not stand there, or several times
 */
export function placeOfTask({ line, column }, linesBefore, { source, scope }, text) {
  const at = text.indexOf(source);
  if (at < 0 || text.indexOf(source, at + 1) >= 0) return undefined;
  const before = text.slice(0, at).split('\n');
  const inside = line - linesBefore - scope.reduce((lines, other) => lines + other.split('\n').length + 1, 0) + (scope.length ? 1 : 0);
  if (inside < 1 || inside > source.split('\n').length) return undefined;
  return { line: before.length + inside - 1, column: inside === 1 ? /** @type {string} */ (before.at(-1)).length + column - (scope.length ? AFTER_SCOPE : BEFORE_TASK) : column };
}
