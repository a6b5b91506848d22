// visualize in the built package: its types, and that nothing of it is loaded before somebody draws.
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../..', import.meta.url));
let folder;
beforeAll(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'heddle-visualize-types-'));
  mkdirSync(path.join(folder, 'node_modules'));
  symlinkSync(root, path.join(folder, 'node_modules/heddle'));
  writeFileSync(path.join(folder, 'package.json'), '{ "type": "module" }');
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** The lines in which TypeScript finds errors. */
function errorsOf(text) {
  writeFileSync(path.join(folder, 'program.ts'), text);
  const { stdout } = spawnSync(process.execPath, [path.join(root, 'node_modules/typescript/bin/tsc'), '--noEmit', '--strict', '--target', 'es2022',
    '--module', 'nodenext', '--lib', 'es2023,dom', 'program.ts'], { cwd: folder, encoding: 'utf8' });
  return stdout.split('\n').filter((line) => /error TS/.test(line)).map((line) => /^program\.ts\((\d+)/.exec(line)?.[1] ?? line);
}

test('the types say what may be written', () => {
  expect(errorsOf(`
    import { delayed, visualize, type Picture, type VisualizeOptions } from 'heddle';
    const node = delayed((x: number) => x)(1);
    const options: VisualizeOptions = { filename: null, format: 'png', rankdir: 'LR', color: 'order-age', maxval: 5, nodeAttr: { penwidth: 6 }, dataAttributes: { x: { color: 'red' } } };
    const picture: Picture = await node.visualize(options);
    const other = await visualize({ x: 1, y: [(x: number) => x, 'x'] }, { filename: false, collapseOutputs: true, verbose: true, optimizeGraph: true });
    const text: string = other.svg + other.dot + String(other), blob: Blob = picture.blob(), element: SVGSVGElement = picture.element();
    const note: string | null = picture.note, file: string | null = picture.filename, data: string | Uint8Array = picture.data;
    console.log(text, blob, element, note, file, data);`)).toEqual([]);
  expect(errorsOf(`
    import { delayed, visualize } from 'heddle';
    await visualize(1, { rankdir: 'up' });
    await visualize(1, { collapse_outputs: true });
    await delayed(1).visualize({ format: 'pdf' });
    await delayed(1).visualize({ nodeAttr: 'red' });
    (await delayed(1).visualize()).svg = '';`)).toEqual(['3', '4', '5', '6', '7']);
}, 60_000);

/** What a file of the package loads at once, itself included. */
function loadedBy(file, loaded = new Set()) {
  if (loaded.has(file)) return loaded;
  loaded.add(file);
  const text = readFileSync(path.join(root, 'dist', file), 'utf8');
  for (const [, next] of text.matchAll(/(?:\bfrom|\bimport)\s*["']\.\/([\w-]+\.js)["']/g)) loadedBy(next, loaded);
  return loaded;
}

test('what draws is loaded when somebody draws, not before', () => {
  const text = (/** @type {Iterable<string>} */ files) => Array.from(files, (file) => readFileSync(path.join(root, 'dist', file), 'utf8')).join('\n');
  const atOnce = loadedBy('heddle.js'), all = readdirSync(path.join(root, 'dist')).filter((file) => file.endsWith('.js'));
  expect(atOnce.size).toBeGreaterThan(2);
  /* Of the SVG, of PNG, and of the layout. */
  for (const part of ['data-node', 'resvg', 'longest-path'])
    expect([part, text(atOnce).includes(part), text(all).includes(part)]).toEqual([part, false, true]);
});
