// attack: limits: sets a hundred and one headers
// expect: hook_violation
// debug: 101 response headers
function onRequest(request, response) {
  for (let i = 0; i < 101; i++) response.headers['x-' + i] = 'y';
  response.complete();
}
