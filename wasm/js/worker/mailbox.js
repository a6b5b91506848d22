/**
 * A worker's mailbox in the shared heap (shim/mailbox.h): claims come in, answers go out. The only file
 * on a worker that touches heap views, which it makes anew whenever the core says the heap has grown.
 */
import { CancelledError, OptionError, OutOfMemoryError } from '../errors.js';
import { Context } from '../context.js';
import { compile, traitsOf } from '../functions/compile.js';
import { BLOCK, BOOLEAN, NULL, NUMBER, RAW, TEMPLATE_TEXT, UNDEFINED, decodeBlock, decodeInline, decodeTemplate, encode, makeRaw, rawBytes, rawKind } from '../values/codec.js';
import { packFailure } from '../values/failure.js';
import { ERROR_TEXT, INPUT_SHARED_FROM } from '../values/limits.js';
import { heapBuffers } from '../values/travel.js';

/** Offsets in words, as in shim/mailbox.h. */
const OUTCOME = 4, STATUS = 5, SLOT = 6, FUNCTION = 8, ARG_COUNT = 9, ARGS = 10, PAGES = 12, SLEEP_MS = 13, SEEN = 14, BELL = 15, PRINTING = 19, STARTED = 20, GROUP = 21, ATTEMPT = 22, BUSY = 23,
  DEADLINE = 24, GRACE = 26, PRINTED = 27, BEAT = 30, LATE = 32, LATE_SLOT = 34, TRACED = 35, RUN = 11, TASK = 7, INDEX = 16;
/** HDW_MORE: another part of the claim's fused group follows. Alone: it is the first. */
const MORE = 2;
/** HDW_LATER, alone: it is the last part of a group. */
const LAST = 1;
/** hd_tag of a value between the parts of a group: its number counts the slot's live values. */
const LIVE = 6;
const FINISH = 1, FAIL = 2, DEFER = 3;
const PAGE_BYTES = 65536;
/** hd_note_kind, and how long what is noted takes at least, in milliseconds. */
const DECODED = 0, ENCODED = 1, SLEPT = 2, ASLEEP = 5, NOTED_MS = 0.02, RESTED_MS = 0.1;
/** HD_NONE. */
const NO_TASK = 0xffffffff;
/** HDW_GONE: the worker was killed. */
const GONE = 0xffffffff;
/** hd_status. */
const OUT_OF_MEMORY = 1, TASK_FAILED = 9;

/** Tasks may replace what they can reach. */
export const now = performance.now.bind(performance);
const origin = performance.timeOrigin;
/** More than this no heap has. */
const BYTES_MAX = 0xffff0000;

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/**
 * What is to be known of a function beside itself; of most nothing.
 * @typedef {{ ctx: boolean, asynchronous: boolean, timeoutMs: number }} Traits `asynchronous`: it may leave a promise behind
 */

/** @typedef {{ blocks: HeldBlock[], slot: number, more: boolean }} Answer what an answer that comes later needs */
/** @typedef {{ block: number, data: number, size: number }} HeldBlock an argument's block while its task runs */

/** Stacks are cut below tasks by this name: functions/stack.js. */
const caller = {
  /** @param {Function} fn @param {any[]} args */
  'heddle-task': (fn, args) => fn(...args),
};

/** What is thrown when the answer comes later. */
const deferred = Symbol('deferred');

/** @param {number} bytes */
const noRoom = (bytes) => new OutOfMemoryError(`no room for a result of ${bytes} bytes in the shared heap. ` +
  'Give it a larger maximum (config.memory or Runtime.start({ memory })), or return smaller pieces.', { bytes });

/** Between turns, built-in objects are looked at no more often. */
const LOOK_MS = 2;

export class Mailbox {
  /** @type {Function[]} By number. */ #functions = [];
  /** @type {(Traits | undefined)[]} */ #traits = [];
  /** @type {string[]} */ #names = [];
  /** @type {import('./open-tasks.js').OpenTasks | undefined} Tasks that are not answered at once. */ tasks;
  /** @type {HeldBlock[]} Large arguments of the running task, which its result may be a part of. */ #blocks = [];
  #pages = 0;
  /** @type {any[][]} By slot: results of parts of a group that the next part will read, and nobody else. */ #live = [];
  #readLive = false;
  /** When decoding of arguments began that has not ended, of a task whose run keeps records; else 0. */ #decodingSince = 0;
  /** A function has run for the first time here. */ #first = false;
  /** When built-in objects were looked at last. */ #lookedAt = 0;
  /** Puts back what a task has changed of built-in objects: intact.js. @type {() => boolean} */ intact = () => true;
  /** A task has changed some for good. */ spoilt = false;
  /** @type {{ run: number, task: number, name: string } | undefined} Who prints, when it is not the one that runs. */ speaker;

  /** @param {Record<string, (...args: any[]) => any>} core @param {WebAssembly.Memory} memory @param {number} address */
  constructor(core, memory, address) {
    this.core = core;
    this.memory = memory;
    this.address = address;
    this.at = address >>> 2;
    this.#refresh();
    /** @type {Uint32Array} */ (this.words)[this.at + STARTED] = 1;
  }

  /** Makes the views anew. @param {number} [pages] what the core says the heap has; this thread may not have
   * noticed yet that another one has grown it */
  #refresh(pages = this.core.hdw_memory_pages() >>> 0) {
    if (this.memory.buffer.byteLength < pages * PAGE_BYTES) this.memory.grow(0);
    const { buffer } = this.memory;
    heapBuffers.add(buffer);
    this.#pages = buffer.byteLength / PAGE_BYTES;
    this.words = new Uint32Array(buffer);
    this.doubles = new Float64Array(buffer);
    this.bytes = new Uint8Array(buffer);
  }

  get slot() {
    return /** @type {Uint32Array} */ (this.words)[this.at + SLOT];
  }

  /** @param {number} block @returns {HeldBlock} */
  #block(block) {
    return { block, data: this.core.hdw_block_data(block) >>> 0, size: this.core.hdw_block_bytes(block) >>> 0 };
  }

  /** @param {number} slot address of a hd_value */
  #read(slot) {
    const words = /** @type {Uint32Array} */ (this.words);
    const tag = words[slot >>> 2];
    if (tag === NUMBER) return /** @type {Float64Array} */ (this.doubles)[(slot >>> 3) + 1];
    if (tag === LIVE) {
      this.#readLive = true;
      return this.#live[this.slot][/** @type {Float64Array} */ (this.doubles)[(slot >>> 3) + 1]];
    }
    if (tag !== BLOCK) return decodeInline(tag, /** @type {Float64Array} */ (this.doubles)[(slot >>> 3) + 1]);
    if (words[this.at + TRACED] && !this.#decodingSince) this.#decodingSince = now();
    const kind = words[(slot >>> 2) + 1];
    const held = this.#block(words[(slot >>> 2) + 2]);
    const end = held.data + held.size;
    if (kind > RAW && held.size >= INPUT_SHARED_FROM && held.data % 8 === 0) {
      this.#blocks.push(held);
      return makeRaw(kind, /** @type {Uint8Array} */ (this.bytes).subarray(held.data, end));
    }
    return decodeBlock(kind, /** @type {Uint8Array} */ (this.bytes).slice(held.data, end));
  }

  /** @param {number} number */
  #function(number) {
    const start = this.core.hdw_function_text(number) >>> 0;
    if (start + this.core.hdw_function_bytes(number) > /** @type {Uint8Array} */ (this.bytes).length) this.#refresh();
    const text = decoder.decode(/** @type {Uint8Array} */ (this.bytes).slice(start, start + this.core.hdw_function_bytes(number)));
    const traits = traitsOf(text);
    this.#names[number] = traits.name;
    this.#traits[number] = traits.ctx || traits.asynchronous || traits.timeoutMs ? traits : undefined;
    const fn = compile(text);
    this.#first = true;
    return (this.#functions[number] = fn);
  }

  /** The claimed task, as lines that it prints tell. */
  get whose() {
    const words = /** @type {Uint32Array} */ (this.words);
    return { run: words[this.at + RUN], task: words[this.at + TASK], name: this.#names[words[this.at + FUNCTION] >>> 1] };
  }

  /** Whether a task's body runs now, before its first `await`. */
  get busy() {
    return /** @type {Uint32Array} */ (this.words)[this.at + BUSY] !== 0;
  }

  /** Whether that has used up its time. */
  get overdue() {
    const deadline = /** @type {Float64Array} */ (this.doubles)[(this.at + DEADLINE) >>> 1];
    return this.busy && deadline > 0 && origin + now() > deadline;
  }

  /** This thread has come back to its loop. @param {number} at by `now` */
  beat(at) {
    /** @type {Float64Array} */ (this.doubles)[(this.at + BEAT) >>> 1] = origin + at;
  }

  /** When the open task with the earliest limit has used up its time; 0: none has a limit.
   * @param {number} sinceMs of `performance` @param {number} slot */
  limit(sinceMs, slot) {
    const doubles = /** @type {Float64Array} */ (this.doubles), at = (this.at + LATE) >>> 1;
    doubles[at] = 0;
    /** @type {Uint32Array} */ (this.words)[this.at + LATE_SLOT] = slot;
    if (sinceMs) doubles[at] = origin + sinceMs;
  }

  /** How long a body of a stopped run may take to come to its end. */
  get graceMs() {
    return /** @type {Uint32Array} */ (this.words)[this.at + GRACE];
  }

  /** Lines that have been sent to the pool's thread. */
  get printed() {
    return /** @type {Uint32Array} */ (this.words)[this.at + PRINTED];
  }

  set printed(count) {
    /** @type {Uint32Array} */ (this.words)[this.at + PRINTED] = count;
  }

  /**
   * Runs the claimed task, and leaves the answer in the mailbox. What its function throws is the task's error.
   * @returns {boolean} whether this thread shall go back to its event loop before it goes on
   */
  run() {
    const words = /** @type {Uint32Array} */ (this.words);
    words[this.at + BUSY] = 1;
    try {
      const value = this['heddle-task']();
      words[this.at + BUSY] = 0;
      if (this.#first) this.#afterFirst();
      if (value === null || typeof value !== 'object' || typeof value.then !== 'function') this.finish(value);
      else return this.#defer(undefined, value);
    } catch (error) {
      words[this.at + BUSY] = 0;
      if (error === deferred) return true;
      if (this.#first) this.#afterFirst();
      this.fail(error);
    }
    return false;
  }

  putBack() {
    if (!this.intact()) this.spoilt = true;
    this.#lookedAt = now();
  }

  /** The same now and then: between turns, of which there may be many. */
  putBackAtTimes() {
    if (now() - this.#lookedAt > LOOK_MS) this.putBack();
  }

  /** A function that changes built-in objects mostly does so when it is called first. */
  #afterFirst() {
    this.#first = false;
    this.putBack();
  }

  /** @param {import('./open-tasks.js').OpenTask | undefined} task @param {unknown} promise @param {number} [since] */
  #defer(task, promise, since = now()) {
    const tasks = /** @type {import('./open-tasks.js').OpenTasks} */ (this.tasks);
    tasks.defer(task ?? tasks.begin(this.slot, this.whose, 0), promise, since);
    return true;
  }

  /** Calls the claimed task's function, which wants more than its arguments. Throws `deferred` if its answer comes
   * later. @param {Function} fn @param {Traits} traits @param {any[]} args @returns {any} */
  #callWith(fn, { ctx, asynchronous, timeoutMs }, args) {
    const words = /** @type {Uint32Array} */ (this.words), since = now();
    const tasks = /** @type {import('./open-tasks.js').OpenTasks} */ (this.tasks);
    const task = tasks.begin(this.slot, this.whose, timeoutMs);
    if (timeoutMs) /** @type {Float64Array} */ (this.doubles)[(this.at + DEADLINE) >>> 1] = origin + since + timeoutMs;
    try {
      const given = ctx ? [this.#context(task, args[0]), ...args.slice(1)] : args;
      const value = tasks.within(task, () => caller['heddle-task'](fn, given));
      if (this.#first) this.#afterFirst();
      const late = timeoutMs && this.overdue;
      if (!asynchronous && !late && (value === null || typeof value !== 'object' || typeof value.then !== 'function')) {
        task.over = true;
        return value;
      }
      words[this.at + BUSY] = 0;
      this.#defer(task, late ? new Promise(() => {}) : value, since);
    } catch (error) {
      if (this.#first) this.#afterFirst();
      task.over = !asynchronous;
      if (!asynchronous) throw error;
      words[this.at + BUSY] = 0;
      this.#defer(task, Promise.reject(error), since);
    } finally {
      /** @type {Float64Array} */ (this.doubles)[(this.at + DEADLINE) >>> 1] = 0;
    }
    throw deferred;
  }

  /** @param {import('./open-tasks.js').OpenTask} task @param {string} key */
  #context(task, key) {
    const words = /** @type {Uint32Array} */ (this.words), blocks = this.#blocks;
    return new Context({ key, worker: words[this.at + INDEX], attempt: words[this.at + ATTEMPT] }, {
      signal: () => /** @type {import('./open-tasks.js').OpenTasks} */ (this.tasks).signal(task),
      progress: (fraction) => {
        if (!task.over) this.core.hdw_worker_set_progress(this.address, task.slot, fraction);
      },
      log: (args) => this.#log(args, task.over ? { ...task.whose, run: 0 } : task.whose),
      empty: (Class, length) => this.#empty(Class, length, task, blocks),
    });
  }

  /** @param {unknown[]} args @param {import('./open-tasks.js').OpenTask['whose']} whose */
  #log(args, whose) {
    this.speaker = whose;
    try {
      console.log(...args);
    } finally {
      this.speaker = undefined;
    }
  }

  /** @param {any} Class @param {number} length @param {import('./open-tasks.js').OpenTask} task @param {HeldBlock[]} blocks */
  #empty(Class, length, task, blocks) {
    const bytes = length * Class.BYTES_PER_ELEMENT;
    if (task.over) throw new OptionError('ctx.empty makes results of a task that still runs; this one has ended.', { option: 'ctx' });
    if (bytes > BYTES_MAX) throw noRoom(bytes);
    const block = this.core.hdw_worker_make(this.address, task.slot, bytes) >>> 0;
    if (block === GONE) throw new CancelledError();
    if (!block) throw noRoom(bytes);
    if (/** @type {Uint32Array} */ (this.words)[this.at + PAGES] > this.#pages) this.#refresh();
    const held = this.#block(block);
    blocks.push(held);
    return new Class(/** @type {Uint8Array} */ (this.bytes).buffer, held.data, length);
  }

  /** Calls the claimed task's function. @returns {any} */
  'heddle-task'() {
    if (/** @type {Uint32Array} */ (this.words)[this.at + PAGES] > this.#pages) this.#refresh();
    const words = /** @type {Uint32Array} */ (this.words);
    const number = words[this.at + FUNCTION] >>> 1, templated = words[this.at + FUNCTION] & 1;
    const fn = this.#functions[number] ?? this.#function(number);
    const count = words[this.at + ARG_COUNT], args = words[this.at + ARGS];
    if (this.#blocks.length) this.#blocks = [];
    this.#decodingSince = 0;
    const group = words[this.at + GROUP];
    if (group === MORE) this.#live[words[this.at + SLOT]] = []; /* a group begins */
    this.#readLive = group === LAST; /* which reads all that is left, or nobody does */
    const traits = this.#traits[number];
    if (traits) {
      if (templated) return this.#callWith(fn, traits, this.#consumed(this.#template(args)));
      const values = new Array(count);
      for (let i = 0; i < count; i++) values[i] = this.#read(args + i * 16);
      return this.#callWith(fn, traits, this.#consumed(values));
    }
    if (templated) return fn(...this.#consumed(this.#template(args)));
    switch (count) {
      case 1: return fn(this.#consumed(this.#read(args)));
      case 2: {
        const first = this.#read(args);
        return fn(first, this.#consumed(this.#read(args + 16)));
      }
      default: {
        const values = new Array(count);
        for (let i = 0; i < count; i++) values[i] = this.#read(args + i * 16);
        return fn(...this.#consumed(values));
      }
    }
  }

  /** Once all arguments have been read: if live values were among them, then all that there are have had their
   * one reader. @template T @param {T} args @returns {T} */
  #consumed(args) {
    if (this.#decodingSince) this.#noteDecoded();
    if (this.#readLive) {
      this.#live[this.slot] = [];
      this.#readLive = false;
    }
    return args;
  }

  /** Decoding has come to its end just now. */
  #noteDecoded() {
    const since = this.#decodingSince, ms = now() - since;
    this.#decodingSince = 0;
    if (ms >= NOTED_MS) this.note(DECODED, this.whose, since, ms);
  }

  /** Notes, if its run keeps records, that something has happened to a task.
   * @param {number} kind @param {{ run: number, task: number }} whose @param {number} sinceMs of `performance` @param {number} ms */
  note(kind, { run, task }, sinceMs, ms) {
    this.core.hdw_worker_note(this.address, run, task, kind, (origin + sinceMs) * 1000, ms * 1000);
  }

  /** The running task slept. @param {number} sinceMs of `performance` */
  slept(sinceMs) {
    if (this.busy && /** @type {Uint32Array} */ (this.words)[this.at + TRACED]) this.note(SLEPT, this.whose, sinceMs, now() - sinceMs);
  }

  /** This thread had nothing to do, and has now. @param {number} sinceMs of `performance` */
  rested(sinceMs) {
    const ms = now() - sinceMs;
    if (ms >= RESTED_MS && /** @type {Uint32Array} */ (this.words)[this.at + TRACED]) this.note(ASLEEP, { ...this.whose, task: NO_TASK }, sinceMs, ms);
  }

  /** The arguments of a call in which results stand inside containers. @param {number} args @returns {any[]} */
  #template(args) {
    if (/** @type {Uint32Array} */ (this.words)[this.at + TRACED] && !this.#decodingSince) this.#decodingSince = now();
    const { data, size } = this.#block(/** @type {Uint32Array} */ (this.words)[(args >>> 2) + 2]);
    const text = /** @type {Uint8Array} */ (this.bytes).slice(data, data + size);
    return decodeTemplate(text, (place) => this.#read(args + (place + 1) * 16));
  }

  /** What the running task's answer needs if it comes later. @returns {Answer} */
  takeAnswer() {
    const blocks = this.#blocks;
    this.#blocks = [];
    return { blocks, slot: this.slot, more: this.#more };
  }

  get #more() {
    return (/** @type {Uint32Array} */ (this.words)[this.at + GROUP] & MORE) !== 0;
  }

  /** @param {number} kind @param {number} block */
  #writeBlock(kind, block) {
    const words = /** @type {Uint32Array} */ (this.words);
    words[this.at] = BLOCK;
    words[this.at + 1] = kind;
    words[this.at + 2] = block;
  }

  /** @param {number} kind @param {Uint8Array} bytes */
  #writeBytes(kind, bytes) {
    if (bytes.length > BYTES_MAX) throw noRoom(bytes.length);
    const block = this.core.hdw_worker_block(this.address, bytes.length) >>> 0;
    if (block === GONE) return;
    if (!block) throw noRoom(bytes.length);
    if (/** @type {Uint32Array} */ (this.words)[this.at + PAGES] > this.#pages) this.#refresh();
    /** @type {Uint8Array} */ (this.bytes).set(bytes, this.core.hdw_block_data(block) >>> 0);
    this.#writeBlock(kind, block);
  }

  /** A result that lies in the heap: part of an argument's block, which it shares, or else a copy.
   * @param {any} value @param {number} kind @param {HeldBlock[]} blocks */
  #writeShared(value, kind, blocks) {
    const { byteOffset: start, byteLength: size } = value;
    const held = blocks.find(({ data, size: whole }) => start >= data && start + size <= data + whole);
    if (!held) return this.#writeBytes(kind, rawBytes(value).slice());
    const block = this.core.hdw_worker_slice(this.address, held.block, start - held.data, size) >>> 0;
    if (block === GONE) return;
    if (!block) throw new OutOfMemoryError('no room in the shared heap.');
    this.#writeBlock(kind, block);
  }

  /** @param {number} tag @param {number} number */
  #writeInline(tag, number) {
    /** @type {Uint32Array} */ (this.words)[this.at] = tag;
    /** @type {Float64Array} */ (this.doubles)[(this.address >>> 3) + 1] = number;
  }

  /**
   * Answers: done, with a result.
   * @param {any} value
   * @param {Answer} [later] of a task whose answer comes later
   */
  finish(value, later) {
    if (later) /** @type {Uint32Array} */ (this.words)[this.at + GROUP] = later.more ? MORE : 0; /* what the core is to know of its claim */
    if (typeof value === 'number') this.#writeInline(NUMBER, value);
    else if (value === undefined) this.#writeInline(UNDEFINED, 0);
    else if (value === null) this.#writeInline(NULL, 0);
    else if (typeof value === 'boolean') this.#writeInline(BOOLEAN, value ? 1 : 0);
    else if (later ? later.more : this.#more) this.#writeInline(LIVE, (this.#live[later?.slot ?? this.slot] ??= []).push(value) - 1);
    else {
      const kind = rawKind(value), blocks = later?.blocks ?? this.#blocks;
      if (kind && ArrayBuffer.isView(value) && heapBuffers.has(value.buffer)) this.#writeShared(value, kind, blocks);
      else {
        const traced = !later && /** @type {Uint32Array} */ (this.words)[this.at + TRACED], since = traced ? now() : 0;
        const encoded = encode(value);
        this.#writeBytes(encoded.kind, /** @type {Uint8Array} */ (encoded.bytes));
        const tookMs = traced ? now() - since : 0;
        if (tookMs >= NOTED_MS) this.note(ENCODED, this.whose, since, tookMs);
      }
    }
    /** @type {Uint32Array} */ (this.words)[this.at + OUTCOME] = FINISH;
  }

  /** @param {any} value @param {Answer} later */
  finishOrFail(value, later) {
    try {
      this.finish(value, later);
    } catch (error) {
      this.fail(error);
    }
  }

  /** Answers: failed. @param {unknown} error */
  fail(error) {
    const words = /** @type {Uint32Array} */ (this.words);
    words[this.at + STATUS] = TASK_FAILED;
    try {
      this.#writeBytes(ERROR_TEXT, encoder.encode(packFailure(error)));
    } catch {
      /* No room even for the error's text. */
      this.#writeInline(UNDEFINED, 0);
      words[this.at + STATUS] = OUT_OF_MEMORY;
    }
    /** @type {Uint32Array} */ (this.words)[this.at + OUTCOME] = FAIL;
  }

  /** Keeps the claim open. */
  defer() {
    /** @type {Uint32Array} */ (this.words)[this.at + OUTCOME] = DEFER;
  }

  /** Whether output of tasks has yet to reach the main thread, which waits for it before it exits. */
  get printing() {
    return /** @type {Uint32Array} */ (this.words)[this.at + PRINTING] !== 0;
  }

  set printing(is) {
    /** @type {Uint32Array} */ (this.words)[this.at + PRINTING] = is ? 1 : 0;
  }

  /** A promise that settles when the worker should look for work; undefined: at once. */
  wait() {
    const words = /** @type {Uint32Array} */ (this.words);
    const cells = new Int32Array(words.buffer, words[this.at + BELL], 1);
    const { async, value } = /** @type {any} */ (Atomics).waitAsync(cells, 0, words[this.at + SEEN] | 0, words[this.at + SLEEP_MS]);
    return async ? value : undefined;
  }
}
