// attack: limits: sets a header of a hundred thousand bytes
// expect: hook_violation
// debug: allowed are 100 of 65536 in all
function onRequest(request, response) {
  response.headers['x-a'] = 'y'.repeat(100000);
  response.complete();
}
