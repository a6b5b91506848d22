/** What draws the run that is shown. */
import '../views/graph.js';
import '../views/workers.js';

/**
 * @param {HTMLElement} parent
 * @returns {{ show(model: import('heddle/trace').TraceModel): void }}
 */
export function makeView(parent) {
  const views = ['heddle-graph', 'heddle-workers'].map((name) => /** @type {any} */ (document.createElement(name)));
  parent.append(...views);
  return { show: (model) => views.forEach((view) => view.show(model)) };
}
