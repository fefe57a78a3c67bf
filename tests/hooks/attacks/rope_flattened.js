// attack: memory: builds a rope of half a gigabyte and reads its middle
// expect: hook_out_of_memory
// debug: 67108864 bytes
function onRequest(request, response) {
  let text = 'abcdefgh';
  while (text.length < 2 ** 28) text += text;
  response.body = text.charCodeAt(2 ** 27);
  response.complete();
}
