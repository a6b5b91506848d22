/** Printed lines on their way to the page, which a program that prints without end must not drown. */

/** In so many milliseconds so many messages are sent at once; what is beyond that waits, the newest of it. */
const WINDOW_MS = 50, AT_ONCE = 50, LINES_MAX = 500, CHARACTERS_MAX = 200_000;

/** @typedef {import('./protocol.js').PrintMessage} PrintMessage */

export class Printer {
  #send;
  /** @type {PrintMessage['lines']} */
  #lines = [];
  #characters = 0;
  #skipped = 0;
  #windowEnd = 0;
  #sent = 0;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;

  /** @param {(message: PrintMessage) => void} send */
  constructor(send) {
    this.#send = send;
  }

  /** @param {PrintMessage['lines'][number]} line @param {number} [skipped] lines that were lost before it */
  print(line, skipped = 0) {
    this.#lines.push(line);
    this.#skipped += skipped;
    this.#characters += line.text.length;
    while (this.#lines.length > 1 && (this.#lines.length > LINES_MAX || this.#characters > CHARACTERS_MAX)) {
      this.#characters -= this.#lines[0].text.length;
      this.#lines.shift();
      this.#skipped++;
    }
    const now = performance.now();
    if (now >= this.#windowEnd) {
      this.#windowEnd = now + WINDOW_MS;
      this.#sent = 0;
    }
    if (this.#sent++ < AT_ONCE) this.flush();
    else this.#timer ??= setTimeout(() => this.flush(), WINDOW_MS);
  }

  /** Sends what waits. */
  flush() {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (!this.#lines.length) return;
    this.#send({ type: 'print', lines: this.#lines, skipped: this.#skipped });
    this.#lines = [];
    this.#characters = this.#skipped = 0;
  }
}
