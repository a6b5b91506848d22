/** Wheel, pointer and keys over a picture of time, told as what is wanted. The picture itself is another's. */
import { html } from './elements.js';

const STEP = 1.5, CLICK_PX = 4;

/**
 * @typedef {object} Wishes
 * @property {(factor: number, x?: number) => void} zoom x in pixels of the frame
 * @property {(pixels: number) => void} move to the right
 * @property {(where: 'beginning' | 'end' | 'all') => void} go
 * @property {(x: number, y: number) => void} press
 * @property {(x: number, y: number) => void} point @property {() => void} leave
 * @property {(side: 'left' | 'right' | 'up' | 'down') => void} step to a bar beside the selected one
 * @property {() => void} clear
 */

/** @param {HTMLElement} frame @param {Wishes} wishes */
export function listen(frame, wishes) {
  const placeOf = (/** @type {MouseEvent} */ event) => {
    const box = frame.getBoundingClientRect();
    return { x: event.clientX - box.left, y: event.clientY - box.top };
  };
  frame.addEventListener('wheel', (event) => {
    const sideways = event.shiftKey ? event.deltaY || event.deltaX : Math.abs(event.deltaX) > Math.abs(event.deltaY) ? event.deltaX : 0;
    if (!event.ctrlKey && !event.metaKey && !sideways) return;
    event.preventDefault();
    if (event.ctrlKey || event.metaKey) wishes.zoom(Math.exp(-event.deltaY * (event.deltaMode ? 0.05 : 0.003)), placeOf(event).x);
    else wishes.move(sideways);
  }, { passive: false });
  frame.addEventListener('keydown', (event) => key(event, wishes));
  frame.addEventListener('pointermove', (event) => {
    if (event.buttons) return;
    const { x, y } = placeOf(event);
    wishes.point(x, y);
  });
  frame.addEventListener('pointerleave', () => wishes.leave());
  frame.addEventListener('pointerdown', (event) => {
    if (event.button !== 0) return;
    const start = placeOf(event), ending = new AbortController(), { signal } = ending;
    let last = start.x, moved = false;
    frame.addEventListener('pointermove', (moving) => {
      const { x, y } = placeOf(moving);
      if (!moved && Math.hypot(x - start.x, y - start.y) < CLICK_PX) return;
      if (!moved) frame.setPointerCapture(event.pointerId);
      moved = true;
      wishes.leave();
      wishes.move(last - x);
      last = x;
    }, { signal });
    frame.addEventListener('pointerup', () => {
      ending.abort();
      if (!moved) wishes.press(start.x, start.y);
    }, { signal });
    frame.addEventListener('pointercancel', () => ending.abort(), { signal });
  });
}

/** @param {KeyboardEvent} event @param {Wishes} wishes */
function key(event, wishes) {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  const width = /** @type {HTMLElement} */ (event.currentTarget).clientWidth;
  /** @type {Record<string, () => void>} */
  const plain = { '+': () => wishes.zoom(STEP), '=': () => wishes.zoom(STEP), '-': () => wishes.zoom(1 / STEP), 0: () => wishes.go('all'), Home: () => wishes.go('beginning'),
    End: () => wishes.go('end'), ArrowLeft: () => wishes.move(-width / 8), ArrowRight: () => wishes.move(width / 8), Escape: () => wishes.clear() };
  /** @type {Record<string, () => void>} */
  const shifted = { ...plain, ArrowLeft: () => wishes.step('left'), ArrowRight: () => wishes.step('right'), ArrowUp: () => wishes.step('up'), ArrowDown: () => wishes.step('down') };
  const wish = (event.shiftKey ? shifted : plain)[event.key];
  if (!wish) return;
  event.preventDefault();
  wish();
}

/** The buttons of a picture of time. @param {Wishes} wishes */
export function buttonsFor(wishes) {
  const button = (/** @type {string} */ sign, /** @type {string} */ label, /** @type {() => void} */ wish) => {
    const made = html('button', { type: 'button', 'aria-label': label, title: label }, sign);
    made.addEventListener('click', wish);
    return made;
  };
  return html('div', { class: 'hd-zoom' }, button('‹', 'Earlier', () => wishes.move(-120)), button('›', 'Later', () => wishes.move(120)),
    button('−', 'Zoom out', () => wishes.zoom(1 / STEP)), button('+', 'Zoom in', () => wishes.zoom(STEP)), button('Fit', 'Fit: show the whole run', () => wishes.go('all')));
}
