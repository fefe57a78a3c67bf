// attack: forging: returns by JSON.rawJSON a number that parsers refuse or take for infinity
// expect: hook_violation
// debug: number
function onRequest(request, response) {
  response.body = { price: JSON.rawJSON('1e999') };
  response.complete();
}
