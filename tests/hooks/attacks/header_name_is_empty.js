// attack: forging: sets headers whose names are empty or have spaces
// expect: hook_violation
// debug: header
function onRequest(request, response) {
  response.headers = { '': 'a', 'x y': 'b' };
  response.complete();
}
