// attack: memory: gives one object a property after the other
// expect: hook_out_of_memory
// debug: 67108864 bytes
function onRequest() {
  const object = {};
  for (let i = 0; ; i++) object['key' + i] = i;
}
