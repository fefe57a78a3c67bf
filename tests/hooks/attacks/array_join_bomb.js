// attack: memory: joins an array of 2^28 holes and flattens the text
// expect: hook_out_of_memory
// debug: 67108864 bytes
function onRequest(request, response) {
  response.body = /y/.test(new Array(2 ** 28).join('x'));
  response.complete();
}
