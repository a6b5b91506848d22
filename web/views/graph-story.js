/** What is known of one task: a card beside the pointer, and a panel with its whole story for the task that is selected. */
import { counted, countedNoun, NOT_RUN, RELEASED, resultWords, DONE, RUNNING, storyOf, taskStates, timed, waitOf } from 'heddle/trace';
import { html } from './elements.js';
import { bytesWritten } from './graph-colour.js';
import { relativesLimit } from './graph-marks.js';

/** Why a task waited is found by looking at all tasks: of a larger run that still goes on it is told at its end. */
const slowCount = 50_000;
const keyLimit = 120;

/**
 * @param {import('heddle/trace').TraceModel} model
 * @param {number} task
 * @param {number} dependents how many take its result
 * @returns {[string, string][]}
 */
export function factsOf(model, task, dependents) {
  const state = model.stateOf(task), started = model.startMsOf(task) <= model.shownMs, { attempts, bytes } = model.record;
  /** @type {[string, string][]} */
  const facts = [['Name', model.nameOf(task)], ['State', stateWords(state)]];
  if (started) {
    facts.push(['Worker', model.scheduler === 'sync' ? 'serial' : String(model.rowOf(task))], ['Began at', timed(model.startMsOf(task))]);
    facts.push([state === RUNNING ? 'Runs for' : 'Took', timed(model.durationMsOf(task, model.nowMs()))]);
  }
  facts.push(['Inputs', counted(model.inputsOf(task).size)], ['Dependents', counted(dependents)]);
  if (bytes[task] > 0 && (state === DONE || state === RELEASED)) facts.push(['Result', bytesWritten(bytes[task])]);
  if (attempts[task] > 1 && started) facts.push(['Attempts', attempts[task] === 255 ? '255 or more' : counted(attempts[task])]);
  return facts.filter(([, value]) => value !== '');
}

/** @param {number} state */
function stateWords(state) {
  if (state === DONE) return `done, result ${resultWords.held}`;
  return state === RELEASED ? `done, result ${resultWords.freed}` : taskStates[state];
}

/** A key, not longer than can be read. @param {import('heddle/trace').TraceModel} model @param {number} task */
export function shortKey(model, task) {
  const key = model.keyOf(task);
  return key.length > keyLimit ? `${key.slice(0, keyLimit)}…` : key;
}

/** One line for those who hear the picture. @param {import('heddle/trace').TraceModel} model @param {number} task @param {number} dependents */
export function spokenOf(model, task, dependents) {
  const took = model.durationMsOf(task, model.nowMs());
  return `${shortKey(model, task)}: ${stateWords(model.stateOf(task))}${took >= 0 ? `, ${timed(took)}` : ''}; ${countedNoun(model.inputsOf(task).size, 'input')}, ${countedNoun(dependents, 'dependent')}.`;
}

/** @param {[string, string][]} facts */
function listOf(facts) {
  return html('dl', {}, ...facts.map(([word, value]) => html('div', {}, html('dt', {}, word), html('dd', {}, value))));
}

/** Beside the pointer, and never in its way. */
export class Card {
  root = html('div', { class: 'hd-card', 'aria-hidden': 'true' });

  constructor() {
    this.root.hidden = true;
  }

  hide() { this.root.hidden = true; }

  /** @param {string} title @param {[string, string][]} facts @param {{ x: number, y: number }} at in the frame @param {HTMLElement} frame */
  show(title, facts, { x, y }, frame) {
    this.root.replaceChildren(html('strong', {}, title), listOf(facts));
    this.root.hidden = false;
    const { offsetWidth: width, offsetHeight: height } = this.root;
    this.root.style.left = `${Math.max(4, Math.min(x + 14, frame.clientWidth - width - 4))}px`;
    this.root.style.top = `${Math.max(4, y + 18 + height < frame.clientHeight ? y + 18 : y - height - 12)}px`;
  }
}

/** Beyond the limit nobody has counted them. @param {number} count */
const relatives = (count) => (count < relativesLimit ? countedNoun(count, 'task') : `${counted(relativesLimit)} tasks or more; the nearest are stressed`);

/** Below the picture. */
export class Story {
  #title = html('p', { class: 'hd-title' });
  #button = html('button', { type: 'button', class: 'hd-close', 'aria-label': 'Deselect the task', title: 'Deselect (Escape)' }, '×');
  #facts = html('div');
  #wait = html('p');
  #list = html('ol');
  #chapters = html('details', { class: 'hd-chapters' }, html('summary', {}, 'Its story'), this.#list);
  root = html('section', { class: 'hd-story', 'aria-label': 'Selected task' }, this.#title, this.#button, this.#facts, this.#wait, this.#chapters);
  #shown = '';

  /** @param {() => void} close */
  constructor(close) {
    this.root.hidden = true;
    this.#button.addEventListener('click', close);
  }

  /**
   * @param {import('heddle/trace').TraceModel} model
   * @param {number | null} task
   * @param {{ dependents: number, marks: import('./graph-marks.js').Marks | null }} known
   */
  show(model, task, { dependents, marks }) {
    this.root.hidden = task === null;
    if (task === null) return void (this.#shown = '');
    /* Of a large graph it is told anew only when the task itself is in another state. */
    const now = `${model.run}/${task}/${model.stateOf(task)}/${model.outcome}/${marks?.ancestors}/${model.count > slowCount ? '' : model.version}`;
    if (now === this.#shown) return;
    this.#shown = now;
    const facts = factsOf(model, task, dependents);
    if (marks) facts.push(['Needs in all', relatives(marks.ancestors)], ['Needed by', relatives(marks.descendants)]);
    this.#title.textContent = shortKey(model, task);
    this.#facts.replaceChildren(listOf(facts));
    if (model.count <= slowCount) return this.#tell(model, task);
    this.#chapters.hidden = true;
    this.#wait.textContent = model.outcome === null ? 'Why it waited is told when the run has ended.' : '…';
    if (model.outcome !== null) setTimeout(() => void (this.#shown === now && this.#tell(model, task)), 30);
  }

  /** @param {import('heddle/trace').TraceModel} model @param {number} task */
  #tell(model, task) {
    this.#wait.textContent = waitOf(model, task).sentence;
    this.#chapters.hidden = model.graph.groups?.[task] === NOT_RUN;
    this.#list.replaceChildren(...storyOf(model, task).map(({ atMs, text }) => html('li', {}, html('span', { class: 'hd-number' }, timed(atMs)), ` ${text}`)));
  }
}
