/**
 * Where an error happened, as a line and column of the program's text: from the stack, in which the
 * program is a script of its own. (Tasks are too, but the package shows them where they are written.)
 */
/** The program's script, as stacks call it. */
export const PROGRAM_FILE = 'program.js';

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
