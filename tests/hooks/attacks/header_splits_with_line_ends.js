// attack: forging: smuggles a header in the value of another
// expect: hook_violation
// debug: holds a control character
function onRequest(request, response) {
  response.headers['x-a'] = 'b\r\nSet-Cookie: session=FORGED';
  response.complete();
}
