/** What users say about their tasks, for where only JSON goes. */

/**
 * As far as JSON can carry it: a BigInt as its digits, and nothing of what has a circle in it.
 * @param {import('../watch.js').WatchedGraph['annotations']} annotations
 * @returns {import('../watch.js').WatchedGraph['annotations']}
 */
export function plain(annotations) {
  try {
    return annotations && JSON.parse(JSON.stringify(annotations, (_, value) => (typeof value === 'bigint' ? String(value) : value)));
  } catch {
    return undefined;
  }
}
