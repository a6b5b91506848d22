// Diagnostics, named as Dask's: progress in the terminal (on the standard error), when each task ran, and
// where the time went. `config.dashboard = true` shows the same live, in a page on this machine.
import { delayed } from 'heddle';
import { Callback, ProgressBar, Profiler, Recorder, story, summary } from 'heddle/diagnostics';

const load = delayed(function load(part) {
  sleep(0.1 * part); // the last one takes longest
  return part;
});
const total = delayed(function total(...parts) {
  return parts.reduce((sum, part) => sum + part, 0);
});
const parts = [load(1), load(2), load(3)];
const z = total(...parts);

const profiler = new Profiler().register(), recorder = new Recorder().register();
const order = [];
const ends = new Callback({ posttask: (key, { name }) => order.push(name) }).register();
const bar = new ProgressBar({ minimum: 5 }); // shows nothing of what takes less than 5 s
console.log(await bar.watch(() => z.compute({ workers: 3 })));
for (const diagnostic of [profiler, recorder, ends]) diagnostic.unregister();

console.log(order.join(' '));
console.log(profiler.results.every(({ startMs, endMs }) => startMs <= endMs));
console.log(profiler.visualize().startsWith('<svg')); // or { filename: 'profile.svg' }
console.log(story(z.key)[0].text);
console.log(summary(recorder.last).split('\n')[0].replace(/ in .*:/, ':')); // and, below, a table
