/** `heddle/layout`: where the circles and boxes of a graph stand, and the lines between them. Nothing but numbers. */
export { placeByDagre } from './dagre.js';
export { groupTasks } from './groups.js';
export { layered } from './layered.js';
export { placeInLayers } from './layers.js';
export { boxHeight, boxWidth, cellGap, cellWidth, laidOut } from './placement.js';
export { routesOf } from './routes.js';
/**
 * @typedef {import('./placement.js').Shape} Shape
 * @typedef {import('./placement.js').Placement} Placement
 * @typedef {import('./layers.js').Layers} Layers
 * @typedef {import('./groups.js').Groups} Groups
 * @typedef {import('./routes.js').Route} Route
 */
