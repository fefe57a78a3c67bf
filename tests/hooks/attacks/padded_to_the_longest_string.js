// attack: memory: pads to the longest string there can be and sends it
// expect: hook_out_of_memory
// debug: 67108864 bytes
function onRequest(request, response) {
  response.body = 'x'.padStart(2 ** 29 - 25);
  response.complete();
}
