/** `heddle/trace`: runs as data, live or from a file. It needs no threads, no page and not the rest of the package. */
export { colourOf, viridis } from './palette.js';
export { graphFault, isCount, isTime, isTraceMessage, orNothing } from './check.js';
export { EVENTS_MAX, Events } from './events.js';
export { TraceModel, resultWords } from './model.js';
export { counted, countedNoun, roundStep, timed } from './quantities.js';
export * from './states.js';
export { structureOf } from './structure.js';
export { statisticsInSlices, statisticsOf } from './statistics.js';
export { storyOf } from './story.js';
export { waitOf } from './waits.js';
export { chromeTraceOf } from './chrome.js';
export { readTrace, writeTrace } from './file.js';
export { TraceFileError } from '../errors.js';
