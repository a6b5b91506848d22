/** `heddle/layout`: where the circles and boxes of a graph stand, and the lines between them. Nothing but numbers. */
export { placeByDagre } from './dagre.js';
export { layered } from './layered.js';
export { boxHeight, boxWidth, cellGap, cellWidth, laidOut } from './placement.js';
export { routesOf } from './routes.js';
/**
 * @typedef {import('./placement.js').Shape} Shape
 * @typedef {import('./placement.js').Placement} Placement
 */
