/** `heddle/views`: custom elements that draw a run, live or from a file. Importing it registers them. */
export { HeddleCompare } from './compare.js';
export { HeddleEventLine } from './event-line.js';
export { HeddleGraph } from './graph.js';
export { HeddleMemory } from './memory.js';
export { HeddleProgress } from './progress.js';
export { HeddleRun } from './run.js';
export { HeddleScrubber } from './scrubber.js';
export { HeddleTimeline } from './timeline.js';
export { HeddleWorkers } from './workers.js';
