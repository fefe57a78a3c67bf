// attack: memory: fills the global symbol registry
// expect: hook_out_of_memory
// debug: 67108864 bytes
function onRequest() {
  for (let i = 0; ; i++) Symbol.for('symbol number ' + i);
}
