/**
 * `<heddle-event-line>`: what happens in a run, in one line that screen readers read out: begun, half done, failures, the
 * end. At a pace at which it can be listened to: what is overtaken by something newer is not said.
 *
 *     document.querySelector('heddle-event-line').show(model);
 */
import { html } from './elements.js';
import { GAP_MS, Teller } from './teller.js';

export class HeddleEventLine extends HTMLElement {
  #line = html('p', { class: 'hd-event-line', role: 'status', 'aria-live': 'polite' });
  #teller = new Teller();
  #timer = 0;

  connectedCallback() {
    if (!this.#line.isConnected) this.replaceChildren(this.#line);
  }

  disconnectedCallback() {
    clearTimeout(this.#timer);
  }

  /**
   * Says what is new, now or as soon as the sentence before has had its time. A `heddle-news` event that is prevented
   * leaves it to who has heard that.
   * @param {import('heddle/trace').TraceModel} model
   */
  show(model) {
    clearTimeout(this.#timer);
    if (model.cursorMs !== null) return; /* who looks at the past is told it by what they move */
    const text = this.#teller.next(model, performance.now());
    if (text && this.dispatchEvent(new CustomEvent('heddle-news', { bubbles: true, composed: true, cancelable: true, detail: { text } }))) this.#line.textContent = text;
    if (this.isConnected && !this.#teller.over) this.#timer = window.setTimeout(() => this.show(model), GAP_MS);
  }
}

customElements.define('heddle-event-line', HeddleEventLine);
