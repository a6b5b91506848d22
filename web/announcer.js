/** Says what happens in one live line, at most once a second, so that a screen reader can follow. */
export class Announcer {
  #element;
  #last = -Infinity;
  #pending = '';
  #timer = 0;

  /** @param {HTMLElement} element one with aria-live="polite" */
  constructor(element) {
    this.#element = element;
  }

  /**
   * Shows a sentence, now or when a second has passed since the last one. The newest wins.
   * @param {string} text
   * @param {boolean} [now] it is what was waited for, and does not wait
   */
  say(text, now = false) {
    this.#pending = text;
    if (now) {
      clearTimeout(this.#timer);
      return this.#show();
    }
    if (this.#timer) return;
    const wait = this.#last + 1000 - performance.now();
    if (wait <= 0) this.#show();
    else this.#timer = window.setTimeout(() => this.#show(), wait);
  }

  #show() {
    this.#timer = 0;
    this.#last = performance.now();
    this.#element.textContent = this.#pending;
  }
}
