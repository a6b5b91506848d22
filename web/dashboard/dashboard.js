/** The page that `dashboard: true` serves: what a script's computations do, while it runs; afterwards, what they did. */
import { countedNoun, timed } from 'heddle/trace';
import { Pace } from '../views/pace.js';
import { Connection } from './connection.js';
import { Runs } from './runs.js';
import { makeView } from './view.js';

/** @param {string} id */
const byId = (id) => /** @type {HTMLElement} */ (document.getElementById(id));
const status = byId('status'), chooser = /** @type {HTMLSelectElement} */ (byId('run')), follow = /** @type {HTMLInputElement} */ (byId('follow'));
const connection = new Connection(new URLSearchParams(location.search).get('token') ?? '');
const runs = new Runs(), view = makeView(byId('view'));
/** @type {import('heddle/trace').TraceModel | undefined} */
let shown;
let program = '';
/** What the chooser says of each run. @type {Map<number, HTMLOptionElement>} */
const choices = new Map();

const pace = new Pace(describe);

/** @param {'connecting' | 'live' | 'over' | 'refused'} state @param {string} text */
function say(state, text) {
  status.dataset.state = state;
  if (status.textContent !== text) status.textContent = text;
}

/** Names the runs, and the page by how far the shown one is. */
function describe() {
  for (const [run, model] of runs.models) {
    let choice = choices.get(run);
    if (!choice) {
      choice = new Option('', String(run));
      choices.set(run, choice);
      chooser.prepend(choice);
    }
    const text = `${run}: ${countedNoun(model.count, 'task')}, ${model.outcome === null ? 'running' : `${model.outcome} in ${timed(model.atMs)}`}`;
    if (choice.text !== text) choice.text = text;
  }
  for (const [run, choice] of choices) {
    if (runs.models.has(run)) continue;
    choice.remove();
    choices.delete(run);
  }
  if (shown) chooser.value = String(shown.run);
  document.title = `${program || 'Heddle'}${shown ? ` – ${shown.outcome ?? 'running'}` : ''}`;
}

/** @param {import('heddle/trace').TraceModel} model */
function show(model) {
  shown = model;
  byId('empty').hidden = true;
  byId('view').hidden = byId('runs').hidden = false;
  view.show(model);
  pace.hurry();
}

/** @param {any} message */
function receive(message) {
  if (message.type === 'hello') {
    program = String(message.program).slice(0, 200);
    byId('program').textContent = program;
    return;
  }
  const model = runs.receive(message);
  byId('refused').textContent = runs.refused ? `${runs.refused === 1 ? 'One run' : `${runs.refused} runs`} of this script cannot be shown whole.` : '';
  if (!model) return;
  if (message.type === 'begin' && (follow.checked || !shown)) show(model);
  else if (model === shown) view.show(model);
  if (message.type !== 'end') return pace.ask();
  if (model === shown) view.settle();
  pace.hurry();
}

chooser.addEventListener('change', () => {
  const model = runs.models.get(Number(chooser.value)), newest = [...runs.models.keys()].at(-1);
  follow.checked = Number(chooser.value) === newest;
  if (model) show(model);
});
follow.addEventListener('change', () => {
  const newest = [...runs.models.values()].at(-1);
  if (follow.checked && newest) show(newest);
});
byId('view').addEventListener('heddle-gate', (event) => void connection.ask(/** @type {CustomEvent} */ (event).detail));

try {
  for await (const message of connection.messages()) {
    if (status.dataset.state === 'connecting') say('live', 'Connected');
    receive(message);
  }
  say('over', 'The script has ended. This page keeps what it has.');
} catch (error) {
  say('refused', `No connection: ${/** @type {Error} */ (error).message}`);
}
runs.close();
view.letGo();
if (shown) view.show(shown);
view.settle();
pace.hurry();
