// attack: memory: builds a prototype chain without end
// expect: hook_out_of_memory
// debug: 67108864 bytes
function onRequest() {
  let object = {};
  for (;;) object = Object.create(object);
}
