// attack: memory: keeps a chain of closures
// expect: hook_out_of_memory
// debug: 67108864 bytes
function onRequest() {
  let last = () => 0;
  for (;;) { const before = last; last = () => before; }
}
