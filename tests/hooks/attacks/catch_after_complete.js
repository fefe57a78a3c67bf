// attack: reentry: catches its own end and loops
// expect: completed
// body: {"first":1}
function onRequest(request, response) {
  response.body = { first: 1 };
  for (;;) { try { response.complete(); } catch { response.error('forged'); } }
}
