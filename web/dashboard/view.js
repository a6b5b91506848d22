/** What draws the run that is shown. */
import '../views/run.js';
import '../views/timeline.js';

/**
 * A run, whole, with what holds, steps and slows it.
 * @param {HTMLElement} parent
 * @returns {{ show(model: import('heddle/trace').TraceModel): void, settle(): void, letGo(): void }} `settle`: the run is over;
 *   `letGo`: nobody holds anything any more, as the script is gone
 */
export function makeView(parent) {
  const view = /** @type {any} */ (document.createElement('heddle-run'));
  view.setAttribute('gate', '');
  parent.append(view);
  return {
    show: (model) => view.show(model),
    settle: () => view.settle(),
    letGo() {
      view.removeAttribute('gate');
      parent.querySelector('.hd-gate')?.toggleAttribute('hidden', true);
    },
  };
}
