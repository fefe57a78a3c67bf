// attack: memory: defers without end
// expect: hook_out_of_memory
// debug: 67108864 bytes
function onRequest() {
  const stack = new DisposableStack();
  for (;;) stack.defer(() => {});
}
