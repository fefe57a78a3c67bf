// attack: reentry: completes from the callback of a FinalizationRegistry
// expect: completed
// body: {"first":true}
function onRequest(request, response) {
  const registry = new FinalizationRegistry(() => { response.body = { first: true }; response.complete(); response.error('forged'); });
  (() => { for (let i = 0; i < 10; i++) registry.register({}, i); })();
  let keep = [];
  let turns = 0;
  const timer = setInterval(() => {
    keep.push(new Array(2e5).fill(1.5));
    if (keep.length > 20) keep = [];
    if (++turns > 500) clearInterval(timer);
  }, 1);
}
