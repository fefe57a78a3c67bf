// attack: reentry: fails from toJSON while the success is serialised
// expect: completed
// body: {"first":1}
function onRequest(request, response) {
  response.body = { toJSON() { response.error('forged'); complete('forged'); return { first: 1 }; } };
  response.complete();
}
