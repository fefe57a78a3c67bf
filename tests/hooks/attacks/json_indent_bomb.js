// attack: memory: lets indentation blow up a small value
// expect: hook_out_of_memory
// debug: 67108864 bytes
function onRequest() {
  let value = [];
  for (let i = 0; i < 5000; i++) value = [value, value.length];
  return JSON.stringify(value, null, '          ').charCodeAt(1e7);
}
