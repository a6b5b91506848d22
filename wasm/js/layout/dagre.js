/** The layout with dagre: good pictures of up to some hundred cells; beyond, it takes seconds. */
import { Graph, layout } from '@dagrejs/dagre';
import { cellGap, cellWidth, laidOut } from './placement.js';

/** Dagre decides rows and places in them; how high the rows are is decided afterwards. */
const nominalHeight = 100;

/**
 * A cell is one node: its box stands straight above its circle, and dagre has half as much to do.
 * @param {import('./placement.js').Shape} shape
 * @returns {import('./placement.js').Placement}
 */
export function placeByDagre(shape) {
  const graph = new Graph();
  // 'longest-path': the other rankers take seconds on a few hundred tasks, and tasks stand below their users.
  graph.setGraph({ rankdir: 'BT', ranker: 'longest-path', nodesep: cellGap, edgesep: cellGap, ranksep: nominalHeight });
  graph.setDefaultEdgeLabel(() => ({}));
  for (let cell = 0; cell < shape.radii.length; cell++) {
    graph.setNode(String(cell), { width: cellWidth(shape.radii[cell]), height: nominalHeight });
  }
  for (const [from, to] of shape.links) graph.setEdge(String(from), String(to), {});
  layout(graph);
  const nodes = Array.from(shape.radii, (_, cell) => graph.node(String(cell)));
  const x = nodes.map((node) => Number(node.x));
  const side = leansLeft(x) ? -1 : 1;
  /** @param {number | undefined} y */
  const round = (y) => Math.round(Number(y));
  const rowAt = new Map([...new Set(nodes.map(({ y }) => round(y)))].sort((a, b) => b - a).map((y, row) => [y, row]));
  return laidOut(shape, {
    x: x.map((at) => at * side),
    rows: nodes.map(({ y }) => rowAt.get(round(y)) ?? 0),
    bends: shape.links.map(([from, to]) => {
      /** @type {{ points?: { x: number, y: number }[] }} */
      const { points = [] } = graph.edge(String(from), String(to));
      /** @type {[number, number][]} */
      const bends = [];
      // Some of the points lie between two rows: those are left out, and so are the ends.
      for (const point of points.slice(1, -1)) {
        const row = rowAt.get(round(point.y));
        if (row !== undefined) bends.push([point.x * side, row]);
      }
      return bends;
    }),
  });
}

/**
 * Of two layouts that are each other's mirror image, the one is better in which tasks go from left to right.
 * @param {number[]} x by task
 */
function leansLeft(x) {
  const middle = x.reduce((sum, at) => sum + at, 0) / x.length;
  return x.reduce((lean, at, task) => lean + (at - middle) * (task - (x.length - 1) / 2), 0) < 0;
}
