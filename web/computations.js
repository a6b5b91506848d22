/** The computations of one run of a program: a program may compute as often as it likes, also several at a time. */
import { DONE, RELEASED, TraceModel, countedNoun } from 'heddle/trace';

/** So many are kept to be looked at, the newest ones, and not more tasks of them in all (but the newest is). */
const KEPT = 20, KEPT_TASKS = 2_000_000;

/** @param {TraceModel} model */
const doneOf = ({ counts, cursorMs, record }) => (cursorMs === null ? counts[DONE] + counts[RELEASED]
  : record.states.reduce((sum, state) => sum + Number(state === DONE || state === RELEASED), 0));

export class Computations {
  /** Those that have not ended, by their number. @type {Map<number, TraceModel>} */ #open = new Map();
  /** Tasks of those that have. */ #ended = { done: 0, total: 0 };
  #begun = 0;
  /** @type {{ number: number, model: TraceModel }[]} */ #kept = [];
  /** The one that took longest, of those that have ended. @type {TraceModel | undefined} */ longest;

  /** @param {any} message `begin` */
  begin(message) {
    const model = new TraceModel(message);
    this.#open.set(message.run, model);
    this.#kept.push({ number: ++this.#begun, model });
    const tasks = () => this.#kept.reduce((sum, { model: { count } }) => sum + count, 0);
    while (this.#kept.length > KEPT || (this.#kept.length > 1 && tasks() > KEPT_TASKS)) this.#kept.shift();
    return model;
  }

  /** @param {any} message `batch` or `end` */
  receive(message) {
    const model = this.#open.get(message.run);
    model?.receive(message);
    if (model && message.type === 'end') this.#end(message.run, model);
  }

  /** The program is gone. */
  close() {
    for (const model of this.#open.values()) model.close();
  }

  /** @param {number} run @param {TraceModel} model */
  #end(run, model) {
    this.#open.delete(run);
    this.#ended.total += model.count;
    this.#ended.done += doneOf(model);
    if (!this.longest || this.longest.atMs <= model.atMs) this.longest = model;
  }

  /** Tasks of all of them. */
  get progress() {
    let { done, total } = this.#ended;
    for (const model of this.#open.values()) {
      done += doneOf(model);
      total += model.count;
    }
    return { done, total };
  }

  /** Offers those that are kept, if there are several; a choice that was made stays. @param {HTMLSelectElement} menu @param {TraceModel | undefined} shown */
  offer(menu, shown) {
    const label = /** @type {HTMLElement} */ (menu.parentElement);
    label.hidden = this.#kept.length < 2 || !this.#kept.some(({ model }) => model === shown);
    if (label.hidden || menu.dataset.newest === String(this.#begun)) return;
    menu.dataset.newest = String(this.#begun);
    menu.replaceChildren(...this.#kept.map(({ number, model }) => new Option(`${number}: ${countedNoun(model.count, 'task')}`, String(number), false, model === shown)));
  }

  /** @param {string} number as `offer` wrote it */
  chosen(number) {
    return this.#kept.find((kept) => String(kept.number) === number)?.model;
  }

  /** @param {TraceModel | undefined} model */
  isNewest(model) {
    return !model || this.#kept.at(-1)?.model === model;
  }
}
