// attack: memory: keeps escaped texts
// expect: hook_out_of_memory
// debug: 67108864 bytes
function onRequest() {
  const keep = [];
  for (;;) keep.push(escape('\u20ac'.repeat(1e6)));
}
