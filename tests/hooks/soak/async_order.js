// The order of microtasks, timers and async functions.
const log = [];
const note = (text) => { log.push(text); };
async function chain(name, n) {
  for (let i = 0; i < n; i++) { note(name + i); await null; }
  return name;
}
async function* ticks(n) { for (let i = 0; i < n; i++) { await null; yield i; } }
(async () => {
  setTimeout(note, 0, 'timer 1');
  queueMicrotask(() => note('micro'));
  const both = Promise.all([chain('a', 3), chain('b', 4)]);
  setImmediate(() => note('immediate'));
  note('sync');
  note('all ' + (await both));
  for await (const i of ticks(3)) note('tick ' + i);
  const settled = await Promise.allSettled([Promise.reject(new Error('no')), 1, { then: (ok) => ok('thenable') }]);
  note(settled.map((s) => s.status + ':' + (s.value ?? s.reason.message)).join());
  await new Promise((resolve) => setTimeout(resolve, 1));
  note(await Promise.any([Promise.reject(1), Promise.resolve('any')]));
  let hot = 0;
  for (let i = 0; i < 800; i++) hot += await i;
  note('hot ' + hot);
  complete(null, log);
})();
