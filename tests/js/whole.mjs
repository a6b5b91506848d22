/** Batches tell what has changed. This makes of each one that tells how every task stands then. */
export function wholeBatches() {
  const runs = new Map();
  return (message) => {
    if (message.type === 'begin') {
      const { count } = message.graph;
      runs.set(message.run, { states: new Uint8Array(count), startMs: new Float64Array(count).fill(NaN), elapsedMs: new Float32Array(count),
        worker: new Uint16Array(count), attempts: new Uint8Array(count), bytes: new Float64Array(count) });
    }
    if (message.type !== 'batch') return message;
    const all = runs.get(message.run);
    const whole = { ...message };
    for (const [column, known] of Object.entries(all)) {
      message.tasks.forEach((task, at) => (known[task] = message[column][at]));
      whole[column] = known.slice();
    }
    return whole;
  };
}
