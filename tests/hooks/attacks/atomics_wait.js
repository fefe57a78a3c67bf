// attack: internals: blocks the only thread
// expect: hook_threw
// debug: TypeError
function onRequest() {
  let cell = new Int32Array(4);
  try { cell = new Int32Array(new WebAssembly.Memory({ initial: 1, maximum: 1, shared: true }).buffer); } catch { /* refused */ }
  Atomics.wait(cell, 0, 0);
}
