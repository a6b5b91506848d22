/** One clock for all threads, in milliseconds. */
export const clockMs = () => performance.timeOrigin + performance.now();
