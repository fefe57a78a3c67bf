// attack: wasm: completes from inside WebAssembly and loops behind it
// expect: completed
// body: {"from":"wasm"}
function onRequest(request, response) {
  // (import "m" "f" (func)) (func (export "f") (call 0) (loop (br 0)))
  const bytes = [0, 97, 115, 109, 1, 0, 0, 0, 1, 4, 1, 96, 0, 0, 2, 7, 1, 1, 109, 1, 102, 0, 0, 3, 2, 1, 0, 7, 5, 1, 1, 102, 0, 1, 10, 11, 1, 9, 0, 16, 0, 3, 64, 12, 0, 11, 11];
  const module = new WebAssembly.Module(new Uint8Array(bytes));
  const f = () => { response.body = { from: 'wasm' }; response.complete(); };
  new WebAssembly.Instance(module, { m: { f } }).exports.f();
}
