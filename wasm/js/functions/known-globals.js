/**
 * The global names a task may use without carrying them.
 *
 * A name is here when it means the same on every thread a task can run on: it belongs to
 * ECMAScript, or exists both in dedicated Web Workers (Chromium, Firefox, Safari) and in
 * Node.js worker_threads from version 20 on. It is a list, not a look at globalThis, because a
 * worker also has names that would silently stand in for a variable of the user's own.
 *
 * Left out on purpose:
 * - `name`, `origin`, `location`, `close`, `self`, `status`, `event`, `postMessage`, `onmessage`:
 *   only in Web Workers (or pages), and words that people use for their own variables;
 * - `window`, `document`, `localStorage`: only in pages. `process`, `require`, `module`, `Buffer`,
 *   `global`, `setImmediate`: only in Node.js;
 * - `navigator`, `WebSocket`, `CloseEvent`, `ErrorEvent`, `URLPattern`: not in Node.js 20;
 * - `Temporal`, `DisposableStack`, `SuppressedError`: newer than ES2025, today usually imported
 *   from a polyfill, which would be taken for the global;
 * - `escape`, `unescape`: deprecated, and `escape` is what most people call their own function;
 * - `eval`: sees names that no list can know.
 * Whoever means such a global writes `globalThis.process`, which is allowed and says so.
 */

const values = 'globalThis undefined NaN Infinity';

const language = `
  Object Function Boolean Symbol Number BigInt Math Date String RegExp JSON Reflect Proxy Intl
  Array Map Set WeakMap WeakSet WeakRef FinalizationRegistry Iterator Promise
  isFinite isNaN parseFloat parseInt decodeURI decodeURIComponent encodeURI encodeURIComponent`;

const errors = `
  Error AggregateError EvalError RangeError ReferenceError SyntaxError TypeError URIError
  DOMException`;

const memory = `
  ArrayBuffer SharedArrayBuffer Atomics DataView
  Int8Array Uint8Array Uint8ClampedArray Int16Array Uint16Array Int32Array Uint32Array
  BigInt64Array BigUint64Array Float16Array Float32Array Float64Array
  WebAssembly`;

const time = `
  setTimeout clearTimeout setInterval clearInterval queueMicrotask
  performance Performance PerformanceEntry PerformanceMark PerformanceMeasure
  PerformanceObserver PerformanceObserverEntryList PerformanceResourceTiming`;

const platform = `
  console structuredClone crypto Crypto CryptoKey SubtleCrypto
  AbortController AbortSignal Event EventTarget CustomEvent
  MessageChannel MessagePort MessageEvent BroadcastChannel`;

const network = 'fetch Headers Request Response FormData URL URLSearchParams';

const bytes = `
  atob btoa TextDecoder TextEncoder TextDecoderStream TextEncoderStream Blob File
  ReadableStream ReadableStreamDefaultReader ReadableStreamDefaultController
  WritableStream WritableStreamDefaultWriter WritableStreamDefaultController
  TransformStream TransformStreamDefaultController
  ByteLengthQueuingStrategy CountQueuingStrategy CompressionStream DecompressionStream`;

/** @param {string[]} lists @returns {ReadonlySet<string>} */
export const setOf = (...lists) => new Set(lists.join(' ').trim().split(/\s+/));

export const knownGlobals = /* @__PURE__ */ setOf(values, language, errors, memory, time, platform, network, bytes);

/** Those of the language, whose functions are everywhere the same. */
export const languageGlobals = /* @__PURE__ */ setOf(language, errors, memory);
