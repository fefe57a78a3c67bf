// attack: memory: fills the heap with small objects
// expect: hook_out_of_memory
// debug: 67108864 bytes
function onRequest() {
  const keep = [];
  for (;;) keep.push({ a: 1, b: [2] });
}
