// attack: forging: uses characters that become line ends when a server keeps their low byte only
// expect: hook_violation
// debug: header
function onRequest(request, response) {
  response.headers['x-a'] = 'b\u560d\u560aSet-Cookie: session=stolen';
  response.complete();
}
