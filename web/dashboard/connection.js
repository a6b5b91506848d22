/** The page's line to the script: its stream of messages, and wishes for its gate. */
import { Frames } from './frames.js';

export class Connection {
  #headers;

  /** @param {string} token of the page's address */
  constructor(token) {
    this.#headers = { Authorization: `Bearer ${token}` };
  }

  /**
   * The messages, until the script is gone.
   * @returns {AsyncGenerator<any>}
   * @throws {Error} when the script could not be reached, or refuses
   */
  async *messages() {
    const response = await fetch('stream', { headers: this.#headers });
    if (!response.ok || !response.body) throw new Error((await response.text()).trim());
    const reader = response.body.getReader(), frames = new Frames();
    for (;;) {
      /** @type {ReadableStreamReadResult<Uint8Array> | undefined} */
      const part = await reader.read().catch(() => undefined); /* it ended in the middle: its process is gone */
      if (!part || part.done) return;
      yield* frames.read(part.value);
    }
  }

  /** What the gate is to do. @param {{ how: string, count: number }} wish @returns {Promise<boolean>} whether it was taken */
  async ask({ how, count }) {
    const body = JSON.stringify({ how, count: Number.isFinite(count) ? count : null });
    const response = await fetch('gate', { method: 'POST', headers: { ...this.#headers, 'Content-Type': 'application/json' }, body }).catch(() => undefined);
    return response?.ok === true;
  }
}
