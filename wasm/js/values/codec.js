/**
 * Values as bytes. Small ones are inline in a slot of the shared heap (tag, kind, number); typed arrays
 * and buffers travel as their bytes; all else as text: JSON where it is exact, devalue otherwise.
 */
import { OutOfMemoryError, ValueError } from '../errors.js';
import { Reference, Template } from '../template.js';
import { asText, fromText } from './text.js';
import { AS_JSON, hasItsBytes, howItTravels, isShared } from './travel.js';

/** hd_tag, as in hd/value.h. */
export const NUMBER = 1, BOOLEAN = 2, UNDEFINED = 3, NULL = 4, BLOCK = 5;

/** What the bytes of a block are: its `kind`. From RAW on, the class of a typed array or buffer. */
export const JSON_TEXT = 1, DEVALUE_TEXT = 2, TEMPLATE_TEXT = 3, RAW = 16;

const hasBuffer = typeof Buffer === 'function';

/** Classes of raw blocks by kind: a kind keeps its number, whatever else comes or is missing here. @type {Record<number, any>} */
const rawClasses = {
  [RAW]: ArrayBuffer, 17: DataView, 18: Int8Array, 19: Uint8Array, 20: Uint8ClampedArray, 21: Int16Array, 22: Uint16Array,
  23: Int32Array, 24: Uint32Array, 25: Float32Array, 26: Float64Array, 27: BigInt64Array, 28: BigUint64Array,
  29: hasBuffer ? Buffer : undefined, 30: /** @type {any} */ (globalThis).Float16Array,
};
const BUFFER_KIND = 29;
const rawKinds = new Map(Object.entries(rawClasses).filter(([, Class]) => Class).map(([kind, Class]) => [Class.prototype, Number(kind)]));

/**
 * A value on its way: inline by tag and number, or a block's kind and bytes.
 * @typedef {{ tag: number, kind: number, number: number, bytes: Uint8Array | null }} Encoded
 */

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** The kind of a raw value, or 0. @param {unknown} value */
export function rawKind(value) {
  return value !== null && typeof value === 'object' ? (rawKinds.get(Object.getPrototypeOf(value)) ?? 0) : 0;
}

/** The bytes of a raw value, not copied. @param {any} value @returns {Uint8Array} */
export function rawBytes(value) {
  return ArrayBuffer.isView(value) ? new Uint8Array(value.buffer, value.byteOffset, value.byteLength) : new Uint8Array(value);
}

/** @param {number} tag @param {number} [number] @returns {Encoded} */
const inline = (tag, number = 0) => ({ tag, kind: 0, number, bytes: null });

/** @param {number} kind @param {Uint8Array} bytes @returns {Encoded} */
const block = (kind, bytes) => ({ tag: BLOCK, kind, number: 0, bytes });

/** Runs an encoder, whose failures are about the value. @param {() => string} run */
function text(run) {
  try {
    return encoder.encode(run());
  } catch (cause) {
    if (cause instanceof RangeError) throw new OutOfMemoryError('the value is too large to be sent as one piece of text; split it, or use typed arrays.', { cause });
    throw new ValueError(`the value cannot travel between threads: ${/** @type {Error} */ (cause).message}`, { cause });
  }
}

/**
 * @param {unknown} value
 * @returns {Encoded} bytes of typed arrays are those of the value, not a copy
 * @throws {ValueError}
 */
export function encode(value) {
  switch (typeof value) {
    case 'number': return inline(NUMBER, value);
    case 'boolean': return inline(BOOLEAN, value ? 1 : 0);
    case 'undefined': return inline(UNDEFINED);
    case 'string': return block(JSON_TEXT, text(() => JSON.stringify(value)));
    default:
  }
  if (value === null) return inline(NULL);
  const kind = rawKind(value);
  if (kind && hasItsBytes(value) && !isShared(/** @type {any} */ (value).buffer)) return block(kind, rawBytes(value));
  return howItTravels(value) === AS_JSON
    ? block(JSON_TEXT, text(() => JSON.stringify(value)))
    : block(DEVALUE_TEXT, text(() => asText(value)));
}

/**
 * The arguments of a call, with References in the places of nested results.
 * @param {Template} template
 * @returns {Encoded}
 */
export function encodeTemplate(template) {
  howItTravels(template.given, true); /* what users wrote: in the copy with References, getters are data */
  return block(TEMPLATE_TEXT, text(() => asText(template.args, {
    Reference: (/** @type {unknown} */ value) => value instanceof Reference && [value.place],
  })));
}

/** A recording's literal, which may be a Template. @param {unknown} literal */
export const encodeLiteral = (literal) => (literal instanceof Template ? encodeTemplate(literal) : encode(literal));

/**
 * The arguments of a template, with results in the places of References.
 * @param {Uint8Array} bytes
 * @param {(place: number) => unknown} result
 * @returns {unknown[]}
 */
export function decodeTemplate(bytes, result) {
  return fromText(decoder.decode(bytes), { Reference: (/** @type {[number]} */ [place]) => result(place) });
}

/** An inline value. @param {number} tag @param {number} number */
export function decodeInline(tag, number) {
  switch (tag) {
    case NUMBER: return number;
    case BOOLEAN: return number !== 0;
    case NULL: return null;
    default: return undefined;
  }
}

/**
 * A value from the bytes of a block. Raw values are made on `buffer`, or on a copy.
 * @param {number} kind
 * @param {Uint8Array} bytes which must be a private copy for text (decoders refuse shared memory)
 * @returns {unknown}
 */
export function decodeBlock(kind, bytes) {
  switch (kind) {
    case JSON_TEXT: return JSON.parse(decoder.decode(bytes));
    case DEVALUE_TEXT: return fromText(decoder.decode(bytes));
    default: return makeRaw(kind, bytes);
  }
}

/**
 * A typed array or buffer over bytes, without copying them.
 * @param {number} kind
 * @param {Uint8Array} bytes
 */
export function makeRaw(kind, bytes) {
  const { buffer, byteOffset, byteLength } = bytes;
  if (kind === RAW) return buffer; /* an ArrayBuffer: bytes are all of it */
  if (kind === BUFFER_KIND && hasBuffer) return Buffer.from(buffer, byteOffset, byteLength);
  const Class = rawClasses[kind];
  return new Class(buffer, byteOffset, byteLength / (Class.BYTES_PER_ELEMENT ?? 1));
}

/** The value. @param {Encoded} encoded whose bytes become the value's own */
export function decode({ tag, kind, number, bytes }) {
  return bytes ? decodeBlock(kind, bytes) : decodeInline(tag, number);
}

/** The value, on a copy of the bytes. @param {Encoded} encoded */
export function decodeCopy(encoded) {
  return decode(encoded.bytes ? { ...encoded, bytes: encoded.bytes.slice() } : encoded);
}

/**
 * Passes a value through the codec, as threads would.
 * @param {unknown} value
 */
export function throughCodec(value) {
  return decodeCopy(encode(value));
}
