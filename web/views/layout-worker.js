/**
 * The layout with dagre, in a worker of its own: it may take long, and the page goes on.
 * Message in: `{ id, shape }`. Message out: `{ id, placement }` or `{ id, error }`.
 */
import { placeByDagre } from 'heddle/layout';

addEventListener('message', ({ data: { id, shape } }) => {
  try {
    postMessage({ id, placement: placeByDagre(shape) });
  } catch (error) {
    postMessage({ id, error: String(error) });
  }
});
