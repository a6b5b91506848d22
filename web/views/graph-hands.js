/**
 * What hands do to a picture of a graph: the pointer rests on a task or picks one, keys go from task to task. It keeps
 * nothing; what there is it asks of the element.
 */
import { DONE, ERRED, READY, RUNNING } from 'heddle/trace';
import { neighbourOf } from './graph-marks.js';
import { factsOf, shortKey } from './graph-story.js';

/**
 * @typedef {object} Shown
 * @property {import('heddle/trace').TraceModel} model
 * @property {import('./drawing.js').Drawing | null} drawing null: it is on the canvas
 * @property {import('./picture.js').Picture} picture
 * @property {import('./graph-canvas.js').CanvasPicture} canvas
 * @property {import('./graph-marks.js').Edges | null} edges
 * @property {number | null} selected
 *
 * @typedef {object} Element
 * @property {() => Shown | null} shown null: nothing
 * @property {(task: number | null, reveals: boolean) => void} pick
 * @property {(task: number) => number} dependentsOf
 */

/**
 * @param {import('./viewport.js').Viewport} viewport
 * @param {import('./graph-story.js').Card} card
 * @param {Element} element
 */
export function lendHands(viewport, card, element) {
  const { frame } = viewport;
  frame.append(card.root);
  frame.addEventListener('pointerleave', () => card.hide());
  frame.addEventListener('pointermove', (event) => {
    const shown = element.shown();
    const task = shown && event.buttons === 0 && event.pointerType !== 'touch' && !shown.drawing?.grouped ? taskAt(event, shown, viewport) : null;
    if (!shown || task === null) return card.hide();
    const { left, top } = frame.getBoundingClientRect();
    card.show(shortKey(shown.model, task), factsOf(shown.model, task, element.dependentsOf(task)), { x: event.clientX - left, y: event.clientY - top }, frame);
  });
  frame.addEventListener('click', (event) => {
    const shown = element.shown();
    if (shown && !viewport.dragged && isOn(event, shown)) element.pick(taskAt(event, shown, viewport), false);
  });
  /* Before the viewport, which takes what is left. */
  frame.addEventListener('keydown', (event) => {
    const shown = element.shown();
    if (!shown || event.target !== frame || event.ctrlKey || event.metaKey || event.altKey) return;
    const next = taskByKey(event.key, shown);
    if (next === undefined) return;
    event.preventDefault();
    if (next !== shown.selected) element.pick(next, true);
  }, { capture: true });
}

/** @param {Event} event @param {Shown} shown */
function isOn(event, { drawing, picture, canvas }) {
  return (drawing ? picture : canvas).element.contains(/** @type {Node} */ (event.target));
}

/** The task under the pointer; of a group the one that is most worth seeing. @param {MouseEvent} event @param {Shown} shown
 * @param {import('./viewport.js').Viewport} viewport @returns {number | null} */
function taskAt(event, shown, viewport) {
  const { drawing, model, picture, canvas } = shown;
  if (!isOn(event, shown)) return null;
  if (!drawing) return canvas.taskAt(viewport.pointOf(event));
  const cell = picture.cellAt(event);
  if (cell === null || !drawing.grouped) return cell;
  for (const state of [ERRED, RUNNING, READY, DONE]) {
    for (let task = model.states.indexOf(state); task >= 0; task = model.states.indexOf(state, task + 1)) if (drawing.cellOf[task] === cell) return task;
  }
  return drawing.cellOf.indexOf(cell);
}

/** Where a key leads. @param {string} key @param {Shown} shown @returns {number | null | undefined} undefined: nowhere, it is for others */
function taskByKey(key, { model, drawing, picture, canvas, edges, selected }) {
  if (selected === null) {
    if (key !== 'Enter') return undefined;
    const running = model.states.indexOf(RUNNING);
    return running >= 0 ? running : model.outputs[0] ?? 0;
  }
  if (key === 'Escape') return null;
  const direction = /^Arrow(Up|Down|Left|Right)$/.exec(key)?.[1].toLowerCase(), surface = drawing ? picture : canvas;
  if (!direction || !edges) return undefined;
  const besides = (/** @type {number} */ of, /** @type {1 | -1} */ side) => drawing?.grouped ? null : surface.besides(of, side);
  return neighbourOf(selected, /** @type {import('./graph-marks.js').Direction} */ (direction), edges, (of) => surface.placeOf(of), besides) ?? selected;
}
