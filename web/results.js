/** What runs gave: one record a run, one column a mode, and the sentence that compares two. */

/** @typedef {'sync' | 'threads'} Scheduler */
/** What was printed: by a task, if it has a worker; `name` is its function's. @typedef {{ level: string, text: string, worker?: number, name?: string }} Printed */
/**
 * @typedef {object} RunError
 * @property {string} name
 * @property {string} message
 * @property {number} [line]
 * @property {number} [column]
 * @property {{ key: string, name: string, worker?: number }} [task]
 */

/** Printed lines that are kept, and characters of each. */
const linesKept = 500;
const lineLength = 2000;

/** One run of a program, as far as it has come. */
export class Run {
  /** @type {'running' | 'done' | 'failed' | 'stopped'} */
  state = 'running';
  tasks = 0;
  /** @type {Printed[]} the newest ones */
  printed = [];
  printedCount = 0;
  /** @type {number | undefined} wall time, once over */
  ms;
  /** @type {string | undefined} */
  result;
  /** @type {RunError | undefined} */
  error;
  #start = performance.now();

  /** @param {{ scheduler: Scheduler, workers: number, program: string, text: string }} what */
  constructor({ scheduler, workers, program, text }) {
    this.scheduler = scheduler;
    this.where = whereOf(scheduler, workers);
    this.program = program;
    this.text = text;
  }

  get elapsed() {
    return this.ms ?? performance.now() - this.#start;
  }

  /** @param {{ lines: Printed[], skipped: number }} message */
  print({ lines, skipped }) {
    for (const { level, text, worker, name } of lines) {
      const cut = text.length > lineLength ? `${text.slice(0, lineLength)} … (${text.length - lineLength} more characters)` : text;
      this.printed.push({ level, text: cut, worker, name });
    }
    this.printedCount += lines.length + skipped;
    if (this.printed.length > 2 * linesKept) this.printed.splice(0, this.printed.length - linesKept);
  }

  /** @param {{ ms: number, result?: string, error?: RunError }} message */
  finish({ ms, result, error }) {
    this.state = error ? 'failed' : 'done';
    this.ms = ms;
    this.result = result;
    this.error = error;
  }

  stop() {
    this.ms = performance.now() - this.#start;
    this.state = 'stopped';
  }
}

/** On what a computation runs. @param {Scheduler} scheduler @param {number} workers */
export function whereOf(scheduler, workers) {
  return scheduler === 'sync' ? '1 thread' : count(workers, 'worker');
}

/** The column of one mode: shows its last run. */
export class RunColumn {
  #element;
  #title;
  #onLine;
  /** @type {Run | undefined} */
  #run;
  #drawn = 0;
  #over = false;
  #parts = { mode: make('span'), result: make('dd', 'result'), time: make('dd'), tasks: make('dd'), list: make('ul'), note: make('h4'), printed: make('div', 'printed') };

  /**
   * @param {HTMLElement} element
   * @param {(line: number, run: Run) => void} onLine the reader wants to see this line of the program
   */
  constructor(element, onLine) {
    this.#element = element;
    this.#title = /** @type {HTMLElement} */ (element.querySelector('h3'));
    this.#onLine = onLine;
  }

  get run() {
    return this.#run;
  }

  /** @param {Run} run takes the place of the run before */
  begin(run) {
    this.#run = run;
    this.#drawn = 0;
    this.#over = false;
    const { mode, result, time, tasks, list, note, printed } = this.#parts;
    const [name] = this.#title.childNodes;
    this.#title.replaceChildren(name, mode);
    const facts = make('dl', 'facts');
    facts.append(fact('Result', result), fact('Wall time', time), fact('Tasks', tasks));
    list.replaceChildren();
    list.tabIndex = 0;
    list.setAttribute('aria-label', `Printed by the ${name.textContent} run`);
    printed.replaceChildren(note, list);
    printed.hidden = true;
    this.#element.replaceChildren(this.#title, facts, printed);
    this.render();
  }

  /** Draws what is new; at most once a frame. */
  render() {
    const run = this.#run;
    if (!run || this.#over) return;
    const { mode, result, time, tasks } = this.#parts;
    mode.textContent = run.where;
    this.#element.dataset.state = run.state;
    this.#over = run.state !== 'running';
    result.textContent = { running: 'running …', stopped: 'stopped', failed: 'failed', done: run.result ?? 'undefined' }[run.state];
    // Results that scroll are reached by keyboard.
    if (run.state === 'done') result.tabIndex = result.scrollHeight > result.clientHeight ? 0 : -1;
    else result.removeAttribute('tabindex');
    time.textContent = duration(run.elapsed);
    tasks.textContent = run.tasks.toLocaleString('en');
    this.#renderPrinted(run);
    if (run.error) this.#element.append(this.#failure(run, run.error));
  }

  /** @param {Run} run */
  #renderPrinted(run) {
    if (this.#drawn === run.printedCount) return;
    const { list, note, printed } = this.#parts;
    const atEnd = list.scrollHeight - list.scrollTop - list.clientHeight < 8;
    for (const line of run.printed.slice(-Math.min(run.printedCount - this.#drawn, linesKept))) {
      const item = make('li');
      item.dataset.level = line.level;
      const sign = [line.level === 'log' ? '' : line.level, line.worker === undefined ? '' : `worker ${line.worker}`, line.name].filter(Boolean).join(', ');
      if (sign) item.append(make('b', '', `${sign}: `));
      item.append(line.text);
      list.append(item);
    }
    while (list.childElementCount > linesKept) list.firstElementChild?.remove();
    this.#drawn = run.printedCount;
    const hidden = run.printedCount - list.childElementCount;
    note.textContent = hidden ? `Printed: the last ${linesKept} of ${run.printedCount.toLocaleString('en')} lines` : 'Printed';
    printed.hidden = false;
    if (atEnd) list.scrollTop = list.scrollHeight;
  }

  /**
   * @param {Run} run
   * @param {RunError} error
   */
  #failure(run, error) {
    const { task, line } = error;
    const box = make('div', 'failure');
    const what = make('p');
    what.append(make('strong', '', error.name), `: ${error.message}`);
    box.append(what);
    const inTask = task && `task ${task.name} (${task.key})${task.worker === undefined ? '' : ` on worker ${task.worker}`}`;
    if (inTask) box.append(make('p', '', `In ${inTask}.`));
    if (line !== undefined) {
      const show = make('button', '', `Show line ${line}`);
      show.setAttribute('type', 'button');
      show.addEventListener('click', () => this.#onLine(line, run));
      box.append(show);
    }
    return box;
  }
}

/**
 * What two finished runs of one program say about each other; '' when there is nothing to compare.
 * @param {Run | undefined} serial
 * @param {Run | undefined} parallel
 */
export function compare(serial, parallel) {
  if (serial?.state !== 'done' || parallel?.state !== 'done') return '';
  if (serial.text !== parallel.text) return 'These are runs of different programs, so their times are not compared.';
  const [before, after] = [Math.max(serial.elapsed, 0.01), Math.max(parallel.elapsed, 0.01)];
  const times = (/** @type {number} */ ratio) => (ratio < 10 ? ratio.toFixed(1) : Math.round(ratio).toLocaleString('en'));
  const took = `Parallel took ${duration(after)} for the whole program instead of ${duration(before)}`; /* pictures time computations alone */
  if (before / after >= 1.05) return `${took}: ${times(before / after)} times as fast.`;
  if (after / before >= 1.05) return `${took}: ${times(after / before)} times as long. Handing tasks to threads cost more than it saved.`;
  return `${took}: about the same.`;
}

/** @param {number} ms */
export function duration(ms) {
  if (ms < 100) return `${ms < 10 ? ms.toFixed(1) : Math.round(ms)} ms`;
  return `${(ms / 1000).toFixed(ms < 1000 ? 2 : 1)} s`;
}

/**
 * @param {number} number
 * @param {string} noun
 */
export function count(number, noun) {
  return `${number.toLocaleString('en')} ${noun}${number === 1 ? '' : 's'}`;
}

/**
 * @param {string} tag
 * @param {string} [className]
 * @param {string} [text]
 */
function make(tag, className = '', text = '') {
  const element = document.createElement(tag);
  if (className) element.className = className;
  if (text) element.textContent = text;
  return element;
}

/**
 * @param {string} term
 * @param {HTMLElement} value
 */
function fact(term, value) {
  const group = make('div');
  group.append(make('dt', '', term), value);
  return group;
}
