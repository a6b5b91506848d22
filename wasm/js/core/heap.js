/**
 * One WebAssembly core as JavaScript sees it: its exports and views of its memory. Views are fetched
 * anew for each use, because any call, and any other thread, may grow the memory; nothing outside this
 * file keeps one.
 */
import { OutOfMemoryError } from '../errors.js';
import { BLOCK, NUMBER } from '../values/codec.js';

/** HD_NONE. */
export const NONE = 0xffffffff;

const decoder = new TextDecoder();

export class Heap {
  #shared;
  /** @type {ArrayBufferLike | undefined} */ #buffer;
  /** @type {Uint8Array} */ #bytes = new Uint8Array(0);
  /** @type {Uint32Array} */ #words = new Uint32Array(0);
  /** @type {Float64Array} */ #doubles = new Float64Array(0);

  /**
   * @param {Record<string, (...args: any[]) => any>} exports the hdw_ functions
   * @param {WebAssembly.Memory} memory
   */
  constructor(exports, memory) {
    this.core = exports;
    this.memory = memory;
    this.#shared = !(memory.buffer instanceof ArrayBuffer);
  }

  #refresh() {
    /* Memory that is not shared says so itself when it has moved: asking for its buffer costs more than a task. */
    if (!this.#shared && this.#words.length > 0) return;
    const { buffer } = this.memory;
    if (buffer === this.#buffer) return;
    this.#buffer = buffer;
    this.#bytes = new Uint8Array(buffer);
    this.#words = new Uint32Array(buffer);
    this.#doubles = new Float64Array(buffer);
  }

  /** Makes sure that the views reach what another thread has allocated, and perhaps grown the memory for:
   * this thread may not have noticed yet, and a view that is too short reads and writes nothing. */
  catchUp() {
    if ((this.core.hdw_memory_pages() >>> 0) * 65536 > this.memory.buffer.byteLength) this.memory.grow(0);
  }

  /** All bytes, now. */
  get bytes() {
    this.#refresh();
    return this.#bytes;
  }

  /** All 32-bit words, now. */
  get words() {
    this.#refresh();
    return this.#words;
  }

  /** All doubles, now. */
  get doubles() {
    this.#refresh();
    return this.#doubles;
  }

  /** The word at an address. @param {number} address */
  word(address) {
    return this.words[address >>> 2];
  }

  /**
   * Room for so many bytes, to be given back with `core.hdw_free`.
   * @param {number} size
   * @param {string} what for the error
   */
  alloc(size, what) {
    const address = size < 2 ** 32 ? this.core.hdw_alloc(size) >>> 0 : 0;
    if (!address) throw outOfMemory(what, size);
    return address;
  }

  /** A C string. @param {number} address */
  text(address) {
    const { bytes } = this;
    return decoder.decode(bytes.slice(address, bytes.indexOf(0, address)));
  }

  /** The name of a hd_status. @param {number} status */
  statusName(status) {
    return this.text(this.core.hdw_status_name(status) >>> 0);
  }

  /** The sentence for a hd_status. @param {number} status */
  statusText(status) {
    return this.text(this.core.hdw_strerror(status) >>> 0);
  }

  /**
   * Writes numbers into slots (hd_value) side by side, from `from` on, until there is none.
   * @param {number} slot the first one's, if all were numbers @param {readonly unknown[]} values @param {number} from
   * @returns {number} how many values now have their slots
   */
  writeNumbers(slot, values, from) {
    const { words, doubles } = this;
    let at = from;
    for (let value; at < values.length && typeof (value = values[at]) === 'number'; at++) {
      words[(slot >>> 2) + at * 4] = NUMBER;
      doubles[(slot >>> 3) + at * 2 + 1] = value;
    }
    return at;
  }

  /**
   * Writes a value into a slot (hd_value).
   * @param {number} slot
   * @param {import('../values/codec.js').Encoded} value
   */
  writeValue(slot, { tag, kind, number, bytes }) {
    let block = 0;
    if (bytes) {
      block = bytes.length < 2 ** 32 ? this.core.hdw_block_create(bytes.length) >>> 0 : 0;
      if (!block) throw outOfMemory('an argument', bytes.length);
      this.bytes.set(bytes, this.core.hdw_block_data(block) >>> 0);
    }
    const { words, doubles } = this;
    words[slot >>> 2] = tag;
    words[(slot >>> 2) + 1] = kind;
    if (bytes) words[(slot >>> 2) + 2] = block;
    else doubles[(slot >>> 3) + 1] = number;
  }

  /**
   * Reads slots side by side, as `readValue` does.
   * @param {number} slot @param {number} count
   */
  readValues(slot, count) {
    const { words, doubles } = this;
    const values = new Array(count);
    for (let at = 0; at < count; at++) {
      const tag = words[(slot >>> 2) + at * 4];
      values[at] = tag === NUMBER ? { tag, kind: 0, number: doubles[(slot >>> 3) + at * 2 + 1], bytes: null } : this.readValue(slot + at * 16);
    }
    return values;
  }

  /**
   * Reads a slot; the bytes of a block are copied, so that they are the reader's own.
   * @param {number} slot
   * @returns {import('../values/codec.js').Encoded}
   */
  readValue(slot) {
    const { words, doubles } = this;
    const tag = words[slot >>> 2], kind = words[(slot >>> 2) + 1];
    if (tag !== BLOCK) return { tag, kind, number: doubles[(slot >>> 3) + 1], bytes: null };
    const block = words[(slot >>> 2) + 2];
    const data = this.core.hdw_block_data(block) >>> 0;
    this.catchUp();
    return { tag, kind, number: 0, bytes: this.bytes.slice(data, data + (this.core.hdw_block_bytes(block) >>> 0)) };
  }
}

/** @param {string} what @param {number} size */
export function outOfMemory(what, size) {
  return new OutOfMemoryError(`no room for ${what} of ${size} bytes in the shared heap. ` +
    'Give it a larger maximum (config.memory or Runtime.start({ memory })), or send smaller pieces.', { bytes: size });
}
