// attack: forging: smuggles a line end in a header's name
// expect: hook_violation
// debug: is no name of a response header
function onRequest(request, response) {
  response.headers['x-a\nSet-Cookie'] = 'session=FORGED';
  response.complete();
}
