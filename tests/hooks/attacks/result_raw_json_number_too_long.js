// attack: forging: returns by JSON.rawJSON a number of a hundred thousand digits, at which Python's parser fails
// expect: hook_violation
// debug: number
function onRequest(request, response) {
  response.body = { price: JSON.rawJSON('1'.repeat(100000)) };
  response.complete();
}
