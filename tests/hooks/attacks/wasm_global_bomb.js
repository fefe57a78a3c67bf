// attack: wasm: makes globals without end
// expect: hook_out_of_memory
// debug: 67108864 bytes
function onRequest() {
  const keep = [];
  for (;;) keep.push(new WebAssembly.Global({ value: 'i64', mutable: true }, 1n));
}
