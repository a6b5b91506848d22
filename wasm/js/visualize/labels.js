/** What a picture calls things: Dask's `key_split` for circles, and its chunk index for boxes. */

const isWord = (/** @type {string} */ text) => /^\p{L}+$/u.test(text);
/** Dask takes every word of eight letters that begins like a hexadecimal number for a hash. */
const isHash = (/** @type {string} */ word) => /^[a-f]/.test(word) && Array.from(word).length === 8;

/** @param {string} text @param {string} letters */
function strip(text, letters) {
  let from = 0, to = text.length;
  while (from < to && letters.includes(text[from])) from++;
  while (to > from && letters.includes(text[to - 1])) to--;
  return text.slice(from, to);
}

/**
 * A key without its hash, number and index: `'inc-3'` is `inc`, `'mean_agg-aggregate-0f3a…'` is `mean_agg-aggregate`.
 * @param {string} key
 */
export function prefixOf(key) {
  const [first, ...words] = key.split('-');
  if (first === '') return 'Other';
  let prefix = /^\p{L}/u.test(first) ? first : strip(first.split(',')[0], '_\'()"');
  for (const word of words) {
    if (!isWord(word) || isHash(word)) break;
    prefix += `-${word}`;
  }
  if (/^[a-f0-9]{32}$/.test(prefix)) return 'data';
  if (prefix[0] === '<') prefix = strip(prefix, '<>').trim().split(/\s+/)[0].split('.').at(-1) ?? '';
  return prefix || 'Other';
}

/** An item of a tuple as Python shows it. @param {unknown} item @returns {string} */
function shown(item) {
  if (Array.isArray(item)) return `(${item.map(shown).join(', ')}${item.length === 1 ? ',' : ''})`;
  return typeof item === 'string' ? `'${item.replace(/[\\']/g, '\\$&')}'` : String(item);
}

/**
 * Which chunk a tuple stands for: `'0'` of `['x', 0]`, `'(0, 1)'` of `['x', 0, 1]`, `'()'` of `['x']`.
 * @param {readonly unknown[]} tuple
 */
export function indexOf(tuple) {
  const rest = tuple.slice(1);
  return rest.length === 1 && !Array.isArray(rest[0]) ? String(rest[0]) : shown(rest);
}
