/** Tables as text, and the quantities in them. */

/** Bytes as people read them: "640 B", "1.2 MB", units of 1024. @param {number} bytes */
export function bytesText(bytes) {
  if (!(bytes >= 1024)) return `${Math.round(bytes)} B`;
  const power = Math.min(4, Math.floor(Math.log(bytes) / Math.log(1024) + 1e-9)), value = bytes / 1024 ** power;
  return `${value >= 99.95 ? Math.round(value) : Number(value.toFixed(1))} ${['B', 'kB', 'MB', 'GB', 'TB'][power]}`;
}

/**
 * Rows in aligned columns: the first to the left, the others to the right.
 * @param {readonly (readonly string[])[]} rows of one length
 */
export function aligned(rows) {
  const widths = rows[0].map((_, column) => rows.reduce((most, row) => Math.max(most, row[column].length), 0));
  return rows.map((row) => row.map((cell, column) => (column ? cell.padStart(widths[column]) : cell.padEnd(widths[column]))).join('  ').trimEnd()).join('\n');
}
