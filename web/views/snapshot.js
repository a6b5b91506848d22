/** A picture on the page as a file of its own: what is seen, with the colours that it has now. */

/** What a stylesheet says of a shape, and what it is if nothing does. */
const properties = { fill: 'rgb(0, 0, 0)', 'fill-opacity': '1', stroke: 'none', 'stroke-width': '1px', 'stroke-opacity': '1', 'stroke-dasharray': 'none',
  'stroke-linecap': 'butt', 'stroke-linejoin': 'miter', 'text-anchor': 'start', 'font-size': '', 'font-family': '', opacity: '1' };

/**
 * @param {SVGSVGElement} picture on the page
 * @returns {string} SVG, which needs no stylesheet
 */
export function snapshotOf(picture) {
  const copy = /** @type {SVGSVGElement} */ (picture.cloneNode(true)), box = picture.viewBox.baseVal;
  const [shapes, copies] = [picture, copy].map((root) => [root, ...root.querySelectorAll('*')]);
  /** @type {Element[]} */
  const hidden = [];
  shapes.forEach((shape, at) => {
    const style = getComputedStyle(shape), target = copies[at];
    if (style.display === 'none') hidden.push(target);
    target.removeAttribute('class');
    target.removeAttribute('style');
    if (shape.localName === 'title') return;
    for (const [name, usual] of Object.entries(properties)) {
      const value = style.getPropertyValue(name);
      const said = (name === 'font-size' || name === 'font-family') && shape.localName !== 'text' ? '' : value;
      if (said && said !== usual) target.setAttribute(name, said);
    }
  });
  for (const element of hidden) element.remove();
  copy.setAttribute('xmlns', 'http://www.w3.org/2000/svg');
  const { width, height } = box.width ? box : picture.getBoundingClientRect();
  copy.setAttribute('width', String(Math.ceil(width)));
  copy.setAttribute('height', String(Math.ceil(height)));
  const ground = document.createElementNS('http://www.w3.org/2000/svg', 'rect');
  for (const [name, value] of Object.entries({ x: box.x, y: box.y, width, height, fill: groundOf(picture) })) ground.setAttribute(name, String(value));
  copy.prepend(ground);
  return new XMLSerializer().serializeToString(copy);
}

/** The colour behind it. @param {Element | null} element */
function groundOf(element) {
  for (; element; element = element.parentElement) {
    const { backgroundColor } = getComputedStyle(element);
    if (!/^(transparent|rgba\(.*, 0\))$/.test(backgroundColor)) return backgroundColor;
  }
  return 'white';
}
