/** Colours and patterns of the pictures of threads, from the page's variables. */

/** @typedef {ReturnType<typeof themeOf>} Theme */

/** @param {Element} element whose --v- colours are used */
export function themeOf(element) {
  const style = getComputedStyle(element), of = (/** @type {string} */ name) => style.getPropertyValue(`--v-${name}`).trim() || '#888';
  const ink = of('ink'), muted = of('muted'), surface = of('surface');
  return {
    surface, ink, muted, line: of('line'), faint: of('faint'), focus: of('focus'), running: of('running'), erred: of('erred'), cancelled: of('cancelled'),
    font: style.fontFamily,
    hatches: { decode: stripes('#fff', '#0009', 1), encode: stripes('#fff', '#0009', -1), tried: stripes(surface, 'transparent', 1), asleep: dots(muted), sleep: dots('#fff', '#0008'), held: stripes(muted, 'transparent', 1, 10) },
  };
}

/** @param {number} size @param {(context: CanvasRenderingContext2D) => void} draw @returns {CanvasPattern | string} */
function tile(size, draw) {
  const canvas = document.createElement('canvas');
  canvas.width = canvas.height = size;
  const context = canvas.getContext('2d');
  if (!context) return 'transparent';
  draw(context);
  return context.createPattern(canvas, 'repeat') ?? 'transparent';
}

/** @param {string} colour @param {string} ground @param {1 | -1} slope @param {number} [size] */
function stripes(colour, ground, slope, size = 6) {
  return tile(size, (context) => {
    context.fillStyle = ground;
    context.fillRect(0, 0, size, size);
    context.strokeStyle = colour;
    context.lineWidth = 1.2;
    for (const shift of [-size, 0, size]) {
      context.moveTo(shift, slope > 0 ? size : 0);
      context.lineTo(shift + size, slope > 0 ? 0 : size);
    }
    context.stroke();
  });
}

/** @param {string} colour @param {string} [ground] */
function dots(colour, ground = 'transparent') {
  return tile(5, (context) => {
    context.fillStyle = ground;
    context.fillRect(0, 0, 5, 5);
    context.fillStyle = colour;
    context.fillRect(1, 1, 1.6, 1.6);
  });
}
