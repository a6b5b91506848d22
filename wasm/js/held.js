/** Results that are kept in memory for later computations. */
import { HdError } from './errors.js';
import { decodeCopy, encode, encodeLiteral } from './values/codec.js';

/** A result that stands among the arguments of the task that gives it. */
export class Held {
  /** @type {import('./values/codec.js').Encoded | undefined} */ #encoded;
  /** @type {{ value: unknown } | undefined} */ #own;
  #released = false;

  /** @param {import('./values/codec.js').Encoded} encoded */
  static ofBytes(encoded) {
    const held = new Held();
    held.#encoded = encoded;
    return held;
  }

  /** @param {unknown} value */
  static ofValue(value) {
    const held = new Held();
    held.#own = { value };
    return held;
  }

  #check() {
    if (this.#released) throw new HdError('RELEASED', 'this result was released, and what it was made of is not kept: persist it again, or release it later.');
  }

  /** As it goes to other threads. */
  get encoded() {
    this.#check();
    return (this.#encoded ??= encode(/** @type {{ value: unknown }} */ (this.#own).value));
  }

  /** For tasks of this thread: the value that one of them gave, or else a copy. */
  get value() {
    this.#check();
    return this.#own ? this.#own.value : decodeCopy(/** @type {import('./values/codec.js').Encoded} */ (this.#encoded));
  }

  release() {
    this.#released = true;
    this.#encoded = this.#own = undefined;
  }
}

/** A recording's literal as bytes. @param {unknown} literal */
export const encodeArgument = (literal) => (literal instanceof Held ? literal.encoded : encodeLiteral(literal));
