// attack: limits: completes with two megabytes
// expect: hook_violation
// debug: allowed are 1048576
function onRequest(request, response) {
  response.body = 'x'.repeat(1 << 21);
  response.complete();
}
