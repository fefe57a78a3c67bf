// attack: reentry: completes again from a getter of the body being serialised
// expect: completed
// body: {"first":1}
function onRequest(request, response) {
  response.body = { get first() { response.body = 'second'; response.complete(500); return 1; } };
  response.complete();
}
