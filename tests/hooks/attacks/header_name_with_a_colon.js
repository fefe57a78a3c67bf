// attack: forging: makes a name that is another header with its value
// expect: hook_violation
// debug: header
function onRequest(request, response) {
  response.headers['Set-Cookie: session=stolen; x'] = 'y';
  response.complete();
}
