// attack: coercion: completes with a status that cannot become a number
// expect: completed
// body: {"alive":true}
function onRequest(request, response) {
  response.body = { alive: true };
  response.complete(Symbol('200'));
}
