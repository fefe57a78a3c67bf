// attack: wasm: suspends on a host call and completes on the other stack
// expect: completed
// body: {"count":0}
function onRequest(request, response) {
  const bytes = [0, 97, 115, 109, 1, 0, 0, 0, 1, 4, 1, 96, 0, 0, 2, 7, 1, 1, 109, 1, 102, 0, 0, 3, 2, 1, 0, 7, 5, 1, 1, 102, 0, 1, 10, 8, 1, 6, 0, 16, 0, 16, 0, 11];
  let turn = 0;
  const f = new WebAssembly.Suspending(() => {
    if (turn++ === 0) return db.count('wasm_suspends_in_the_api').then((count) => { response.body = { count }; });
    response.complete();
  });
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(new Uint8Array(bytes)), { m: { f } });
  WebAssembly.promising(exports.f)();
}
