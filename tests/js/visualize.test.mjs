// visualize: the same circles, boxes, labels and arrows as Dask, in SVG and in DOT.
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { CycleError, OptionError, UnsupportedError, annotate, bind, delayed, visualize } from 'heddle';
import { prefixOf } from '../../wasm/js/visualize/labels.js';
import { diagnose } from '../../wasm/js/visualize/order.js';
import { plasma } from '../../wasm/js/visualize/plasma.js';

const fixtures = fileURLToPath(new URL('../fixtures/visualize/', import.meta.url));
const reference = JSON.parse(readFileSync(path.join(fixtures, 'dask.json'), 'utf8'));
const nowhere = { filename: null };

const inc = delayed((x) => x + 1, { name: 'inc' });
const add = delayed((x, y) => x + y, { name: 'add' });
const sum = delayed((numbers) => numbers.reduce((total, number) => total + number, 0), { name: 'sum' });
const hash = '0123456789abcdef0123456789abcdef';

/** The lesson's programs, written for Heddle. */
const programs = {
  lesson_delayed: () => add(inc(1), inc(2)),
  lesson_loop: () => sum(Array.from({ length: 8 }, (_, x) => inc(x))),
  // A mean of four chunks: tuples as keys, as Dask's arrays have them.
  lesson_mean4() {
    const graph = new Map(), chunks = [0, 1, 2, 3];
    for (const chunk of chunks) {
      graph.set([`normal-${hash}`, chunk], [() => 1]);
      graph.set([`mean_chunk-${hash}`, chunk], [(x) => x, [`normal-${hash}`, chunk]]);
    }
    return graph.set([`mean_agg-aggregate-${hash}`], [(parts) => parts, chunks.map((chunk) => [`mean_chunk-${hash}`, chunk])]);
  },
  raw_graph: () => new Map([
    ['x', 1], ['unused', 2], ['y', [Math.abs, 'x']], ['z', [Math.max, 'x', 'y', 5]], ['alias', 'z'], ['again', 'alias'],
    [['t-1', 0, 1], [Math.abs, 'again']], ['nested', [Math.max, [Math.abs, 'y'], [['t-1', 0, 1], 'x']]],
  ]),
};

const unescaped = (text) => text.replace(/&#(\d+);/g, (_, code) => String.fromCharCode(code));

/** What an SVG shows. */
function inSvg(svg) {
  const nodes = [], edges = [];
  for (const [, shape, node, inside] of svg.matchAll(/<g class="(task|result)" data-node="(\d+)"><title>[^<]*<\/title>(.*)<\/g>/g)) {
    const label = [...inside.matchAll(/<text[^>]*>([^<]*)<\/text>/g)].map(([, line]) => unescaped(line)).join('\n');
    expect(inside.startsWith(shape === 'task' ? '<circle' : '<rect')).toBe(true);
    nodes[node] = { shape: shape === 'task' ? 'circle' : 'box', label };
  }
  for (const [, from, to] of svg.matchAll(/<g data-from="(\d+)" data-to="(\d+)">/g)) edges.push([Number(from), Number(to)]);
  return { nodes, edges };
}

/** What is written in DOT. */
function inDot(dot) {
  const nodes = [], edges = [];
  for (const line of dot.split('\n')) {
    const [, node, label, shape] = /^\tn(\d+) \[label="((?:[^"\\]|\\.)*)" shape="(\w+)"/.exec(line) ?? [];
    const [, from, to] = /^\tn(\d+) -> n(\d+)$/.exec(line) ?? [];
    if (node) nodes[node] = { shape, label: label.replace(/\\(.)/g, '$1') };
    if (from) edges.push([Number(from), Number(to)]);
  }
  return { nodes, edges };
}

/** A graph up to the names of its nodes: each by what it is, and by what it is joined to, as far as that goes (Weisfeiler and Leman 1968). */
function canonical({ nodes, edges }) {
  let marks = nodes.map(({ shape, label }) => `${shape} ${label}`);
  for (let round = 0; round < nodes.length; round++) {
    const around = nodes.map(() => ({ in: [], out: [] }));
    for (const [from, to] of edges) {
      around[from].out.push(marks[to]);
      around[to].in.push(marks[from]);
    }
    marks = marks.map((mark, node) => createHash('sha1').update(JSON.stringify([mark, around[node].in.sort(), around[node].out.sort()])).digest('hex'));
  }
  return { nodes: nodes.map(({ shape, label }) => `${shape} ${label}`).sort(), edges: edges.length, marks: marks.sort() };
}

const forms = { plain: {}, collapsed: { collapseOutputs: true }, verbose: { verbose: true } };
/** Whole keys have hashes in Dask and numbers here; those of raw graphs are the same. */
const withoutNumbers = ({ nodes, edges }) => ({ edges, nodes: nodes.map(({ shape, label }) => ({ shape, label: label.replace(/^(inc|add|sum)-\d+$/, '$1-#') })) });

const cases = Object.keys(programs).flatMap((program) => Object.keys(forms).map((form) => [program, form]));

describe.each(cases)('%s, %s', (program, form) => {
  const facts = reference.programs[program][form];

  test('the SVG has the circles, boxes, labels and arrows of Dask', async () => {
    const { svg } = await visualize(programs[program](), { ...forms[form], ...nowhere });
    expect(canonical(withoutNumbers(inSvg(svg)))).toEqual(canonical(facts));
  });

  test('the DOT has them too', async () => {
    const { dot } = await visualize(programs[program](), { ...forms[form], ...nowhere });
    expect(canonical(withoutNumbers(inDot(dot)))).toEqual(canonical(facts));
  });
});

test('the lesson has 9 circles, 9 boxes and 17 arrows in its loop', async () => {
  const { nodes, edges } = inSvg((await programs.lesson_loop().visualize(nowhere)).svg);
  expect([nodes.filter(({ shape }) => shape === 'circle').length, nodes.filter(({ shape }) => shape === 'box').length, edges.length]).toEqual([9, 9, 17]);
});

test("circles are labelled with the key's prefix as Dask finds it", () => {
  expect(reference.prefixes.map(([key]) => [key, prefixOf(key)])).toEqual(reference.prefixes);
});

test('colours are those of plasma', () => {
  expect(reference.plasma.map(([fraction]) => [fraction, plasma(fraction)])).toEqual(reference.plasma);
});

/** What Dask says of an order, of a program's tasks in that order. */
const diagnosed = (inputs) => {
  const { age, whenRun, whenReleased, freed } = diagnose(inputs.map((needs) => ({ inputs: needs })), Uint32Array.from(inputs.keys()));
  return { age: [...age], num_data_when_run: [...whenRun], num_data_when_released: [...whenReleased], num_dependencies_freed: [...freed] };
};

test.each(Object.keys(programs))('what is said of an order of %s is what Dask says', (program) => {
  const { inputs, ...said } = reference.programs[program].ordered;
  expect(diagnosed(inputs)).toEqual(said);
});

const python = ['python3', '/usr/bin/python3'].find((command) => spawnSync(command, ['-c', 'import dask, dask.array, graphviz, matplotlib']).status === 0);
const hasFont = ['/usr/share/fonts', '/usr/local/share/fonts'].some((fonts) => existsSync(fonts) && readdirSync(fonts, { recursive: true }).some((name) => /\.(ttf|otf|ttc)$/i.test(name)));
const hasDot = spawnSync('dot', ['-V']).status === 0;

(python ? describe : describe.skip)('with Dask on this machine', () => {
  test('it still says what the fixture says', () => {
    const { stdout, stderr, status } = spawnSync(python, [path.join(fixtures, 'reference.py')], { encoding: 'utf8' });
    expect({ status, stderr: status ? stderr : '' }).toEqual({ status: 0, stderr: '' });
    const now = JSON.parse(stdout);
    expect(now.prefixes).toEqual(reference.prefixes);
    expect(now.plasma).toEqual(reference.plasma);
    for (const [program, form] of cases) expect([program, form, canonical(now.programs[program][form])]).toEqual([program, form, canonical(reference.programs[program][form])]);
    for (const program of Object.keys(programs)) {
      const { inputs, ...said } = now.programs[program].ordered;
      expect(diagnosed(inputs)).toEqual(said);
    }
  }, 60_000);
});

/** A line of `dot -Tplain` in its parts, which may be quoted. */
const parts = (line) => [...line.matchAll(/"((?:[^"\\]|\\.)*)"|\S+/g)].map(([whole, inside]) => inside?.replace(/\\"/g, '"') ?? whole);

/** Has Graphviz read it. */
function byGraphviz(dot) {
  const { stdout, stderr, status } = spawnSync('dot', ['-Tplain'], { input: dot, encoding: 'utf8', maxBuffer: 2 ** 28 });
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  const nodes = [], edges = [];
  for (const line of stdout.split('\n').map(parts)) {
    if (line[0] === 'node') nodes[line[1].slice(1)] = { label: line[6], shape: line[8] };
    if (line[0] === 'edge') edges.push([Number(line[1].slice(1)), Number(line[2].slice(1))]);
  }
  return { nodes, edges };
}

(hasDot ? describe : describe.skip)('with Graphviz on this machine', () => {
  test.each(cases)('it reads the DOT of %s, %s', async (program, form) => {
    const { dot } = await visualize(programs[program](), { ...forms[form], ...nowhere, nodeAttr: { penwidth: 6 }, color: form === 'verbose' ? 'order' : null });
    const facts = reference.programs[program][form], read = byGraphviz(dot);
    if (form === 'verbose') expect([read.nodes.length, read.edges.length]).toEqual([facts.nodes.length, facts.edges.length]);
    else expect(canonical(read)).toEqual(canonical(facts));
  });

  test('it reads hostile keys as they are', async () => {
    const keys = hostile.filter((key) => !/[\n\r\0\x01\ud800]/.test(key)); // these have no other form in its plain output
    const graph = new Map(keys.map((key) => [[key, key], [Math.abs, 1]]));
    const read = byGraphviz((await visualize(graph, nowhere)).dot);
    expect(read.nodes.filter(({ shape }) => shape === 'box').map(({ label }) => label.replaceAll('\\\\', '\\')).sort()).toEqual([...keys].sort());
  });

  test('it reads hostile attributes and labels of any length', async () => {
    const node = delayed((x) => x, { key: 'k' })(1), evil = ['a"]; b [label="', '\\', '\\\\', 'x\\"', '"', '\\"; evil', '<b>', 'a\nb', 'a'.repeat(50_000), '\ud800'];
    for (const label of evil) {
      const { dot } = await node.visualize({ ...nowhere, format: 'dot', functionAttributes: { k: { label: label.slice(0, 5000), comment: label.slice(0, 100) } }, graphAttr: { comment: label.slice(0, 100) } });
      expect(byGraphviz(dot).edges).toEqual([[0, 1]]);
      const keyed = await visualize(new Map([[label, [Math.abs, 1]]]), { ...nowhere, format: 'dot', verbose: true });
      expect(byGraphviz(keyed.dot).edges).toEqual([[0, 1]]);
    }
  });
});

const hostile = ['</svg><script>alert(1)</script>', '"><img src=x onerror=alert(1)>', "' onload='alert(1)", '&lt;&amp;', '\\N\\G', 'a"]; evil [label="x', ']]>', '<!--', '\u202eright to left',
  'a\nb', '\0', '\x01', '\ud800', '漢字', '👩‍👩‍👧', '__proto__', 'constructor', '<b>bold</b>'];

describe('SVG', () => {
  test('hostile keys stand there as text, and nothing else comes of them', async () => {
    const { svg } = await visualize(new Map(hostile.map((key) => [key, [Math.abs, 1]])), { ...nowhere, verbose: true, collapseOutputs: false });
    expect([...new Set([...svg.matchAll(/<(?!\/)([^\s>]+)/g)].map(([, tag]) => tag))].sort()).toEqual(['circle', 'desc', 'g', 'path', 'rect', 'svg', 'text', 'title']);
    expect([...svg.matchAll(/<[^>]*[\s"'](on\w+|href|style|src)=/g)]).toEqual([]);
    // eslint-disable-next-line no-control-regex
    expect(svg).not.toMatch(/[\0-\x08\x0b\x0c\x0e-\x1f]|[\ud800-\udfff](?![\udc00-\udfff])(?<![\ud800-\udbff][\udc00-\udfff])/);
    expect(inSvg(svg).nodes.filter(({ shape, label }) => shape === 'box' && hostile.includes(label)).length).toBe(hostile.length - 3); // some cannot be said in XML
  });

  test('hostile attributes load nothing and close nothing', async () => {
    const node = inc(1);
    for (const color of ['url(https://example.com/x)', 'red" onload="alert(1)', 'red;background:url(x)', '0.5 0.5 0.5', 5])
      await expect(node.visualize({ ...nowhere, nodeAttr: { color } })).rejects.toThrow(OptionError);
    const { svg } = await node.visualize({ ...nowhere, nodeAttr: { fontname: 'x" onload="alert(1)', tooltip: '<script>', URL: 'javascript:alert(1)', penwidth: '1" x="' }, graphAttr: { label: '<script>' } });
    expect(svg).not.toMatch(/script>|onload|javascript/);
  });

  test('it has a title and says in words what it shows', async () => {
    const { svg } = await visualize({ x: 1, y: [Math.abs, 'x'] }, nowhere);
    expect(svg).toMatch(/^<svg [^>]*role="img"[^>]*>\n<title>Task graph<\/title>\n<desc>1 task: 1 y; 1 value\. A circle is a call, a box its result or a value; inputs are at the bottom, results at the top\.<\/desc>/);
  });

  test('inputs are at the bottom, on top, on the left or on the right, as rankdir says', async () => {
    const node = inc(inc(1)), places = {};
    for (const rankdir of ['BT', 'TB', 'LR', 'RL']) {
      const { svg } = await node.visualize({ ...nowhere, rankdir });
      const [last, first] = [...svg.matchAll(/<circle cx="([\d.]+)" cy="([\d.]+)"/g)].map(([, x, y]) => [Number(x), Number(y)]);
      places[rankdir] = [Math.sign(last[0] - first[0]), Math.sign(last[1] - first[1])];
    }
    expect(places).toEqual({ BT: [0, -1], TB: [0, 1], LR: [1, 0], RL: [-1, 0] });
  });

  test('nothing lies on top of another, and all is inside the picture', async () => {
    for (const [program, options] of [['lesson_mean4', {}], ['raw_graph', { rankdir: 'LR', verbose: true }], ['lesson_loop', { collapseOutputs: true, rankdir: 'TB' }]]) {
      const { svg } = await visualize(programs[program](), { ...options, ...nowhere });
      const [, width, height] = /viewBox="0 0 (\d+) (\d+)"/.exec(svg).map(Number), nodes = svg.slice(svg.indexOf('class="nodes"'));
      const boxes = [...nodes.matchAll(/<rect x="([\d.]+)" y="([\d.]+)" width="([\d.]+)" height="([\d.]+)"/g)].map((found) => found.slice(1).map(Number));
      for (const [, x, y, r] of nodes.matchAll(/<circle cx="([\d.]+)" cy="([\d.]+)" r="([\d.]+)"/g)) boxes.push([x - r, y - r, 2 * r, 2 * r]);
      for (const [at, [x, y, w, h]] of boxes.entries()) {
        expect(x >= 0 && y >= 0 && x + w <= width && y + h <= height).toBe(true);
        for (const [ox, oy, ow, oh] of boxes.slice(at + 1)) expect(x + w <= ox || ox + ow <= x || y + h <= oy || oy + oh <= y).toBe(true);
      }
    }
  });

  test("attributes of Graphviz's that it knows are followed", async () => {
    const node = add(inc(1), delayed(5, { key: 'five' }));
    const { svg, dot } = await node.visualize({ ...nowhere, graphAttr: { bgcolor: '#eee', label: 'A title' }, nodeAttr: { penwidth: 6, fontname: 'Courier' }, edgeAttr: { color: 'blue', style: 'dashed' },
      dataAttributes: { five: { style: 'filled', fillcolor: 'yellow', label: 'five\\nor so' } }, functionAttributes: { [node.key]: { color: 'red', label: 'plus' } } });
    expect(svg).toContain('fill="#eee"');
    expect(svg).toContain('>A title</text>');
    expect(svg).toMatch(/<g class="edges" stroke="blue" stroke-dasharray="5 2">/);
    expect(svg).toMatch(/<circle [^>]*stroke="red" stroke-width="6"\/><text [^>]*font-family="Courier, [^>]*>plus<\/text>/);
    expect(svg).toMatch(/<rect [^>]*fill="yellow" stroke-width="6"\/><text [^>]*>five<\/text><text [^>]*>or so<\/text>/);
    expect(dot).toContain('graph [rankdir="BT" bgcolor="#eee" label="A title"]');
    expect(dot).toContain('edge [color="blue" style="dashed"]');
  });
});

describe('what is drawn', () => {
  const drawn = async (subject, options) => inSvg((await visualize(subject, { ...nowhere, ...options })).svg);

  test('a value is a box, and what waits for another an arrow', async () => {
    const first = inc(1), { nodes, edges } = await drawn(bind(inc(delayed(5)), first));
    expect(nodes.filter(({ shape }) => shape === 'circle').map(({ label }) => label).sort()).toEqual(['checkpoint', 'inc', 'inc']);
    expect(edges.length).toBe(3 + 3);
  });

  test('all Delayed of a structure, what they share once, and pure calls that are equal once', async () => {
    const shared = inc(1), pure = delayed((x) => x, { name: 'pure', pure: true });
    const { nodes } = await drawn({ a: add(shared, shared), b: [inc(shared)], c: new Map([['d', pure(1)]]), e: pure(1) });
    expect(nodes.filter(({ shape }) => shape === 'circle').map(({ label }) => label).sort()).toEqual(['add', 'inc', 'inc', 'pure']);
  });

  test('a list of nodes is a box with an arrow from each', async () => {
    const { nodes, edges } = await drawn(delayed([inc(1), inc(2)]));
    expect([nodes.length, edges.length]).toEqual([5, 4]);
  });

  //  inc -> add -> abs    inc -> double (cheap) -> add, add
  test('with optimizeGraph what runs in one go is one circle, with all names', async () => {
    const abs = delayed(Math.abs, { name: 'abs' }), circles = ({ nodes }) => nodes.filter(({ shape }) => shape === 'circle').map(({ label }) => label).sort();
    const chain = await drawn(abs(add(inc(1), 5)), { optimizeGraph: true });
    expect([circles(chain), chain.edges.length]).toEqual([['add-inc-abs'], 1]);
    const fork = inc(1), both = await drawn([abs(inc(fork)), inc(fork)], { optimizeGraph: true });
    expect([circles(both), both.edges.length]).toEqual([['inc', 'inc', 'inc-abs'], 3 + 2]);
    const double = delayed((x) => 2 * x, { name: 'double', inline: true })(inc(1)), cheap = await drawn([add(double, 1), abs(double)], { optimizeGraph: true });
    expect([circles(cheap).filter((label) => label.includes('double')).length, circles(cheap).length, cheap.edges.length]).toEqual([1, 3, 3 + 2]);
  });

  test('its colours are of the order in which that runs', async () => {
    const { nodes } = await drawn([inc(inc(inc(1))), add(inc(1), inc(2))], { optimizeGraph: true, color: 'order' });
    expect(nodes.filter(({ shape }) => shape === 'circle').map(({ label }) => label).sort()).toEqual(['0', '1', '2', '3']);
  });

  test('a cycle is drawn, so that it can be found, but has no order', async () => {
    const graph = { a: [Math.abs, 'c'], b: [Math.abs, 'a'], c: [Math.abs, 'b'], self: [Math.abs, 'self'] };
    const { svg } = await visualize(graph, nowhere), [, width, height] = /viewBox="0 0 (\d+) (\d+)"/.exec(svg).map(Number);
    expect(inSvg(svg).edges.length).toBe(4 + 4);
    for (const [, data] of svg.matchAll(/ d="([^"]*)"/g))
      for (const [, x, y] of data.matchAll(/(-?[\d.]+) (-?[\d.]+)/g)) expect(x >= 0 && x <= width + 10 && y >= 0 && y <= height).toBe(true);
    await expect(visualize(graph, { ...nowhere, color: 'order' })).rejects.toThrow(CycleError);
  });

  test('an empty graph is an empty picture', async () => {
    expect(await drawn({})).toEqual({ nodes: [], edges: [] });
  });

  test('nothing runs', async () => {
    let ran = 0;
    await delayed(() => ran++)().visualize({ ...nowhere, color: 'memorypressure' });
    expect(ran).toBe(0);
  });
});

test('every random graph is drawn whole, in every direction and form', async () => {
  let seed = 1;
  const random = (below) => (seed = (seed * 16807) % 2147483647) % below, pick = (list) => list[random(list.length)];
  for (let round = 0; round < 100; round++) {
    const count = 1 + random(40), entries = Array.from({ length: count }, (_, i) => {
      const inputs = Array.from({ length: random(4) }, () => `${pick(['a', 'b'])}-${random(i + (random(10) ? 0 : 5)) || 0}`);
      return [`${pick(['a', 'b'])}-${i}`, pick([[Math.max, ...inputs], [Math.max, [Math.abs, ...inputs]], inputs, i, inputs[0]])];
    });
    const options = { ...nowhere, rankdir: pick(['BT', 'TB', 'LR', 'RL']), collapseOutputs: pick([true, false]), verbose: pick([true, false]) };
    const { svg, dot } = await visualize(new Map(entries), options);
    expect(svg).not.toMatch(/NaN|undefined|Infinity/);
    expect([round, canonical(inSvg(svg))]).toEqual([round, canonical(inDot(dot))]);
  }
});

describe('color', () => {
  const labels = async (subject, options) => inSvg((await visualize(subject, { ...nowhere, ...options })).svg).nodes.filter(({ shape }) => shape === 'circle').map(({ label }) => label);

  //  inc -> add <- inc
  test('order: each circle has its place in a serial run, inputs before who takes them', async () => {
    expect(await labels(add(inc(1), inc(2)), { color: 'order' })).toEqual(['2', expect.stringMatching(/[01]/), expect.stringMatching(/[01]/)]);
    const urgent = annotate({ priority: 1 }, () => inc(1)), other = inc(2);
    expect(await labels([other, urgent], { color: 'order' })).toEqual(['1', '0']);
  });

  test('age, freed and memory are what the order makes of them', async () => {
    const node = add(inc(1), inc(2)), sorted = async (color) => (await labels(node, { color })).sort();
    expect(await sorted('age')).toEqual(['0', '1', '2']);
    expect(await sorted('freed')).toEqual(['0', '0', '2']);
    expect(await sorted('memorypressure')).toEqual(['0', '1', '2']);
    expect(await sorted('memoryincreases')).toEqual(['0', '1', '2']);
    expect(await sorted('memorydecreases')).toEqual(['0', '0', '0']);
    expect(await sorted('order-age')).toEqual(['0-2', '1-1', '2-0']);
  });

  test('outlines go through plasma, to the greatest number or to maxval', async () => {
    const { svg } = await inc(inc(1)).visualize({ ...nowhere, color: 'order' });
    expect([...svg.matchAll(/<(?:circle|rect) [^>]*stroke="(#[^"]*)"/g)].map(([, color]) => color)).toEqual([plasma(1), plasma(1), plasma(0), plasma(0)]);
    expect((await inc(inc(1)).visualize({ ...nowhere, color: 'order', maxval: 4 })).svg).toContain(`stroke="${plasma(0.25)}"`);
  });

  test('what the user says of a node goes before it', async () => {
    const node = inc(1), { svg } = await node.visualize({ ...nowhere, color: 'order', functionAttributes: { [node.key]: { label: 'mine' } } });
    expect(inSvg(svg).nodes[0].label).toBe('mine');
  });
});

describe('misuse says what to do', () => {
  test.each([
    [{ colour: 'order' }, /visualize has no option 'colour'; it has filename, /],
    [{ collapse_outputs: true }, /no option 'collapse_outputs'; it has .*collapseOutputs/],
    [{ color: 'ages' }, /color is one of 'order', 'age', .*but got 'ages'/],
    [{ rankdir: 'up' }, /rankdir is one of 'BT', 'TB', 'LR', 'RL', but got 'up'/],
    [{ format: 'pdf' }, /format is one of 'svg', 'dot', 'png', but got 'pdf'/],
    [{ filename: 'graph.pdf' }, /'graph\.pdf'.*\.dot file.*dot -Tpdf/],
    [{ filename: 5 }, /filename is a name .*or null for no file, but got 5/],
    [{ filename: '' }, /filename is a name/],
    [{ verbose: 1 }, /verbose is true or false, but got 1/],
    [{ maxval: 0 }, /maxval is a number above 0, but got 0/],
    [{ nodeAttr: 'red' }, /nodeAttr is an object of Graphviz's attributes/],
    [{ nodeAttr: { 'a b': 1 } }, /names of letters, digits and _, but got 'a b'/],
    [{ edgeAttr: { color: {} } }, /edgeAttr\.color is a text, a number, true or false, but got an object/],
    [{ functionAttributes: { x: 'red' } }, /functionAttributes is an object/],
    [5, /options is an object/],
  ])('%j', async (options, message) => {
    const failed = await inc(1).visualize(typeof options === 'object' && !('filename' in options) ? { ...nowhere, ...options } : options).then(() => undefined, (error) => error);
    expect(failed).toBeInstanceOf(OptionError);
    expect(failed.message).toMatch(message);
  });

  test.each([[5], [[]], ['x'], [null], [[1, { a: 2 }]]])('%j has nothing to draw', async (subject) => {
    await expect(visualize(subject, nowhere)).rejects.toThrow(/visualize takes a Delayed, a structure with Delayed inside, or a raw graph/);
  });
});

describe('files', () => {
  let folder;
  beforeAll(() => (folder = mkdtempSync(path.join(tmpdir(), 'heddle-visualize-'))));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  const written = async (options) => {
    const picture = await inc(1).visualize(options), { filename } = picture;
    expect(new Uint8Array(readFileSync(filename))).toEqual(new Uint8Array(typeof picture.data === 'string' ? new TextEncoder().encode(picture.data) : picture.data));
    return [path.basename(filename), picture.format, picture.type];
  };

  test('the name says what is in it; an unknown ending is kept', async () => {
    expect(await written({ filename: path.join(folder, 'a.svg') })).toEqual(['a.svg', 'svg', 'image/svg+xml']);
    expect(await written({ filename: path.join(folder, 'a.DOT') })).toEqual(['a.DOT', 'dot', 'text/vnd.graphviz']);
    if (hasFont) expect(await written({ filename: path.join(folder, 'a.png') })).toEqual(['a.png', 'png', 'image/png']);
    expect(await written({ filename: path.join(folder, 'a') })).toEqual(['a.svg', 'svg', 'image/svg+xml']);
    expect(await written({ filename: path.join(folder, 'a.v2') })).toEqual(['a.v2.svg', 'svg', 'image/svg+xml']);
    expect(await written({ filename: path.join(folder, 'a.svg'), format: 'dot' })).toEqual(['a.svg.dot', 'dot', 'text/vnd.graphviz']);
    expect(await written({ filename: path.join(folder, 'b.dot'), format: 'dot' })).toEqual(['b.dot', 'dot', 'text/vnd.graphviz']);
  });

  test('mydask.svg is written when nothing is said, nothing when there is no name', async () => {
    const program = `import { delayed } from 'file://${path.join(fixtures, '../../../dist/heddle.js')}';
      const node = delayed((x) => x)(1);
      await node.visualize({ filename: null });
      await node.visualize({ filename: false, format: 'dot' });
      console.log((await import('node:fs')).readdirSync('.').length);
      const picture = await node.visualize();
      console.log(picture, picture.filename);`;
    const { stdout, stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', program], { cwd: path.join(folder), encoding: 'utf8' });
    expect([stderr, stdout]).toEqual(['', `${readdirSync(folder).filter((name) => name !== 'mydask.svg').length}\nPicture(mydask.svg) mydask.svg\n`]);
    expect(existsSync(path.join(folder, 'mydask.svg'))).toBe(true);
  });

  test('a folder that is not there is said by the system', async () => {
    await expect(inc(1).visualize({ filename: path.join(folder, 'no', 'a.svg') })).rejects.toMatchObject({ code: 'ENOENT' });
  });

  test('a picture is text, bytes and a Blob, and an element only in pages', async () => {
    const svg = await inc(1).visualize(nowhere), dot = await inc(1).visualize({ ...nowhere, format: 'dot' });
    expect([`${svg}`, svg.data]).toEqual([svg.svg, svg.svg]);
    expect([`${dot}`, dot.data, dot.svg.slice(0, 4)]).toEqual([dot.dot, dot.dot, '<svg']);
    expect([await svg.blob().text(), svg.blob().type]).toEqual([svg.svg, 'image/svg+xml']);
    expect([svg.filename, svg.note]).toEqual([null, null]);
    expect(() => svg.element()).toThrow(UnsupportedError);
  });

  test('a PNG has the size of the picture twice, and its labels, for which it needs a font', async () => {
    if (!hasFont) return void (await expect(inc(1).visualize({ ...nowhere, format: 'png' })).rejects.toThrow(/PNG needs a font on this machine.*apt-get install fonts-liberation/));
    const png = await inc(1).visualize({ ...nowhere, format: 'png' }), { data } = png, view = new DataView(data.buffer);
    expect([...data.subarray(0, 8)]).toEqual([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
    const [, width, height] = /viewBox="0 0 (\d+) (\d+)"/.exec(png.svg).map(Number);
    expect([view.getUint32(16), view.getUint32(20)]).toEqual([2 * width, 2 * height]);
    const node = inc(1), unlabelled = await node.visualize({ ...nowhere, format: 'png', functionAttributes: { [node.key]: { label: '   ' } } });
    expect(data.length).not.toBe(unlabelled.data.length);
  });

  test('where the package for PNG is missing, the error says how to get it', () => {
    const program = `import { delayed } from 'file://${folder}/alone/heddle.js';
      await delayed((x) => x)(1).visualize({ filename: 'a.png' }).catch((error) => console.log(error.name, error.code, error.message));`;
    spawnSync('cp', ['-r', fileURLToPath(new URL('../../dist', import.meta.url)), path.join(folder, 'alone')]);
    const { stdout } = spawnSync(process.execPath, ['--input-type=module', '-e', program], { cwd: folder, encoding: 'utf8' });
    expect(stdout).toBe('UnsupportedError UNSUPPORTED PNG needs a package that is not there: npm install @resvg/resvg-js. SVG and DOT need none.\n');
  });
});

describe('large graphs', () => {
  const readGraph = (entries) => new Map(entries);

  // C = A B, of 8 by 8 blocks: 128 sources, 512 products, 64 sums.
  test('a product of 8 x 8 blocks is drawn block by block', async () => {
    const n = 8, graph = new Map(), block = [...Array(n).keys()];
    for (const i of block) for (const j of block) {
      graph.set(['a', i, j], [() => 1]);
      graph.set(['b', i, j], [() => 1]);
      for (const k of block) graph.set(['dot', i, j, k], [Math.max, ['a', i, k], ['b', k, j]]);
      graph.set(['sum', i, j], [Math.max, ...block.map((k) => ['dot', i, j, k])]);
    }
    const picture = await visualize(graph, nowhere), { nodes, edges } = inSvg(picture.svg);
    expect([nodes.length, edges.length, picture.note]).toEqual([2 * 704, 704 + 1536, null]);
  });

  test('a chain of 4,000 tasks and a fan of 4,000 are drawn', async () => {
    const chain = readGraph(Array.from({ length: 4000 }, (_, i) => [`c-${i}`, i ? [Math.abs, `c-${i - 1}`] : [() => 1]]));
    expect(inSvg((await visualize(chain, nowhere)).svg).edges.length).toBe(7999);
    const fan = sum(Array.from({ length: 4000 }, (_, i) => inc(i)));
    expect(inSvg((await fan.visualize(nowhere)).svg).edges.length).toBe(8001);
  });

  // sum <- 100,000 x inc
  test('100,000 tasks are all in the DOT, and by name in the SVG, which says so', async () => {
    const total = sum(Array.from({ length: 100_000 }, (_, i) => inc(i)));
    const dot = await total.visualize({ ...nowhere, format: 'dot', color: 'order' });
    expect(dot.dot.match(/ -> /g).length).toBe(100_001 + 100_000);
    const picture = await total.visualize(nowhere), { nodes, edges } = inSvg(picture.svg);
    expect(nodes.map(({ label }) => label).sort()).toEqual(['inc\n× 100,000', 'sum\n× 1', '× 1', '× 100,000']);
    expect(edges.length).toBe(3);
    expect(picture.note).toBe('100,001 tasks and values are too many to be drawn one by one: each circle stands for all tasks of a name.');
    expect(picture.svg).toContain(`>${picture.note}</text>`);
  });

  test('names that need each other are drawn too', async () => {
    const ring = readGraph(Array.from({ length: 20_000 }, (_, i) => [`${i % 2 ? 'odd' : 'even'}-${i}`, i ? [Math.abs, `${i % 2 ? 'even' : 'odd'}-${i - 1}`] : [() => 1]]));
    expect(inSvg((await visualize(ring, nowhere)).svg).edges.length).toBe(4);
  });

  test('what is too much even by name is refused, with the way out; its DOT is not', async () => {
    const many = readGraph(Array.from({ length: 6000 }, (_, i) => [`n${i}`, [Math.abs, 1]]));
    await expect(visualize(many, nowhere)).rejects.toThrow(UnsupportedError);
    await expect(visualize(many, nowhere)).rejects.toThrow(/6000 tasks and values of 6000 names.*\{ filename: 'mydask\.dot' \}/);
    expect((await visualize(many, { ...nowhere, format: 'dot' })).dot.match(/ -> /g).length).toBe(6000);
  });
});
