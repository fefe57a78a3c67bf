// attack: wasm: fills one large memory after the other
// expect: hook_out_of_memory
// debug: 67108864 bytes
function onRequest() {
  const keep = [];
  for (;;) {
    const memory = new WebAssembly.Memory({ initial: 500 });
    new Uint8Array(memory.buffer).fill(1);
    keep.push(memory);
  }
}
