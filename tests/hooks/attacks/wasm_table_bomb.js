// attack: wasm: grows a table without end
// expect: hook_out_of_memory
// debug: 67108864 bytes
function onRequest() {
  const table = new WebAssembly.Table({ initial: 1, element: 'anyfunc' });
  for (;;) table.grow(100000);
}
