/**
 * What slows a run itself: pause, one task more, so many a second. Says what is wanted by `heddle-gate` events with
 * `detail: { how: 'pause' | 'resume' | 'step' | 'rate', count }`, `count` the tasks of a step, or a second; who owns the
 * run passes them on to its gate (`step` also holds the run, as `Gate` does).
 */
import { counted, READY, RUNNING } from 'heddle/trace';
import { html, write } from './elements.js';

/** Tasks a second; Infinity: as fast as it can. */
const rates = [Infinity, 20, 5, 2, 1, 0.5];

/** @param {number} rate */
const rateSays = (rate) => (rate === Infinity ? 'at full speed' : rate < 1 ? `a task every ${1 / rate} s` : `${rate} ${rate === 1 ? 'task' : 'tasks'} a second`);

export class GateControls {
  #hold = html('button', { type: 'button', 'aria-pressed': 'false', title: 'No further task starts; those that run come to their end' }, 'Hold the run');
  #step = html('button', { type: 'button', title: 'Holds the run, and lets one task start (n)', 'aria-keyshortcuts': 'n' }, 'Start one task');
  #rate = html('select', { 'aria-label': 'Pace of the run' }, ...rates.map((rate) => html('option', { value: rate }, rateSays(rate))));
  #says = html('span', { class: 'hd-mode' });
  root = html('div', { class: 'hd-buttons hd-gate', role: 'group', 'aria-label': 'The run itself' }, html('span', { class: 'hd-mode', 'aria-hidden': 'true' }, 'The run itself:'), this.#hold, this.#step, this.#rate, this.#says);
  #held = false;

  constructor() {
    this.#hold.addEventListener('click', () => this.hold(!this.#held));
    this.#step.addEventListener('click', () => this.step());
    this.#rate.addEventListener('change', () => this.#open());
  }

  /** Holds the run, or lets it go. @param {boolean} held */
  hold(held) {
    if (held === this.#held) return;
    if (held) this.#shut();
    else this.#open();
  }

  /** Holds the run and starts one task. */
  step() {
    this.#press(true);
    this.#tell('step', 1);
  }

  /** @param {import('heddle/trace').TraceModel} model */
  show({ outcome, counts, cursorMs }) {
    const waits = counts[READY], runs = counts[RUNNING];
    write(this.#says, !this.#held ? '' : outcome !== null ? 'the next run will be held' : cursorMs !== null ? 'held' : `held: ${counted(runs)} running, ${counted(waits)} could start`);
  }

  #shut() {
    this.#press(true);
    this.#tell('pause', 0);
  }

  /** Goes on, as fast as the menu says. */
  #open() {
    const rate = Number(this.#rate.value);
    this.#press(false);
    if (rate === Infinity) this.#tell('resume', 0);
    else this.#tell('rate', rate);
  }

  /** @param {boolean} held */
  #press(held) {
    this.#held = held;
    this.#hold.setAttribute('aria-pressed', String(held));
  }

  /** @param {'pause' | 'resume' | 'step' | 'rate'} how @param {number} count */
  #tell(how, count) {
    this.root.dispatchEvent(new CustomEvent('heddle-gate', { bubbles: true, composed: true, detail: { how, count } }));
  }
}
