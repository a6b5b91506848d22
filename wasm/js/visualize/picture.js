/** What `visualize` gives: a drawn graph, as a text, as bytes, or as an element of a page. */
import { UnsupportedError } from '../errors.js';

const types = { svg: 'image/svg+xml', dot: 'text/vnd.graphviz', png: 'image/png' };

/** A picture of a graph. */
export class Picture {
  #drawn;
  #png;

  /**
   * @param {{ svg: () => string, dot: () => string, note: () => string | null }} drawn
   * @param {{ format: 'svg' | 'dot' | 'png', filename: string | null, png: Uint8Array<ArrayBuffer> | null }} made
   */
  constructor(drawn, { format, filename, png }) {
    this.#drawn = drawn;
    this.#png = png;
    /** @readonly */
    this.format = format;
    /** Its MIME type. @readonly */
    this.type = types[format];
    /** The file that was written, or null. @readonly */
    this.filename = filename;
  }

  /** As SVG, whatever its format: may be put into a page as it is. */
  get svg() {
    return this.#drawn.svg();
  }

  /** As DOT, Graphviz's language, whatever its format. */
  get dot() {
    return this.#drawn.dot();
  }

  /** What the SVG does not show, because there is too much of it, or null. */
  get note() {
    return this.#drawn.note();
  }

  /** What is in the file: a text, or the bytes of a PNG. @returns {string | Uint8Array<ArrayBuffer>} */
  get data() {
    return this.#png ?? (this.format === 'dot' ? this.dot : this.svg);
  }

  /** The same to be downloaded, or shown: `image.src = URL.createObjectURL(picture.blob())`. */
  blob() {
    return new Blob([this.data], { type: this.type });
  }

  /**
   * In a page, the SVG as an element: `document.body.append(picture.element())`.
   * @returns {SVGSVGElement}
   * @throws {UnsupportedError} where there is no document
   */
  element() {
    if (typeof document === 'undefined' || typeof DOMParser === 'undefined')
      throw new UnsupportedError('element() needs a page; here take picture.svg, which is a text.');
    const { documentElement } = new DOMParser().parseFromString(this.svg, 'image/svg+xml');
    return /** @type {any} */ (document.importNode(documentElement, true));
  }

  /** The text: DOT if that was asked for, otherwise SVG. */
  toString() {
    return this.format === 'dot' ? this.dot : this.svg;
  }

  [Symbol.for('nodejs.util.inspect.custom')]() {
    return `Picture(${this.filename ?? this.type})`;
  }
}
