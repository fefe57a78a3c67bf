// attack: limits: leaves two megabytes in the request instead of the body
// expect: hook_violation
// debug: allowed are 1048576
function onRequest(request, response) {
  request.body = { text: 'x'.repeat(1 << 21) };
  response.complete();
}
