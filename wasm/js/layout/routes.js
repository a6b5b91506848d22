/** The lines of a drawing as SVG path data: thin curves, and filled arrow heads. No DOM. */
import { boxHeight } from './placement.js';

const headLength = 8;
const headHalf = 3.2;
/** Up to this angle from straight below, a line to a circle is straight; the rest of the angle counts half. */
const straight = Math.PI / 6;
/** No line arrives further round: it would cross the neighbours. */
const widest = (65 * Math.PI) / 180;
/** Arrow heads stand so far apart on the circle, if there is room. */
const headApart = 8;

/** @typedef {{ line: string, head: string }} Route SVG path data */

/**
 * A line and a head for each link, and for each stem (from a circle to its box), by cell. Nothing about them changes while
 * tasks run, so all can be drawn as one path, and some once more to stress them.
 * @param {{ cells: { radius: number }[], links: [number, number][] }} drawing
 * @param {import('./placement.js').Placement} placement
 * @param {boolean} [collapsed] without boxes: there are no stems
 * @returns {{ lines: string, heads: string, stems: Route[], links: Route[] }} `lines`, `heads`: all of them
 */
export function routesOf({ cells, links }, { circles, boxes, bends }, collapsed = false) {
  const half = collapsed ? 0 : boxHeight / 2;
  const stems = collapsed ? [] : cells.map(({ radius }, cell) => {
    const [x, y] = circles[cell];
    const top = boxes[cell][1] + half;
    return { line: `M${n(x)} ${n(y - radius)}V${n(top + headLength - 1)}`, head: head(x, top, 0, 1) };
  });
  const angles = anglesOf(cells, links, links.map(([from, to], link) => {
    const [cx, cy] = circles[to];
    const last = bends[link].at(-1);
    return last ? Math.atan2(last[0] - cx, last[2] - cy) : Math.atan2(boxes[from][0] - cx, boxes[from][1] - half - cy);
  }));
  const routes = links.map(([from, to], link) => {
    let x = boxes[from][0];
    let y = boxes[from][1] - half;
    let line = `M${n(x)} ${n(y)}`;
    for (const [bend, low, high] of bends[link]) {
      const middle = n((y + low) / 2);
      line += `C${n(x)} ${middle} ${n(bend)} ${middle} ${n(bend)} ${n(low)}V${n(high)}`;
      x = bend;
      y = high;
    }
    const [cx, cy] = circles[to];
    const { radius } = cells[to];
    const [ux, uy] = [Math.sin(angles[link]), Math.cos(angles[link])];
    const [endX, endY] = [cx + ux * (radius + headLength - 1), cy + uy * (radius + headLength - 1)];
    const pull = Math.max(0, y - endY) * 0.45;
    // From a box the line sets out towards the circle; from between two cells it must go straight up.
    const [outX, outY] = bends[link].length === 0 ? [ux * pull, uy * pull] : [0, pull];
    line += `C${n(x - outX)} ${n(y - outY)} ${n(endX + ux * pull)} ${n(endY + uy * pull)} ${n(endX)} ${n(endY)}`;
    return { line, head: head(cx + ux * radius, cy + uy * radius, ux, uy) };
  });
  const all = [...stems, ...routes];
  return { lines: all.map(({ line }) => line).join(''), heads: all.map((route) => route.head).join(''), stems, links: routes };
}

/**
 * Where on its circle each line arrives, as an angle from straight below. The lines of one circle keep
 * their order and stand apart.
 * @param {{ radius: number }[]} cells
 * @param {[number, number][]} links
 * @param {number[]} wished the angle at which the other end lies
 */
function anglesOf(cells, links, wished) {
  /** @type {number[][]} */
  const arriving = cells.map(() => []);
  links.forEach(([, to], link) => arriving[to].push(link));
  const angles = wished.map((angle) => {
    const beyond = Math.max(0, Math.abs(angle) - straight);
    return Math.sign(angle) * Math.min(widest, Math.abs(angle) - beyond / 2);
  });
  arriving.forEach((group, cell) => {
    if (group.length < 2) return;
    group.sort((a, b) => wished[a] - wished[b]);
    const apart = Math.min(headApart / cells[cell].radius, (2 * widest) / (group.length - 1));
    // As in a row of cells: the mean of pushing all one way and pushing all the other way.
    const up = group.map((link) => angles[link]);
    const down = up.slice();
    for (let place = 1; place < up.length; place++) up[place] = Math.max(up[place], up[place - 1] + apart);
    for (let place = up.length - 1; place > 0; place--) down[place - 1] = Math.min(down[place - 1], down[place] - apart);
    group.forEach((link, place) => {
      // Between the room that is left for those before it and for those after it.
      const low = -widest + place * apart;
      const high = widest - (group.length - 1 - place) * apart;
      angles[link] = Math.max(low, Math.min(high, (up[place] + down[place]) / 2));
    });
  });
  return angles;
}

/**
 * @param {number} x the tip
 * @param {number} y
 * @param {number} ux from the tip back along the line, a unit vector
 * @param {number} uy
 */
function head(x, y, ux, uy) {
  const [bx, by] = [x + ux * headLength, y + uy * headLength];
  return `M${n(x)} ${n(y)}L${n(bx - uy * headHalf)} ${n(by + ux * headHalf)}L${n(bx + uy * headHalf)} ${n(by - ux * headHalf)}Z`;
}

/** @param {number} value */
function n(value) {
  return Math.round(value * 10) / 10;
}
