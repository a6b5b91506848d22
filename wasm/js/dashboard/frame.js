/**
 * Messages as frames for the dashboard's stream. A frame is, all numbers little endian: 4 bytes: how many bytes follow; 4 bytes: how
 * many of these are the head; the head, as JSON; columns, each from a multiple of 8 bytes after the frame's beginning. In the
 * head a column stands as `{ "$": [type, place of its first byte, length] }`.
 */

const types = { Uint8Array: 'u8', Uint16Array: 'u16', Uint32Array: 'u32', Float32Array: 'f32', Float64Array: 'f64' };
const HEAD = 8;

/** @param {number} bytes */
const aligned = (bytes) => Math.ceil(bytes / 8) * 8;

/** @param {unknown} value */
const isColumn = (value) => ArrayBuffer.isView(value) && value.constructor.name in types;

/**
 * @param {object} message of JSON's values and columns, which stand at any depth but in arrays
 * @returns {Uint8Array}
 */
export function frameOf(message) {
  /** @type {{ column: Uint8Array, at: number }[]} */
  const columns = [];
  let end = 0;
  const mark = (/** @type {any} */ column) => {
    const at = end;
    columns.push({ column: new Uint8Array(column.buffer, column.byteOffset, column.byteLength), at });
    end = aligned(end + column.byteLength);
    return { $: [types[/** @type {keyof typeof types} */ (column.constructor.name)], at, column.length] };
  };
  /** @type {(value: any) => object} */
  const described = (value) => Object.fromEntries(Object.entries(value).map(([key, part]) =>
    [key, isColumn(part) ? mark(part) : part && typeof part === 'object' && !Array.isArray(part) ? described(part) : part]));
  const head = new TextEncoder().encode(JSON.stringify(described(message)));
  const body = aligned(HEAD + head.length), frame = new Uint8Array(body + end), view = new DataView(frame.buffer);
  view.setUint32(0, frame.length - 4, true);
  view.setUint32(4, head.length, true);
  frame.set(head, HEAD);
  for (const { column, at } of columns) frame.set(column, body + at);
  return frame;
}
