/** A bounded memory of pure results, which later computations start from. */
import { OptionError } from './errors.js';
import { Held } from './held.js';
import { bytesOf } from './options.js';

/** What an entry costs beside its bytes, about. */
const ENTRY_BYTES = 200;

/**
 * Results of pure tasks by their keys, up to so many bytes; those that were not used for longest make room. Computations
 * that are given it, by `compute(…, { cache })` or `config.cache`, run no pure task whose result is in it, nor what only
 * such tasks need. While one of them runs, the results of all its pure tasks stay in memory. Only results that pure
 * tasks made of values and of other pure tasks' results are kept: those of other tasks may differ each time.
 * @example
 * config.cache = new Cache('100MB');
 * const load = delayed((name) => name.length, { pure: true });
 * await load('x').compute(); // runs
 * await load('x').compute(); // does not
 */
export class Cache {
  #bytesMax;
  #bytes = 0;
  /** @type {Map<string, { encoded: import('./values/codec.js').Encoded, bytes: number }>} The one that was used last comes last. */
  #entries = new Map();

  /** @param {number | string} bytes the most that results may take, such as '100MB' @throws {OptionError} */
  constructor(bytes) {
    const most = bytesOf(bytes);
    if (!(most >= 0 && most <= Number.MAX_SAFE_INTEGER))
      throw new OptionError(`a Cache is given a number of bytes or a text like '100MB', but got ${String(bytes)}.`, { option: 'bytes' });
    this.#bytesMax = most;
  }

  /** How many results it has. */
  get size() {
    return this.#entries.size;
  }

  /** How many bytes they take, about. */
  get bytes() {
    return this.#bytes;
  }

  /** Forgets everything. */
  clear() {
    this.#entries.clear();
    this.#bytes = 0;
  }

  /** @param {string} key @returns {Held | undefined} @internal */
  find(key) {
    const entry = this.#entries.get(key);
    if (!entry) return undefined;
    this.#entries.delete(key);
    this.#entries.set(key, entry);
    return Held.ofBytes(entry.encoded);
  }

  /** Keeps a result, as bytes or as a value, if it can travel and fits. @param {string} key @param {Held} held @internal */
  keep(key, held) {
    let encoded;
    try {
      encoded = held.encoded;
    } catch {
      return; /* it cannot travel, and so cannot be kept exactly */
    }
    const bytes = ENTRY_BYTES + key.length + (encoded.bytes?.length ?? 0);
    if (bytes > this.#bytesMax || this.#entries.has(key)) return;
    /* Bytes of a value are its own, and may change with it. */
    this.#entries.set(key, { encoded: encoded.bytes ? { ...encoded, bytes: encoded.bytes.slice() } : encoded, bytes });
    this.#bytes += bytes;
    for (const [oldest, { bytes: freed }] of this.#entries) {
      if (this.#bytes <= this.#bytesMax) break;
      this.#entries.delete(oldest);
      this.#bytes -= freed;
    }
  }
}
