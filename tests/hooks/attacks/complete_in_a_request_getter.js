// attack: reentry: changes the body after it was serialised, from a getter of request
// expect: completed
// body: {"first":1}
function onRequest(request, response) {
  response.body = { first: 1 };
  request.body = { get late() { response.body.first = 2; response.complete(); return 1; } };
  response.complete();
}
