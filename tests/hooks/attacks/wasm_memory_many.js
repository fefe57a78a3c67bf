// attack: wasm: makes memories of one page without end, address space and all
// expect: hook_out_of_memory
// debug: 67108864 bytes
function onRequest() {
  const keep = [];
  for (;;) keep.push(new WebAssembly.Memory({ initial: 1 }));
}
