/**
 * Trace files: a run that was watched, whole, to be looked at later or elsewhere. README.md describes the format. A file is
 * somebody else's: whatever is in it, reading gives a model or a TraceFileError, and takes no more memory than
 * a trace of that size needs.
 */
import { TraceFileError } from '../errors.js';
import { EDGES_MAX, TASKS_MAX, graphFault, isTraceMessage } from './check.js';
import { plain } from './annotations.js';
import { EVENTS_MAX, Events } from './events.js';
import { TraceModel } from './model.js';
import { HELD, NO_TASK, NO_WORKER } from './states.js';

export const FORMAT_VERSION = 1;
/** Names, keys and annotations may take so many bytes, and what comes before the first line's end. */
const TEXT_BYTES_MAX = 256 * 2 ** 20, HEAD_BYTES_MAX = 16 * 2 ** 20;
/** And so many values, so deep in each other: a small file must not become a large tree. */
const VALUES_MAX = 1_000_000, VALUES_PER_TASK = 24, DEPTH_MAX = 64;

const types = { u8: Uint8Array, u16: Uint16Array, u32: Uint32Array, f32: Float32Array, f64: Float64Array };
/** @typedef {keyof typeof types} Type @typedef {Uint8Array | Uint16Array | Uint32Array | Float32Array | Float64Array} Column */

/** The columns, in the order in which they are written, and what each has one value for. @type {readonly (readonly [string, Type, 'task' | 'input' | 'output' | 'event' | 'group'])[]} */
const layout = [
  ['nameOf', 'u32', 'task'], ['inputCounts', 'u32', 'task'], ['inputsBack', 'u32', 'input'], ['outputs', 'u32', 'output'], ['groupsBack', 'u32', 'group'],
  ['states', 'u8', 'task'], ['startMs', 'f64', 'task'], ['elapsedMs', 'f32', 'task'], ['worker', 'u16', 'task'], ['attempts', 'u8', 'task'], ['bytes', 'f64', 'task'],
  ['kind', 'u8', 'event'], ['task', 'u32', 'event'], ['eventWorker', 'u16', 'event'], ['eventStartMs', 'f64', 'event'], ['eventElapsedMs', 'f32', 'event'],
];

/** Bytes of one place together, then those of the next: times and numbers that grow are far shorter so, once compressed.
 * @param {Column} column */
function planes(column) {
  const width = column.BYTES_PER_ELEMENT, { length } = column, bytes = new Uint8Array(column.buffer, column.byteOffset, column.byteLength);
  if (width === 1) return bytes;
  const out = new Uint8Array(bytes.length);
  for (let plane = 0; plane < width; plane++) for (let at = 0, from = plane, to = plane * length; at < length; at++, from += width) out[to + at] = bytes[from];
  return out;
}

/** @param {Uint8Array} bytes @param {Type} type @param {number} length @returns {Column} */
function fromPlanes(bytes, type, length) {
  const column = new types[type](length), width = column.BYTES_PER_ELEMENT, out = new Uint8Array(column.buffer);
  if (width === 1) out.set(bytes);
  else for (let plane = 0; plane < width; plane++) for (let at = 0, to = plane, from = plane * length; at < length; at++, to += width) out[to] = bytes[from + at];
  return column;
}

/** How far back each task's inputs are, which neighbours have alike; and, of that, the inputs again. @param {Uint32Array} offsets @param {Uint32Array} inputs */
function turned(offsets, inputs) {
  const out = new Uint32Array(inputs.length);
  for (let task = 0; task + 1 < offsets.length; task++)
    for (let at = offsets[task]; at < offsets[task + 1]; at++) out[at] = task - inputs[at];
  return out;
}

/**
 * A trace as the bytes of a file.
 * @param {TraceModel} model also while its run goes on: how it stands now
 * @returns {Promise<Uint8Array>}
 * @example await writeFile('run.heddle', await writeTrace(model));
 */
export async function writeTrace(model) {
  const { graph, record } = model, texts = textsFor(graph), events = eventsOf(model);
  const head = {
    heddle: 'trace', version: FORMAT_VERSION, scheduler: model.scheduler, workers: model.workers, startedAt: model.startedAt, budget: model.budget,
    atMs: model.atMs, outcome: model.outcome, tasks: model.count, inputs: graph.inputs.length, outputs: graph.outputs.length, groups: graph.groups?.length ?? 0,
    events: events.kind.length, lostEvents: events.lost, textBytes: texts.length,
  };
  /** @type {Record<string, Column>} */
  const columns = {
    nameOf: graph.nameOf, inputCounts: graph.offsets.subarray(1).map((end, task) => end - graph.offsets[task]), inputsBack: turned(graph.offsets, graph.inputs),
    outputs: graph.outputs, groupsBack: (graph.groups ?? new Uint32Array(0)).map((first, task) => task - first), ...record,
    kind: events.kind, task: events.task, eventWorker: events.worker, eventStartMs: events.startMs, eventElapsedMs: events.elapsedMs,
  };
  const parts = [new TextEncoder().encode(`${JSON.stringify(head)}\n`), texts, ...layout.map(([name]) => planes(columns[name]))];
  const packed = new Blob(/** @type {any} */ (parts)).stream().pipeThrough(new CompressionStream('gzip'));
  return new Uint8Array(await new Response(packed).arrayBuffer());
}

/** Names, keys and what is said about tasks, as far as JSON carries that and a reader takes it. @param {import('../watch.js').WatchedGraph} graph */
function textsFor({ names, keys, annotations, count }) {
  for (const texts of [{ names, keys, annotations: plain(annotations) }, { names, keys }]) {
    const bytes = new TextEncoder().encode(JSON.stringify(texts));
    if (bytes.length <= TEXT_BYTES_MAX && faultOfTexts(bytes, count) === undefined) return bytes;
  }
  return new TextEncoder().encode(JSON.stringify({ names, keys: [] }));
}

/** The events, also that the gate is shut now. @param {TraceModel} model */
function eventsOf({ events, heldSinceMs, atMs }) {
  if (!(heldSinceMs >= 0)) return events;
  const all = new Events();
  all.append(events);
  all.push(HELD, NO_TASK, NO_WORKER, heldSinceMs, Math.max(0, atMs - heldSinceMs));
  return all.columns;
}

/** What is wrong with texts before they are parsed; undefined: nothing. @param {Uint8Array} bytes @param {number} tasks */
function faultOfTexts(bytes, tasks) {
  let depth = 0, values = 0, isText = false;
  const most = VALUES_MAX + VALUES_PER_TASK * tasks;
  for (let at = 0; at < bytes.length; at++) {
    const byte = bytes[at];
    if (isText) {
      if (byte === 92) at++; /* a backslash, and what it stands before */
      else if (byte === 34) isText = false;
    } else if (byte === 34) isText = true;
    else if (byte === 44 || byte === 91 || byte === 123) { /* , [ { */
      if (byte !== 44 && ++depth > DEPTH_MAX) return `its annotations are nested more than ${DEPTH_MAX} levels deep`;
      if (++values > most) return 'its names, keys and annotations are more than its tasks can have';
    } else if (byte === 93 || byte === 125) depth--;
  }
  return undefined;
}

/** @param {string} says @param {unknown} [cause] @returns {never} */
function refuse(says, cause) {
  throw new TraceFileError(`this is no trace that can be read: ${says}.`, { cause });
}

const isNumber = (/** @type {unknown} */ value, /** @type {number} */ max) => Number.isInteger(value) && /** @type {number} */ (value) >= 0 && /** @type {number} */ (value) <= max;

/** The first line. @param {Uint8Array} bytes @returns {any} */
function headOf(bytes) {
  let head;
  try {
    head = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch (cause) {
    refuse('its first line is not JSON', cause);
  }
  if (head?.heddle !== 'trace') refuse('its first line does not say that it is one');
  if (head.version !== FORMAT_VERSION) refuse(`it has version ${String(head.version).slice(0, 20)} of the format, and this reads version ${FORMAT_VERSION}`);
  for (const [count, max] of /** @type {const} */ ([['tasks', TASKS_MAX], ['inputs', EDGES_MAX], ['outputs', 2 * TASKS_MAX], ['groups', TASKS_MAX], ['events', EVENTS_MAX],
    ['lostEvents', Number.MAX_SAFE_INTEGER], ['textBytes', TEXT_BYTES_MAX]]))
    if (!isNumber(head[count], max)) refuse(`'${count}' is not a number from 0 to ${max}`);
  if (head.groups !== 0 && head.groups !== head.tasks) refuse('the groups are not one for each task');
  return head;
}

/** What follows the first line: the texts and the columns. @param {any} head */
function lengthsOf(head) {
  /** @type {Record<string, number>} */
  const lengths = { task: head.tasks, input: head.inputs, output: head.outputs, event: head.events, group: head.groups };
  const parts = layout.map(([name, type, of]) => ({ name, type, length: lengths[of], bytes: lengths[of] * types[type].BYTES_PER_ELEMENT }));
  return { parts, total: parts.reduce((sum, { bytes }) => sum + bytes, head.textBytes) };
}

/** Reads no further than the first line says. @param {ReadableStreamDefaultReader<Uint8Array>} reader */
async function unpack(reader) {
  /** @type {Uint8Array[]} */
  let chunks = [];
  let length = 0, head, total = HEAD_BYTES_MAX;
  for (;;) {
    const { done, value } = await reader.read();
    if (done) break;
    let chunk = value;
    const end = head ? -1 : value.indexOf(10);
    if (end >= 0) {
      head = headOf(await joined([...chunks, value.subarray(0, end)]));
      total = lengthsOf(head).total;
      chunks = [];
      length = 0;
      chunk = value.subarray(end + 1);
    }
    chunks.push(chunk);
    length += chunk.length;
    if (length > total) refuse(head ? 'it is longer than its first line says' : 'its first line has no end');
  }
  if (!head) refuse(length ? 'its first line has no end' : 'it is empty');
  if (length < total) refuse('it ends too early');
  return { head, body: await joined(chunks) };
}

/** @param {Uint8Array[]} chunks */
const joined = async (chunks) => new Uint8Array(await new Blob(/** @type {any} */ (chunks)).arrayBuffer());

/**
 * The trace in a file.
 * @param {Uint8Array | ArrayBuffer | Blob} file
 * @returns {Promise<TraceModel>} a run that had not ended when it was written is read as cancelled, its tasks as they were
 * @throws {TraceFileError} if it is damaged, of another kind or version, or says what cannot be
 * @example const model = await readTrace(await readFile('run.heddle'));
 */
export async function readTrace(file) {
  const stream = (file instanceof Blob ? file : new Blob([/** @type {any} */ (file)])).stream().pipeThrough(/** @type {any} */ (new DecompressionStream('gzip')));
  const reader = /** @type {ReadableStreamDefaultReader<Uint8Array>} */ (stream.getReader());
  try {
    const { head, body } = await unpack(reader);
    return modelOf(head, body);
  } catch (error) {
    if (error instanceof TraceFileError) throw error;
    if (error instanceof RangeError) refuse('there is no memory for so much', error);
    return refuse('it is damaged, or no trace at all', error);
  } finally {
    reader.cancel().catch(() => {});
  }
}

/** @param {any} head @param {Uint8Array} body */
function modelOf(head, body) {
  const texts = body.subarray(0, head.textBytes), tooMuch = faultOfTexts(texts, head.tasks);
  if (tooMuch) refuse(tooMuch);
  const { names, keys, annotations } = textsOf(texts);
  /** @type {any} */
  const columns = {};
  let at = head.textBytes;
  for (const { name, type, length, bytes } of lengthsOf(head).parts) {
    columns[name] = fromPlanes(body.subarray(at, at + bytes), type, length);
    at += bytes;
  }
  const offsets = new Uint32Array(head.tasks + 1);
  let sum = 0;
  columns.inputCounts.forEach((/** @type {number} */ count, /** @type {number} */ task) => {
    sum += count;
    if (sum > head.inputs) refuse('its tasks have more inputs than there are');
    offsets[task + 1] = sum;
  });
  if (sum !== head.inputs) refuse('its tasks have fewer inputs than there are');
  const graph = { count: head.tasks, names, keys, nameOf: columns.nameOf, offsets, inputs: turned(offsets, columns.inputsBack), outputs: columns.outputs,
    ...(head.groups ? { groups: columns.groupsBack.map((/** @type {number} */ back, /** @type {number} */ task) => task - back) } : {}), ...(annotations ? { annotations: saidOf(annotations) } : {}) };
  const fault = graphFault(graph);
  if (fault) refuse(fault);
  return replay(head, graph, columns);
}

/** @param {Uint8Array} bytes @returns {any} */
function textsOf(bytes) {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes)) ?? {};
  } catch (cause) {
    return refuse('its names and keys are not JSON', cause);
  }
}

/** What is said about tasks, or nothing. @param {unknown} annotations */
function saidOf(annotations) {
  if (!Array.isArray(annotations)) return refuse('its annotations are no list');
  return annotations.map((said) => {
    if (said !== null && (typeof said !== 'object' || Array.isArray(said))) refuse('its annotations are not objects');
    return said ?? undefined;
  });
}

/** @param {any} head @param {any} graph @param {any} columns */
function replay({ scheduler, workers, startedAt, budget, atMs, outcome, tasks, lostEvents }, graph, columns) {
  const events = { kind: columns.kind, task: columns.task, worker: columns.eventWorker, startMs: columns.eventStartMs, elapsedMs: columns.eventElapsedMs, lost: lostEvents };
  const { states, startMs, elapsedMs, worker, attempts, bytes } = columns;
  const messages = /** @type {any[]} */ ([
    { type: 'begin', run: 1, scheduler, workers, startedAt, budget, graph },
    { type: 'batch', run: 1, atMs, tasks: Uint32Array.from({ length: tasks }, (_, task) => task), states, startMs, elapsedMs, worker, attempts, bytes, events },
    { type: 'end', run: 1, atMs, outcome: outcome ?? 'cancelled' },
  ]);
  const counts = new Map();
  const wrong = messages.find((message) => !isTraceMessage(message, counts));
  if (wrong) refuse(`what it says of the ${{ begin: 'run', batch: 'tasks', end: 'end' }[/** @type {'end'} */ (wrong.type)]} cannot be`);
  const model = new TraceModel(messages[0], 0);
  for (const message of messages.slice(1)) model.receive(message, 0);
  return model;
}
