// attack: limits: stays below the limit in characters and is above it in bytes
// expect: hook_violation
// debug: allowed are 1048576
function onRequest(request, response) {
  response.body = '\u20ac'.repeat(400000);
  response.complete();
}
