// attack: reentry: tries to survive its end with finally and generators
// expect: completed
// body: {"first":1}
function onRequest(request, response) {
  function* never() { try { yield 1; } finally { for (;;) response.error('forged'); } }
  for (const step of never()) { response.body = { first: step }; response.complete(); return; }
}
