/** `heddle/diagnostics`: what computations do, for programs and terminals. Named as Dask's. */
export { Callback } from './callback.js';
export { Dashboard } from '../dashboard/dashboard.js';
export { Diagnostic } from './diagnostic.js';
export { MemoryProfiler } from './memory-profiler.js';
export { PerformanceMeasures } from './performance-measures.js';
export { Profiler } from './profiler.js';
export { ProgressBar } from './progress-bar.js';
export { Recorder } from './recorder.js';
export { story } from './story.js';
export { summary } from './summary.js';
export { visualize } from './visualize.js';
