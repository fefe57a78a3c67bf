// attack: memory: chains errors by their causes
// expect: hook_out_of_memory
// debug: 67108864 bytes
function onRequest() {
  let error;
  for (;;) error = new Error('x', { cause: error });
}
