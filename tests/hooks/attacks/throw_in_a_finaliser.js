// attack: reentry: throws from the callback of a FinalizationRegistry, below which nothing of the hook stands
// expect: hook_threw
// debug: Error: from a finaliser
function onRequest() {
  const registry = new FinalizationRegistry(() => { throw new Error('from a finaliser'); });
  (() => { for (let i = 0; i < 10; i++) registry.register({}, i); })();
  let keep = [];
  let turns = 0;
  const timer = setInterval(() => {
    keep.push(new Array(2e5).fill(1.5));
    if (keep.length > 20) keep = [];
    if (++turns > 100) clearInterval(timer);
  }, 1);
}
