// attack: memory: compiles functions without end
// expect: hook_out_of_memory
// debug: 67108864 bytes
function onRequest() {
  const keep = [];
  for (let i = 0; ; i++) keep.push(new Function('a', `return a + ${i} + "${'x'.repeat(500)}"`));
}
