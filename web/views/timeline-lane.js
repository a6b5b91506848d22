/**
 * The bars of one lane in columns, sorted by when they began: what lies in a window is found by binary search, and how
 * busy any part of it was, and its longest bar, without looking at each: sums so far, and the longest of 16, 256, 4096 … bars.
 */

const FAN_BITS = 4, FAN = 1 << FAN_BITS;

/** In `items`: the place of an event, an earlier attempt at a task; without it: a task. */
export const EVENT_BIT = 0x80000000;
/** What is never merged out of sight. */
export const FLAG_FAILED = 1, FLAG_CANCELLED = 2, FLAG_TRY = 4;

export class Lane {
  length = 0;
  #room;
  starts;
  /** Infinity: it runs. */ ends;
  /** The latest end up to each: no bar ends after it. */ reach;
  /** How long all bars before each took; those that run count nothing. */ sums;
  items;
  flags;
  /** Of each block of 16, 256 … bars the place of the longest, and the flags of all. @type {{ longest: Uint32Array, flags: Uint8Array }[]} */ #levels = [];

  /** @param {number} row the thread's @param {number} [room] how many bars are expected: to make room for more of a million takes longer than a frame may */
  constructor(row, room = 16) {
    this.row = row;
    this.#room = room;
    this.starts = new Float64Array(room);
    this.ends = new Float64Array(room);
    this.reach = new Float64Array(room);
    this.sums = new Float64Array(room + 1);
    this.items = new Uint32Array(room);
    this.flags = new Uint8Array(room);
  }

  /** When the last bar ends. */
  get reachMs() { return this.length ? this.reach[this.length - 1] : -Infinity; }
  /** When the last bar began. */
  get lastStart() { return this.length ? this.starts[this.length - 1] : -Infinity; }
  /** How long the bars that have ended took. */
  get totalMs() { return this.sums[this.length]; }

  /** @param {number} start not before the last bar's @param {number} end @param {number} item @param {number} flags */
  push(start, end, item, flags) {
    if (this.length === this.#room) this.#grow(this.#room * 2);
    const at = this.length++;
    this.starts[at] = start;
    this.ends[at] = end;
    this.items[at] = item;
    this.flags[at] = flags;
    this.#sumFrom(at);
    this.#raise(at);
  }

  /** A bar that ran has ended, or is another thing than it was. @param {number} at @param {number} end @param {number} item @param {number} flags */
  settle(at, end, item, flags) {
    this.ends[at] = end;
    this.items[at] = item;
    this.flags[at] = flags;
    this.#sumFrom(at);
    this.#raise(at);
  }

  /** The place of a bar that runs; -1: there is none. Those stand at the end. @param {number} item */
  openAt(item) {
    for (let at = this.length - 1; at >= 0 && this.reach[at] === Infinity; at--) if (this.items[at] === item && this.ends[at] === Infinity) return at;
    return -1;
  }

  /** Takes off all bars that began at a moment or later. @param {number} ms @param {(start: number, end: number, item: number, flags: number) => void} take */
  cut(ms, take) {
    const from = this.firstFrom(ms), { length } = this;
    if (from === length) return;
    for (let at = from; at < length; at++) take(this.starts[at], this.ends[at], this.items[at], this.flags[at]);
    this.length = from;
    /* The blocks that end here knew what is gone. */
    this.#levels.forEach((level, index) => {
      const size = FAN ** (index + 1), block = Math.floor(from / size);
      level.longest.fill(0, block);
      level.flags.fill(0, block);
      for (let at = block * size; at < from; ) at = this.#retell(at, index);
    });
  }

  /** Tells a block of a level of what stands at `at`, a bar or a whole block of the level below; gives what is next. @param {number} at @param {number} index */
  #retell(at, index) {
    const size = FAN ** index, { longest, flags } = this.#levels[index], block = Math.floor(at / (size * FAN));
    const below = index ? this.#levels[index - 1] : null, bar = below ? below.longest[at / size] : at;
    flags[block] |= below ? below.flags[at / size] : this.flags[at];
    if (at % (size * FAN) === 0 || this.#tookMs(bar) > this.#tookMs(longest[block])) longest[block] = bar;
    return at + size;
  }

  /** @param {number} at */
  #tookMs(at) {
    const end = this.ends[at];
    return end === Infinity ? 0 : end - this.starts[at];
  }

  /** @param {number} from */
  #sumFrom(from) {
    for (let at = from; at < this.length; at++) {
      const end = this.ends[at], before = at ? this.reach[at - 1] : -Infinity;
      this.reach[at] = end > before ? end : before;
      this.sums[at + 1] = this.sums[at] + (end === Infinity ? 0 : end - this.starts[at]);
    }
  }

  /** @param {number} at */
  #raise(at) {
    const took = this.#tookMs(at), flags = this.flags[at];
    for (let index = 0, block = at >> FAN_BITS; index < this.#levels.length || block > 0 || index === 0; index++, block >>= FAN_BITS) {
      const level = (this.#levels[index] ??= this.#level(index)), isFirst = block * FAN ** (index + 1) === at;
      level.flags[block] = isFirst ? flags : level.flags[block] | flags;
      if (isFirst || took > this.#tookMs(level.longest[block])) level.longest[block] = at;
    }
  }

  /** A level that is new: told of all below. @param {number} index */
  #level(index) {
    const blocks = Math.ceil(this.#room / FAN ** (index + 1));
    this.#levels[index] = { longest: new Uint32Array(blocks), flags: new Uint8Array(blocks) };
    for (let at = 0; at < this.length; ) at = this.#retell(at, index);
    return this.#levels[index];
  }

  /** @param {number} room */
  #grow(room) {
    const grown = (/** @type {any} */ column, /** @type {number} */ length) => {
      const next = new column.constructor(length);
      next.set(column);
      return next;
    };
    for (const name of /** @type {const} */ (['starts', 'ends', 'reach', 'items', 'flags'])) this[name] = grown(this[name], room);
    this.sums = grown(this.sums, room + 1);
    this.#levels = this.#levels.map(({ longest, flags }, index) => {
      const blocks = Math.ceil(room / FAN ** (index + 1));
      return { longest: grown(longest, blocks), flags: grown(flags, blocks) };
    });
    this.#room = room;
  }

  /** The first bar that began at a moment or later, from a place on. @param {number} ms @param {number} [from] */
  firstFrom(ms, from = 0) {
    /* What is sought is mostly near: steps that double, then halves. */
    let low = from, step = 1;
    while (low + step < this.length && this.starts[low + step] < ms) {
      low += step;
      step *= 2;
    }
    let high = Math.min(this.length, low + step + 1);
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.starts[middle] < ms) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** The first bar that ends after a moment. @param {number} ms */
  firstAfter(ms) {
    let low = 0, high = this.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.reach[middle] <= ms) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** The longest of some bars, and the flags of all of them: one after another in `into`. @param {number} from @param {number} to after the last @param {Uint32Array} into */
  summary(from, to, into) {
    found.longest = from;
    found.tookMs = -1;
    found.flags = 0;
    let index = 0;
    /* What does not fill a block is looked at one by one, at both ends; the blocks between are the next level's. */
    for (; index < this.#levels.length; index++) {
      const first = (from + FAN - 1) >> FAN_BITS, end = to >> FAN_BITS;
      if (first >= end) break;
      this.#look(index, from, first << FAN_BITS);
      this.#look(index, end << FAN_BITS, to);
      from = first;
      to = end;
    }
    this.#look(index, from, to);
    into[0] = found.longest;
    into[1] = found.flags;
  }

  /** Looks at bars (level 0) or blocks of a level. @param {number} index @param {number} from @param {number} to */
  #look(index, from, to) {
    const { sums } = this, level = index ? this.#levels[index - 1] : null, bars = level?.longest, flags = level?.flags ?? this.flags;
    let { longest, tookMs } = found, all = 0;
    for (let at = from; at < to; at++) {
      const bar = bars ? bars[at] : at, took = sums[bar + 1] - sums[bar];
      all |= flags[at];
      if (took > tookMs) {
        longest = bar;
        tookMs = took;
      }
    }
    found.longest = longest;
    found.tookMs = tookMs;
    found.flags |= all;
  }
}

/** What a summary has found so far. */
const found = { longest: 0, tookMs: -1, flags: 0 };
