/**
 * Stacks of errors, which are text, as V8 and as SpiderMonkey write them. What runs a task is cut off, and
 * what was compiled from a task's text is shown where somebody says that it is written.
 */

/** Whatever calls a task's function is a method of this first name, and what waits for its promise of the
 * second: bundlers leave such names as they are. */
const RUNNER = /(?:^|[ .*])heddle-task\]?$|^async .*heddle-wait\]?$/;
/** A frame of compile.js's scripts. */
const FROM_TEXT = /^heddle:([^\s:]*)$/;
const V8 = /^\s+at (?:(.*?) \((.*):(\d+):(\d+)\)|(async )?(.*):(\d+):(\d+))$/;
const SPIDERMONKEY = /^([^@]*)@(.*):(\d+):(\d+)$/;
/** How many frames V8 keeps. */
const KEPT = 10;

/** What a task's script is called in stacks. @param {string} name of the function */
export const scriptName = (name) => encodeURIComponent(name.replace(/\p{Surrogate}/gu, '\ufffd')); /* lone ones have no place in an address */

/** @typedef {{ file: string, line: number, column: number }} Place line and column from 1 */
/** @typedef {Place & { name: string }} Frame */

/** @param {Place} place */
export const placeText = ({ file, line, column }) => `${file}:${line}:${column}`;

/** @param {string} text a line of a stack @returns {Frame | undefined} */
export function frameOf(text) {
  const v8 = V8.exec(text);
  if (v8) {
    const [, name, file, line, column, async = '', bare, bareLine, bareColumn] = v8;
    return name === undefined ? { name: async.trim(), file: bare, line: Number(bareLine), column: Number(bareColumn) }
      : { name, file, line: Number(line), column: Number(column) };
  }
  const [, name, file, line, column] = SPIDERMONKEY.exec(text) ?? [];
  return name === undefined ? undefined : { name, file, line: Number(line), column: Number(column) };
}

/** Whether this engine writes stacks as V8 does. */
const likeV8 = /^\s+at /m.test(String(new Error('probe').stack));

/** @param {Frame} frame */
function textOf({ name, ...place }) {
  if (!likeV8) return `${name}@${placeText(place)}`;
  return !name || name === 'async' ? `    at ${name ? 'async ' : ''}${placeText(place)}` : `    at ${name} (${placeText(place)})`;
}

/**
 * A stack as what stands before its frames and their lines. The message may look like frames.
 * @param {string} stack @param {string} message
 */
export function splitStack(stack, message) {
  const at = message ? stack.indexOf(message) : -1;
  const behind = at >= 0 && !stack.slice(0, at).includes('\n') && likeV8 ? at + message.length : 0;
  const lines = stack.slice(behind).split('\n');
  const first = lines.findIndex((line) => (likeV8 ? /^\s+at /.test(line) : frameOf(line)));
  if (first < 0) return { head: stack.trimEnd(), frames: [] };
  const head = stack.slice(0, behind) + lines.slice(0, first).join('\n');
  return { head, frames: lines.slice(first).filter((line) => line !== '') };
}

/** Who called the function in which an error was made. @param {Error | undefined} error @returns {Frame | undefined} */
export function callerOf(error) {
  const [, caller] = splitStack(String(error?.stack ?? ''), '').frames;
  return caller === undefined ? undefined : frameOf(caller);
}

/**
 * A stack as the user shall see it.
 * @param {string} stack
 * @param {object} about
 * @param {string} about.name the error's
 * @param {string} about.message
 * @param {boolean} about.ours whether it is an error of Heddle's, of which frames say nothing unless a task threw it
 * @param {{ name: string, called: string }} about.task its name, and its function's, which may be empty
 * @param {string | undefined} about.made where `delayed` was called
 * @param {(place: Place) => Place | undefined} about.find where something in the task's script is written, or
 *   from its function's first line and column, if nobody knows
 * @returns {string}
 */
export function shownStack(stack, { name, message, ours, task, made, find }) {
  const split = splitStack(stack, message);
  let lines = split.frames;
  const runner = lines.findIndex((line) => RUNNER.test(frameOf(line)?.name ?? ''));
  const fromText = lines.some((line) => FROM_TEXT.test(frameOf(line)?.file ?? ''));
  const whole = runner >= 0 || lines.length < KEPT;
  if (runner >= 0) {
    const own = frameOf(lines[runner])?.file ?? '', home = own.slice(0, own.lastIndexOf('/') + 1);
    /* Such as sleep's. A user's code may be bundled into one file with Heddle's. */
    const isOurs = (/** @type {string} */ file) => (fromText && file === own) || (ours && file.startsWith(home) && !made?.startsWith(home));
    lines = lines.slice(0, runner).filter((line) => !isOurs(frameOf(line)?.file ?? ''));
  } else if (ours && !fromText) lines = [];
  const script = scriptName(task.name);
  const isTasks = (/** @type {string} */ line) => FROM_TEXT.exec(frameOf(line)?.file ?? '')?.[1] === script;
  const outermost = whole ? lines.findLastIndex(isTasks) : -1;
  const shown = lines.map((line, at) => {
    const frame = /** @type {Frame} */ (frameOf(line));
    if (!isTasks(line)) return line;
    /* Functions without a name are called after what compiled them. */
    const [, async, bare] = /** @type {string[]} */ (/^(async |async\*)?(.*)$/.exec(frame.name));
    const called = likeV8 ? bare.replace(/^(?:[\w$]+\.)?eval$/, at === outermost ? task.called : '') : bare.replace(/^anonymous\/</, task.called);
    const place = find(frame) ?? frame, unknown = place.file === frame.file;
    return textOf({ ...place, name: `${async ?? ''}${called || (unknown ? task.name : '')}`.trim() });
  });
  const by = `delayed(${task.called || task.name})`;
  const last = made && (likeV8 ? `    at ${by} (${made})` : `${by}@${made}`);
  if (last && !shown.includes(last)) shown.push(last);
  const head = !likeV8 ? split.head : ours ? `${name}: ${message}` : split.head;
  return [...(head || likeV8 ? [head] : []), ...shown].join('\n');
}
