/** Messages out of the dashboard's stream: wasm/js/dashboard/frame.js says what a frame is. */

const types = { u8: Uint8Array, u16: Uint16Array, u32: Uint32Array, f32: Float32Array, f64: Float64Array };
const HEAD = 8;
/** No frame is longer: the largest graph that a model takes is shorter. */
const FRAME_MAX = 2 ** 30;

/** @param {number} bytes */
const aligned = (bytes) => Math.ceil(bytes / 8) * 8;

/** @param {Uint8Array<ArrayBuffer>} frame whole, at the beginning of its buffer @returns {any} */
function messageOf(frame) {
  const headLength = new DataView(frame.buffer).getUint32(4, true), body = aligned(HEAD + headLength);
  return JSON.parse(new TextDecoder().decode(frame.subarray(HEAD, HEAD + headLength)), (_, value) => {
    if (!Array.isArray(value?.$)) return value;
    const [type, at, length] = value.$;
    return new types[/** @type {keyof typeof types} */ (type)](frame.buffer, body + at, length);
  });
}

/** Takes bytes as they come, gives the messages that are whole. */
export class Frames {
  /** @type {Uint8Array[]} */ #chunks = [];
  #length = 0;
  /** Of the frame that is coming; 0: not known yet. */ #wanted = 0;

  /** @param {Uint8Array} chunk @returns {Generator<any>} @throws {RangeError | SyntaxError} when the bytes are no frames */
  *read(chunk) {
    this.#chunks.push(chunk);
    this.#length += chunk.length;
    for (;;) {
      if (!this.#wanted && this.#length >= 4) {
        const start = this.#take(4);
        this.#wanted = 4 + new DataView(start.buffer).getUint32(0, true);
        if (this.#wanted > FRAME_MAX) throw new RangeError('a frame is too long');
        this.#chunks.unshift(start);
        this.#length += 4;
      }
      if (!this.#wanted || this.#length < this.#wanted) return;
      const frame = this.#take(this.#wanted);
      this.#wanted = 0;
      yield messageOf(frame);
    }
  }

  /** @param {number} length no more than there is */
  #take(length) {
    const taken = new Uint8Array(length);
    let at = 0;
    while (at < length) {
      const [first] = this.#chunks, part = first.subarray(0, length - at);
      taken.set(part, at);
      at += part.length;
      if (part.length === first.length) this.#chunks.shift();
      else this.#chunks[0] = first.subarray(part.length);
    }
    this.#length -= length;
    return taken;
  }
}
