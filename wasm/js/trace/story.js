/** What happened to one task, in order: Dask's `story(key)`. */
import { countedNoun, timed } from './quantities.js';
import { CANCELLED, DECODE, DONE, ENCODE, ERRED, RELEASED, SLEEP, eventKinds } from './states.js';
import { waitOf } from './waits.js';

/** @typedef {{ atMs: number, text: string }} Chapter `atMs` since the run began */

/**
 * @param {import('./model.js').TraceModel} model
 * @param {number} task
 * @returns {Chapter[]} up to the moment shown
 */
export function storyOf(model, task) {
  const { record: { startMs, states, bytes }, times: { readyMs, endMs, releasedMs, tries } } = model;
  /** @type {Chapter[]} */
  const story = [];
  const tell = (/** @type {number} */ atMs, /** @type {string} */ text) => void (atMs <= model.shownMs && story.push({ atMs, text }));
  const inputs = model.inputsOf(task).size, state = states[task];
  tell(0, inputs ? `waits for ${countedNoun(inputs, 'input')}` : 'needs no input');
  if (readyMs[task] > 0) tell(readyMs[task], 'is ready: its inputs are there');
  const began = tries.get(task)?.[0].startMs ?? startMs[task];
  const { parts, sentence } = waitOf(model, task);
  if (parts.some(({ why }) => why !== 'inputs')) tell(Math.min(began >= 0 ? began : Infinity, model.shownMs), sentence);
  (tries.get(task) ?? []).forEach(({ startMs: start, endMs: end, lost, again }, at) => {
    tell(start, `attempt ${at + 1} begins`);
    tell(end, lost ? `attempt ${at + 1} is lost with its worker` : again ? `attempt ${at + 1} is done, but a later task of its chain fails, and all of it begins again` : `attempt ${at + 1} fails after ${timed(end - start)}, and is tried again`);
  });
  if (startMs[task] >= 0) tell(startMs[task], `${tries.has(task) ? 'the last attempt begins' : 'begins'} on worker ${model.rowOf(task)}`);
  for (const text of eventsOf(model, task)) story.push(text);
  const took = timed(model.record.elapsedMs[task]);
  if (state === DONE || state === RELEASED) tell(endMs[task], `is done after ${took}${bytes[task] ? `; its result has ${countedNoun(bytes[task], 'byte')}` : ''}`);
  else if (state === ERRED) tell(endMs[task], `fails after ${took}`);
  else if (state === CANCELLED) tell(endMs[task], startMs[task] >= 0 ? 'is cancelled while it runs' : 'is cancelled before it began');
  if (state === RELEASED) tell(releasedMs[task], 'its result is released: its last reader has ended');
  return story.sort((a, b) => a.atMs - b.atMs);
}

/** @param {import('./model.js').TraceModel} model @param {number} task */
function eventsOf(model, task) {
  const { events } = model, story = [];
  for (let at = 0; at < events.kind.length; at++) {
    const kind = events.kind[at];
    if (events.task[at] !== task || ![DECODE, ENCODE, SLEEP].includes(kind)) continue;
    const what = { decode: 'its arguments are made from bytes', encode: 'its result is made into bytes', sleep: 'sleeps' }[/** @type {'decode'} */ (eventKinds[kind])];
    if (events.startMs[at] <= model.shownMs) story.push({ atMs: events.startMs[at], text: `${what}, for ${timed(events.elapsedMs[at])}` });
  }
  return story;
}
