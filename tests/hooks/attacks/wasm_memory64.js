// attack: wasm: asks for a 64-bit memory of a terabyte
// expect: hook_threw
// debug: WebAssembly.Memory()
function onRequest() { return new WebAssembly.Memory({ initial: 16777216n, address: 'i64' }); }
