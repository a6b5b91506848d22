/** The playground: joins the menu, the editor, the runner, the views and the results. */
import { Runner } from './runner/runner.js';
import './views/index.js';
import { Announcer } from './announcer.js';
import { Computations } from './computations.js';
import { createEditor } from './editor.js';
import { programs } from './programs.js';
import { Run, RunColumn, compare, count, duration, whereOf } from './results.js';
import { Traces } from './traces.js';

/** @typedef {import('./results.js').Scheduler} Scheduler @typedef {import('heddle/trace').TraceModel} TraceModel */

const modeNames = { sync: 'Serial', threads: 'Parallel' };

/** @param {string} id */
const byId = (id) => /** @type {HTMLElement} */ (document.getElementById(id));

class Playground {
  #menu = /** @type {HTMLSelectElement} */ (byId('menu'));
  #workers = /** @type {HTMLInputElement} */ (byId('workers'));
  #computation = /** @type {HTMLSelectElement} */ (byId('computation'));
  #held = /** @type {HTMLInputElement} */ (byId('held'));
  #bar = /** @type {HTMLProgressElement} */ (byId('progress-bar'));
  #buttons = { sync: byId('serial'), threads: byId('parallel'), stop: byId('stop'), reset: /** @type {HTMLButtonElement} */ (byId('reset')) };
  #view = /** @type {import('./views/run.js').HeddleRun} */ (byId('view'));
  #announcer = new Announcer(byId('news'));
  #runner = new Runner({ onMessage: (/** @type {any} */ message) => this.#receive(message) });
  #whySerial = Runner.whySerial();
  #columns;
  #editor;
  /** The edited texts, by program. @type {Map<string, string>} */
  #edits = new Map();
  #program = programs.find(({ id }) => `#${id}` === location.hash) ?? programs[0];
  /** @type {Run | undefined} the one that is running */
  #run;
  /** @type {TraceModel | undefined} that is shown: of the newest graph, or of a file */
  #model;
  /** What its files are called. */
  #modelName = 'run';
  #traces;
  /** The longest computation of the last run of each mode, with the program's text. @type {Map<Scheduler, { model: TraceModel, text: string }>} */
  #compared = new Map();
  #computations = new Computations();
  #modelChanged = false;
  #frame = 0;
  #clock = 0;

  constructor() {
    const showLine = (/** @type {number} */ line, /** @type {Run} */ run) => this.#showLine(line, run);
    this.#columns = { sync: new RunColumn(byId('run-serial'), showLine), threads: new RunColumn(byId('run-parallel'), showLine) };
    this.#editor = createEditor(byId('editor'), {
      text: this.#program.text,
      onChange: (text) => this.#edited(text),
      onRun: (scheduler) => this.#start(scheduler),
    });
    this.#traces = new Traces({ open: byId('open-trace'), input: /** @type {HTMLInputElement} */ (byId('trace-file')), save: byId('save-trace'), chrome: byId('save-chrome'),
      picture: byId('save-picture'), error: byId('trace-error'), target: /** @type {HTMLElement} */ (document.querySelector('.watch')) },
    { model: () => this.#model, name: () => this.#modelName, say: (text) => this.#announcer.say(text), onOpen: (model, name) => this.#showTrace(model, name) });
    this.#view.addEventListener('heddle-news', (event) => this.#tellNews(/** @type {CustomEvent} */ (event)));
    this.#view.addEventListener('heddle-gate', (event) => this.#turnGate(/** @type {CustomEvent} */ (event)));
    this.#computation.addEventListener('change', () => this.#choose());
    this.#held.addEventListener('change', () => this.#view.hold(this.#held.checked));
    document.addEventListener('keydown', (event) => this.#stepBy(event));
    this.#fillMenu();
    this.#showPlatform();
    this.#buttons.sync.addEventListener('click', () => this.#start('sync'));
    this.#buttons.threads.addEventListener('click', () => this.#start('threads'));
    this.#buttons.stop.addEventListener('click', () => this.#run && this.#runner.stop());
    this.#buttons.reset.addEventListener('click', () => this.#reset());
    this.#workers.addEventListener('change', () => (this.#workers.value = String(this.#workerCount())));
    window.addEventListener('hashchange', () => this.#open(location.hash.slice(1)));
    this.#updateButtons();
    this.#runner.prepare();
  }

  // Programs and the editor

  #fillMenu() {
    for (const group of new Set(programs.map((program) => program.group))) {
      const options = document.createElement('optgroup');
      options.label = group;
      for (const { id, title } of programs.filter((program) => program.group === group)) options.append(new Option(title, id));
      this.#menu.append(options);
    }
    this.#menu.value = this.#program.id;
    this.#menu.disabled = false;
    this.#menu.addEventListener('change', () => {
      history.replaceState(null, '', `#${this.#menu.value}`);
      this.#open(this.#menu.value);
    });
  }

  /** @param {string} id */
  #open(id) {
    const program = programs.find((candidate) => candidate.id === id);
    if (!program || program === this.#program) return;
    this.#program = program;
    this.#menu.value = id;
    this.#editor.setText(this.#edits.get(id) ?? program.text);
  }

  /** @param {string} text */
  #edited(text) {
    const { id, text: original } = this.#program;
    if (text === original) this.#edits.delete(id);
    else this.#edits.set(id, text);
    this.#updateButtons();
  }

  #reset() {
    this.#editor.setText(this.#program.text, { undoable: true });
    this.#editor.clearErrors();
    this.#editor.focus(); // Reset is disabled now
    this.#announcer.say('The program is as it was. Undo brings your text back.');
  }

  /**
   * @param {number} line
   * @param {Run} run
   */
  #showLine(line, run) {
    this.#open(run.program);
    if (this.#editor.text() !== run.text) this.#announcer.say('The program has been edited since, so the line may be another one.');
    this.#editor.focus(line);
  }

  // Runs

  #showPlatform() {
    const processors = count(navigator.hardwareConcurrency || 1, 'processor');
    const platform = byId('platform');
    platform.dataset.state = this.#whySerial ? 'serial' : 'threads';
    platform.textContent = this.#whySerial
      ? `${processors}, but programs run on one thread, one task after another, because ${this.#whySerial}.`
      : `${processors}; threads available`;
    this.#workers.value = String(Math.max(2, Math.min(navigator.hardwareConcurrency || 1, 8)));
    this.#workers.disabled = Boolean(this.#whySerial);
    for (const button of [this.#buttons.sync, this.#buttons.threads, this.#buttons.stop]) button.removeAttribute('disabled');
    if (this.#whySerial) this.#buttons.threads.setAttribute('aria-describedby', 'platform');
  }

  #workerCount() {
    const { valueAsNumber } = this.#workers;
    return Number.isFinite(valueAsNumber) ? Math.min(Math.max(Math.round(valueAsNumber), 1), 16) : 2;
  }

  /** Buttons that cannot be pressed now keep their focus, so they are aria-disabled. */
  #updateButtons() {
    const running = Boolean(this.#run);
    this.#buttons.sync.setAttribute('aria-disabled', String(running));
    this.#buttons.threads.setAttribute('aria-disabled', String(running || Boolean(this.#whySerial)));
    this.#buttons.stop.setAttribute('aria-disabled', String(!running));
    this.#buttons.reset.disabled = !this.#edits.has(this.#program.id);
  }

  /** @param {Scheduler} scheduler */
  #start(scheduler) {
    if (this.#run) return this.#announcer.say('A program is running. Stop it first.');
    if (scheduler === 'threads' && this.#whySerial) return this.#announcer.say('This page has no threads: run it with Serial.');
    const workers = scheduler === 'sync' ? 1 : this.#workerCount();
    const text = this.#editor.text();
    this.#editor.clearErrors();
    this.#run = new Run({ scheduler, workers, program: this.#program.id, text });
    this.#columns[scheduler].begin(this.#run);
    this.#bar.value = 0;
    byId('progress').dataset.state = 'idle';
    this.#view.dataset.state = 'past';
    this.#model = undefined;
    this.#compared.delete(scheduler);
    this.#traces.update();
    this.#computations = new Computations();
    byId('comparison').textContent = '';
    byId('compared').hidden = true;
    this.#clock = window.setInterval(() => this.#draw(), 100);
    this.#updateButtons();
    this.#announcer.say(`${modeNames[scheduler]} run started`);
    this.#runner.run(text, { scheduler, workers });
  }

  /** @param {any} message of the runner */
  #receive(message) {
    const run = this.#run;
    if (!run) return;
    if (message.type === 'begin') this.#begin(run, message);
    else if (message.type === 'batch' || message.type === 'end') this.#computations.receive(message);
    else if (message.type === 'print') run.print(message);
    else if (message.type === 'finished') run.finish(message);
    else if (message.type === 'stopped') run.stop();
    if (run.state !== 'running') {
      this.#computations.close();
      if (this.#model) this.#view.settle();
    }
    this.#modelChanged ||= message.type !== 'print';
    if (run.state !== 'running') this.#over(run);
    this.#draw();
  }

  /**
   * @param {Run} run
   * @param {any} message
   */
  #begin(run, message) {
    const follows = this.#computations.isNewest(this.#model), model = this.#computations.begin(message), total = model.count;
    if (follows || !this.#model) this.#model = model; /* who looks at one before goes on looking */
    run.tasks += total;
    run.where = whereOf(message.scheduler, message.workers); /* the program may have chosen otherwise */
    this.#modelName = `${run.program}-${modeNames[run.scheduler].toLowerCase()}`;
    this.#traces.update();
    this.#showView();
    const where = message.scheduler === 'sync' ? 'one after another' : `on ${run.where}`;
    this.#announcer.say(`${modeNames[run.scheduler]} run started: ${count(total, 'task')} ${where}`);
  }

  #showView() {
    const wasHidden = this.#view.hidden;
    this.#view.dataset.state = 'now';
    byId('picture').hidden = true;
    this.#view.hidden = false;
    /* On a phone the graph is below the editor. */
    const calm = matchMedia('(prefers-reduced-motion: reduce)').matches;
    if (wasHidden || matchMedia('(max-width: 999px)').matches) this.#view.scrollIntoView({ block: 'nearest', behavior: calm ? 'instant' : 'smooth' });
  }

  /** A run from a file. @param {TraceModel} model @param {string} name */
  #showTrace(model, name) {
    this.#model = model;
    this.#computations.offer(this.#computation, model); /* it is none of them */
    this.#modelName = name.replace(/\.heddle$/, '');
    this.#traces.update();
    this.#showView();
    this.#view.show(model);
    this.#view.settle();
    this.#announcer.say(`${name}: ${model.sentence}`);
  }

  /** The line of news says it; how a run of a program ends it says itself. @param {CustomEvent} event */
  #tellNews(event) {
    event.preventDefault();
    if (this.#run && !/^Begun/.test(event.detail.text)) this.#announcer.say(event.detail.text);
  }

  /** Of the run that goes on, and of the next ones. @param {CustomEvent} event */
  #turnGate({ detail: { how, count: tasks } }) {
    this.#runner.gate(how, tasks);
    this.#held.checked = how === 'pause' || how === 'step';
  }

  /** While a run goes step by step n starts a task, wherever nothing is typed. @param {KeyboardEvent} event */
  #stepBy(event) {
    if (event.key !== 'n' || event.defaultPrevented || event.ctrlKey || event.altKey || event.metaKey || !this.#run || !this.#held.checked) return;
    if (!(event.target instanceof Element && event.target.closest('.editor, select, input:not([type="checkbox"])'))) this.#view.step();
  }

  /** Both modes on one axis, if they ran the same program. */
  #compareRuns() {
    const [serial, parallel] = [this.#compared.get('sync'), this.#compared.get('threads')], place = byId('compared');
    if (!serial || !parallel || serial.text !== parallel.text) return;
    const view = /** @type {import('./views/compare.js').HeddleCompare} */ (place.firstElementChild ?? place.appendChild(document.createElement('heddle-compare')));
    place.hidden = false;
    view.labels = [modeNames.sync, modeNames.threads];
    view.show([serial.model, parallel.model]);
  }

  /** Another computation of the program. */
  #choose() {
    this.#model = this.#computations.chosen(this.#computation.value) ?? this.#model;
    this.#modelChanged = true;
    this.#draw();
  }

  /** @param {Run} run */
  #over(run) {
    this.#run = undefined;
    const { longest } = this.#computations;
    if (longest) this.#compared.set(run.scheduler, { model: longest, text: run.text });
    window.clearInterval(this.#clock);
    this.#updateButtons();
    const { error } = run;
    if (error?.line !== undefined && this.#editor.text() === run.text) {
      this.#editor.showError(error.line, error.column, `${error.name}: ${error.message}`);
    }
    const took = duration(run.elapsed);
    const mode = modeNames[run.scheduler];
    if (run.state === 'done') this.#announcer.say(`${mode} run done in ${took}`, true);
    else if (run.state === 'stopped') this.#announcer.say(`${mode} run stopped after ${took}`, true);
    else this.#announcer.say(`${mode} run failed after ${took}: ${error?.name}`, true);
    byId('comparison').textContent = compare(this.#columns.sync.run, this.#columns.threads.run);
    if (byId('comparison').textContent) this.#compareRuns();
  }

  /** Draws what has changed, in the next frame. */
  #draw() {
    this.#frame ||= requestAnimationFrame(() => {
      this.#frame = 0;
      for (const column of Object.values(this.#columns)) column.render();
      if (!this.#model || !this.#modelChanged) return;
      this.#modelChanged = false;
      this.#view.show(this.#model);
      this.#computations.offer(this.#computation, this.#model);
      this.#showProgress();
    });
  }

  /** Of all computations of this run. */
  #showProgress() {
    const { done, total } = this.#computations.progress;
    byId('progress').dataset.state = 'shown';
    this.#bar.max = Math.max(total, 1);
    this.#bar.value = done;
    byId('progress-text').textContent = `${done.toLocaleString('en')} of ${count(total, 'task')} done`;
  }
}

new Playground();
