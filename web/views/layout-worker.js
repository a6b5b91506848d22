/**
 * The work of laying out, in a worker of its own: it may take long, and the page goes on.
 * Message in: `{ id, shape }` (dagre), `{ id, layers: graph }` or `{ id, groups: { graph, names } }`.
 * Message out: `{ id, answer }` or `{ id, error }`; its arrays are given, not copied.
 */
import { groupTasks, placeByDagre, placeInLayers } from 'heddle/layout';

addEventListener('message', ({ data: { id, shape, layers, groups } }) => {
  try {
    if (shape) return void postMessage({ id, answer: placeByDagre(shape) });
    const answer = layers ? placeInLayers(layers) : groupTasks(groups.graph, groups.names);
    const buffers = new Set([...Object.values(answer), ...Object.values(answer.structure)].filter(ArrayBuffer.isView).map(({ buffer }) => buffer));
    postMessage({ id, answer }, { transfer: /** @type {ArrayBuffer[]} */ ([...buffers]) });
  } catch (error) {
    postMessage({ id, error: String(error) });
  }
});
