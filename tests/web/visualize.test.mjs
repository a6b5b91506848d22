// visualize in documents of real browsers: an element, an image, a PNG by a canvas, and nothing written.
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { browserNames, launch, serve } from './pages.mjs';

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

const html = `<!doctype html><html lang="en"><meta charset="utf-8"><link rel="icon" href="data:,"><title>test</title><main><h1>Pictures</h1></main><script type="module">
import { delayed, visualize } from '/dist/heddle.js';
const inc = delayed(function inc(x) { return x + 1; }), mean = delayed(function mean_agg(list) { return list; });
const loop = mean(Array.from({ length: 8 }, (_, x) => inc(x)));
const main = document.querySelector('main');
const boxes = (svg, selector) => Array.from(svg.querySelectorAll(selector), (element) => element.getBoundingClientRect());
window.run = async () => {
  const picture = await loop.visualize({ filename: 'loop.svg' });
  const svg = picture.element();
  main.append(svg);
  const image = new Image();
  image.src = URL.createObjectURL(picture.blob());
  image.alt = 'the same';
  await image.decode();
  main.append(image);
  const png = await loop.visualize({ format: 'png' });
  const bitmap = await createImageBitmap(png.blob());
  const canvas = Object.assign(document.createElement('canvas'), { width: bitmap.width, height: bitmap.height });
  const context = canvas.getContext('2d');
  context.drawImage(bitmap, 0, 0);
  const dark = (x, y, width, height) => context.getImageData(x * 2, y * 2, width * 2, height * 2).data.filter((value, at) => at % 4 === 0 && value < 100).length;
  const circle = svg.querySelector('circle'), [cx, cy, r] = ['cx', 'cy', 'r'].map((name) => Number(circle.getAttribute(name)));
  const evil = await visualize({ ['</svg><script>window.harmed = true</scr' + 'ipt>']: [Math.abs, 1], '"><img src=x onerror="window.harmed = true">': [Math.abs, 1] }, { verbose: true });
  const place = document.createElement('div');
  place.innerHTML = evil.svg;
  document.body.append(place, evil.element());
  await new Promise((resolve) => setTimeout(resolve, 100));
  const harmed = 'harmed' in window || document.querySelectorAll('img[src=x], svg script').length > 0;
  place.remove();
  document.body.lastElementChild.remove();
  const inside = Array.from(svg.querySelectorAll('.task'), (task) => {
    const [around, label] = [...boxes(task, 'circle'), ...boxes(task, 'text')];
    return label.left > around.left && label.right < around.right && Math.abs((label.left + label.right - around.left - around.right) / 2) < 3;
  });
  return {
    filename: picture.filename, figures: [svg.querySelectorAll('circle').length, svg.querySelectorAll('.result').length, svg.querySelectorAll('.edges > g').length],
    namespace: svg.namespaceURI, inside, size: [svg.width.baseVal.value, svg.height.baseVal.value], image: [image.naturalWidth, image.naturalHeight], bitmap: [bitmap.width, bitmap.height],
    labelled: dark(cx - r * 0.7, cy - 8, r * 1.4, 16) > 50, empty: dark(cx - r * 0.5, cy - r * 0.6, r, r * 0.2), harmed,
    order: (await loop.visualize({ color: 'order' })).svg.includes('stroke="#0c0786"'),
  };
};
window.ready = true;
</script></html>`;

describe.each(browserNames)('in %s', (name) => {
  let browser, server, page;
  beforeAll(async () => {
    browser = await launch(name);
    server = await serve(html);
    page = await browser.newPage();
    await page.goto(server.url);
    await page.waitForFunction('window.ready');
  }, 60_000);
  afterAll(async () => {
    await browser?.close();
    server?.close();
  });

  test('a picture is an element, an image and a PNG; its labels fit; hostile keys are text; no file is written', async () => {
    const { size, image, bitmap, ...found } = await page.evaluate('run()');
    expect(found).toEqual({ filename: null, figures: [9, 9, 17], namespace: 'http://www.w3.org/2000/svg', inside: Array(9).fill(true), labelled: true, empty: 0, harmed: false, order: true });
    expect(image).toEqual(size);
    expect(bitmap).toEqual(size.map((side) => 2 * side));
  });

  test('axe finds nothing about it', async () => {
    await page.evaluate(axe);
    expect(await page.evaluate(async () => (await globalThis.axe.run(document)).violations.map(({ id }) => id))).toEqual([]);
  });
});
