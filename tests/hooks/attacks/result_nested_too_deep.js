// attack: limits: completes with a body that other parsers stumble over
// expect: hook_violation
// debug: nested deeper than 100 levels
function onRequest(request, response) {
  let body = {};
  for (let i = 0; i < 150; i++) body = { a: body };
  response.body = body;
  response.complete();
}
