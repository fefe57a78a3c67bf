// attack: memory: keeps WeakRefs, whose targets live until the turn ends
// expect: hook_out_of_memory
// debug: 67108864 bytes
function onRequest() {
  const keep = [];
  for (;;) keep.push(new WeakRef({}));
}
