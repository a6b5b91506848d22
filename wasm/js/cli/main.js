#!/usr/bin/env node
/** The command `heddle`: finds the subcommand, and says how it went by the exit status. */
import { help, order } from './order.js';
import { help as traceHelp, trace } from './trace.js';
import { version } from '../version.js';

/** @typedef {{ run: (args: string[]) => Promise<number>, help: string }} Command which gives an exit status */

/** @type {Record<string, Command>} */
const commands = { order: { run: order, help }, trace: { run: trace, help: traceHelp } };

const usage = `usage: heddle COMMAND ...

  order FILE...   how well task graphs are ordered, and how fast
  trace FILE      what happened in a recorded run

  --help          this; heddle COMMAND --help says more
  --version       which version this is`;

/** @param {string[]} args @returns {Promise<number>} */
async function main([name, ...rest]) {
  if (name === '--version') return say(version);
  if (name === '--help' || name === '-h') return say(usage);
  if (name !== undefined && Object.hasOwn(commands, name)) {
    const { run, help: text } = commands[name];
    return rest.includes('--help') || rest.includes('-h') ? say(text) : run(rest);
  }
  console.error(name === undefined ? usage : `heddle: there is no ${name.startsWith('-') ? 'option' : 'command'} '${name}'.\n\n${usage}`);
  return 2;
}

/** @param {string} text */
function say(text) {
  console.log(text);
  return 0;
}

/* Who reads the output may have read enough. */
process.stdout.on('error', (/** @type {any} */ error) => process.exit(error.code === 'EPIPE' ? 0 : 1));
process.exitCode = await main(process.argv.slice(2));
