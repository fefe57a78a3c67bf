// attack: memory: sends a value that is small as a graph and huge as a tree
// expect: hook_out_of_memory
// debug: 67108864 bytes
function onRequest(request, response) {
  let value = ['ha'.repeat(100)];
  for (let i = 0; i < 12; i++) value = [value, value, value, value, value, value];
  response.body = value;
  response.complete();
}
