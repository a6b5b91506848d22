/** Draws bars of threads into a canvas, in slices: what is seen of an index through a window of time. It keeps nothing of a run. */
import { DECODE, ENCODE, colourOf } from 'heddle/trace';
import { EVENT_BIT, FLAG_CANCELLED, FLAG_FAILED, FLAG_TRY } from './timeline-lane.js';
import { walk } from './timeline-window.js';

/** Bars that are less high than this have no letters. */
const LETTERS_FROM = 14;
const OUTLINE_FROM = 12;

/**
 * @typedef {object} Scene
 * @property {import('heddle/trace').TraceModel} model
 * @property {import('./timeline-index.js').TimelineIndex} index
 * @property {import('./timeline-view.js').Sight} view
 * @property {number} left pixels beside the bars, for the names of the rows
 * @property {string[]} names of the rows; none: they have none
 * @property {import('./timeline-places.js').Places} places
 * @property {number} nowMs
 * @property {(text: string) => number} widthOf
 * @property {import('./timeline-theme.js').Theme} theme
 * @property {number[]} ticks pixels with a line of the grid
 */

/** A bar with a sign of its own: pixels, what it is. @typedef {{ left: number, right: number, top: number, height: number, at: number, lane: import('./timeline-lane.js').Lane, row: number }} Special */

/** So many boxes are a slice. */
const BOXES = 1024;

/** @param {CanvasRenderingContext2D} context @param {Scene} scene @returns {Generator<void, void>} */
export function* painting(context, scene) {
  const { view, places, theme, ticks, left } = scene;
  paintNames(context, scene);
  context.beginPath();
  context.rect(left, 0, view.width + 1, places.height);
  context.clip();
  context.translate(left, 0);
  paintGround(context, scene);
  context.fillStyle = theme.faint;
  for (const x of ticks) context.fillRect(Math.round(x), 0, 1, places.height);
  const seen = new Seen(scene);
  yield* seen.gather();
  yield* seen.fill(context);
  context.strokeStyle = theme.line;
  context.lineWidth = 0.75;
  context.globalAlpha = 0.45;
  for (const { left, right, top, height } of seen.wide) context.strokeRect(left + 0.4, top + 0.4, right - left - 0.8, height - 0.8);
  context.globalAlpha = 1;
  for (const special of seen.specials) paintSpecial(context, scene, special);
  yield;
  paintParts(context, scene);
  paintAlarms(context, theme, seen.alarms);
  yield;
  paintLetters(context, scene, seen.wide);
}

/** What is seen of all lanes: boxes by name, so that each colour is set once, and what has a sign of its own. */
class Seen {
  /** @type {Special[]} */ specials = [];
  /** Bars that are wide enough for an outline. @type {Special[]} */ wide = [];
  /** Pixels in which something failed: x, top and flags, one after another. @type {number[]} */ alarms = [];
  /** By name: x, y, width and height, one after another. @type {Map<number, number[]>} */ #boxes = new Map();
  #name = -1; /* the last one, whose boxes are at hand: neighbours mostly have one name */
  /** @type {number[]} */ #last = [];
  #scene;

  /** @param {Scene} scene */
  constructor(scene) {
    this.#scene = scene;
  }

  /** @returns {Generator<void, void>} */
  *gather() {
    const { index, view, places, nowMs } = this.#scene;
    for (const [row, lanes] of index.rows.entries()) {
      const place = places.rows[row];
      if (!place) continue;
      for (const [number, lane] of lanes.entries()) {
        walk(lane, view, nowMs, this.#marks(lane, row, place.top + number * place.lane, place.lane - places.gap));
        yield;
      }
    }
  }

  /** @param {import('./timeline-lane.js').Lane} lane @param {number} row @param {number} top @param {number} height @returns {import('./timeline-window.js').Marks} */
  #marks(lane, row, top, height) {
    return {
      bar: (at, left, right) => {
        if (lane.flags[at] !== 0 || lane.ends[at] === Infinity) this.specials.push({ left, right, top, height, at, lane, row });
        /* A hair between neighbours, as long as there is something left of the bar. */
        const width = right - left > 3 ? right - left - 1 : right - left;
        if (!(lane.flags[at] & (FLAG_TRY | FLAG_CANCELLED))) this.#boxesOf(lane.items[at]).push(left, top, width, height);
        if (width > OUTLINE_FROM) this.wide.push({ left, right: left + width, top, height, at, lane, row });
      },
      mark: (x, at, share, flags) => {
        /* As high as the pixel is busy, in eighths: neighbours become one. */
        const high = Math.max(2, height * (0.3 + 0.0875 * Math.round(share * 8))), list = this.#boxesOf(lane.items[at]), end = list.length, y = top + height - high;
        if (end >= 4 && list[end - 4] + list[end - 2] === x && list[end - 3] === y && list[end - 1] === high) list[end - 2]++;
        else list.push(x, y, 1, high);
        if (flags) this.alarms.push(x, top, flags);
      },
    };
  }

  /** @param {number} item */
  #boxesOf(item) {
    const { model, index } = this.#scene, name = model.nameIndexOf(index.taskOf(item));
    if (name !== this.#name) {
      this.#last = this.#boxes.get(name) ?? [];
      this.#boxes.set(name, this.#last);
      this.#name = name;
    }
    return this.#last;
  }

  /** @param {CanvasRenderingContext2D} context @returns {Generator<void, void>} */
  *fill(context) {
    for (const [name, list] of this.#boxes) {
      context.fillStyle = colourOf(this.#scene.model.names[name]).fill;
      for (let at = 0; at < list.length; at += 4) {
        context.fillRect(list[at], list[at + 1], list[at + 2], list[at + 3]);
        if (at % (4 * BOXES) === 4 * (BOXES - 1)) yield;
      }
    }
  }
}

/** @param {CanvasRenderingContext2D} context @param {Scene} scene */
function paintNames(context, { places, names, left, theme }) {
  context.font = `12px ${theme.font}`;
  context.textAlign = 'right';
  context.textBaseline = 'middle';
  context.fillStyle = theme.ink;
  let free = -Infinity;
  names.forEach((name, row) => {
    const { top, height } = places.rows[row], y = top + height / 2;
    if (y - 7 < free) return;
    context.fillText(name, left - 10, Math.max(7, y + 0.5));
    free = y + 7;
  });
}

/** @param {Scene} scene @param {number} item */
function fillOf({ model, index }, item) { return colourOf(model.nameOf(index.taskOf(item))).fill; }

/** Behind the bars: an idle thread is an empty track; dots: it is asleep; slanted lines over all: the gate is shut. @param {CanvasRenderingContext2D} context @param {Scene} scene */
function paintGround(context, { model, index, view, places, nowMs, theme }) {
  const end = Math.max(0, Math.min(view.width, (nowMs - view.fromMs) / view.msPerPx));
  context.globalAlpha = 0.3;
  context.fillStyle = theme.faint;
  for (const { top, height, lane } of places.rows) context.fillRect(0, top, end, lane >= 8 ? height - places.gap : height);
  context.globalAlpha = 1;
  const band = (/** @type {number} */ top, /** @type {number} */ height, /** @type {CanvasPattern | string} */ fill, /** @type {number} */ alpha) => {
    const draw = (/** @type {number} */ left, /** @type {number} */ right) => {
      context.globalAlpha = alpha;
      context.fillStyle = fill;
      context.fillRect(left, top, Math.max(1, right - left), height);
    };
    return { bar: (/** @type {number} */ _, /** @type {number} */ left, /** @type {number} */ right) => draw(left, right),
      mark: (/** @type {number} */ x, /** @type {number} */ _, /** @type {number} */ share) => { if (share > 0.5) draw(x, x + 1); } };
  };
  places.rows.forEach(({ top, height }, row) => {
    const inset = height >= 12 ? height * 0.3 : 0;
    walk(index.asleep[row], view, nowMs, band(top + inset, height - 2 * inset, theme.hatches.asleep, 0.9));
  });
  const held = band(0, places.height, theme.hatches.held, 0.55), since = Math.max(0, (model.heldSinceMs - view.fromMs) / view.msPerPx);
  walk(index.held, view, nowMs, held);
  if (since < end) held.bar(-1, since, end); /* it is shut now */
  context.globalAlpha = 1;
}

/** @param {CanvasRenderingContext2D} context @param {Scene} scene @param {Special} special */
function paintSpecial(context, scene, { left, right, top, height, at, lane }) {
  const { theme } = scene, flags = lane.flags[at], width = Math.max(1, right - left - 1);
  if (flags & (FLAG_TRY | FLAG_CANCELLED)) {
    context.fillStyle = fillOf(scene, lane.items[at]);
    context.globalAlpha = flags & FLAG_TRY ? 0.65 : 0.3;
    context.fillRect(left, top, width, height);
    context.globalAlpha = 1;
  }
  if (flags & FLAG_TRY) {
    context.fillStyle = theme.hatches.tried;
    context.fillRect(left, top, width, height);
  }
  if (width < 3) return;
  const isRunning = lane.ends[at] === Infinity;
  context.lineWidth = 2;
  context.strokeStyle = isRunning ? theme.running : flags & FLAG_CANCELLED ? theme.cancelled : theme.erred;
  context.setLineDash(isRunning ? [] : flags & FLAG_FAILED ? [4, 3] : [2, 3]);
  if (flags & FLAG_TRY) context.lineWidth = 1;
  context.strokeRect(left + 1, top + 1, Math.max(1, width - 2), height - 2);
  context.setLineDash([]);
}

/** Decoding, encoding and sleep, where they are wide enough to be seen, along the lower edge of their task. @param {CanvasRenderingContext2D} context @param {Scene} scene */
function paintParts(context, { model, index, view, places, nowMs, theme }) {
  index.parts.forEach((lane, row) => {
    const place = places.rows[row];
    if (!place) return;
    walk(lane, view, nowMs, {
      bar(at, left, right) {
        const kind = lane.flags[at], height = place.lane - places.gap, isSleep = kind !== DECODE && kind !== ENCODE;
        const number = index.laneOf(model.events.task[lane.items[at] - EVENT_BIT]);
        if (number < 0) return;
        context.fillStyle = kind === DECODE ? theme.hatches.decode : kind === ENCODE ? theme.hatches.encode : theme.hatches.sleep;
        context.globalAlpha = isSleep ? 0.75 : 0.9;
        const high = height >= 10 ? Math.round(height * (isSleep ? 0.4 : 0.55)) : height;
        context.fillRect(left, place.top + number * place.lane + height - high, right - left, high);
      },
      mark() {},
    });
  });
  context.globalAlpha = 1;
}

/** What failed, was tried again or cancelled is never merged out of sight: a triangle over its pixel. @param {CanvasRenderingContext2D} context @param {import('./timeline-theme.js').Theme} theme @param {number[]} alarms */
function paintAlarms(context, theme, alarms) {
  for (const wanted of [FLAG_CANCELLED, FLAG_TRY, FLAG_FAILED]) {
    let lastX = -Infinity, lastTop = NaN;
    context.fillStyle = wanted === FLAG_CANCELLED ? theme.cancelled : theme.erred;
    context.strokeStyle = theme.surface;
    context.lineWidth = 1;
    for (let at = 0; at < alarms.length; at += 3) {
      const x = alarms[at], top = alarms[at + 1];
      if (!(alarms[at + 2] & wanted) || (top === lastTop && x - lastX < 6)) continue;
      lastX = x;
      lastTop = top;
      context.beginPath();
      context.moveTo(x - 4, top - 1);
      context.lineTo(x + 5, top - 1);
      context.lineTo(x + 0.5, top + 6);
      context.closePath();
      if (wanted === FLAG_FAILED) context.fill();
      context.stroke();
    }
  }
}

/** @param {number} flags @param {string} name */
export function signed(flags, name) {
  return flags & FLAG_FAILED ? `✕ ${name}` : flags & FLAG_TRY ? `↻ ${name}` : flags & FLAG_CANCELLED ? `⊘ ${name}` : name;
}

/** @param {CanvasRenderingContext2D} context @param {Scene} scene @param {Special[]} wide */
function paintLetters(context, scene, wide) {
  const { model, index, widthOf, theme } = scene;
  context.font = `12px ${theme.font}`;
  context.textBaseline = 'middle';
  context.textAlign = 'left';
  for (const { left, right, top, height, at, lane } of wide) {
    if (height < LETTERS_FROM || right - left < 18) continue;
    const flags = lane.flags[at], name = model.nameOf(index.taskOf(lane.items[at]));
    const full = signed(flags, name), from = Math.max(0, left), text = widthOf(full) + 10 < right - from ? full : flags ? signed(flags, '') : '';
    if (!text) continue;
    const isPale = flags & (FLAG_TRY | FLAG_CANCELLED), colour = colourOf(name);
    if (isPale) { /* on a hatch letters need a ground */
      context.fillStyle = theme.surface;
      context.globalAlpha = 0.85;
      context.fillRect(from + 3, top + 3, widthOf(text) + 4, height - 6);
      context.globalAlpha = 1;
    }
    context.fillStyle = isPale ? theme.ink : colour.text;
    context.fillText(text, from + 5, top + height / 2 + 0.5);
  }
}
