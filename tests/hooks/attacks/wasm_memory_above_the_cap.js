// attack: wasm: asks for a memory of four gigabytes
// expect: hook_out_of_memory
// debug: 67108864 bytes
function onRequest() { return new WebAssembly.Memory({ initial: 65536 }); }
