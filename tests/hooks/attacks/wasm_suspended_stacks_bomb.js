// attack: wasm: suspends thousands of WebAssembly stacks
// expect: hook_out_of_memory
// debug: 67108864 bytes
function onRequest() {
  const bytes = [0, 97, 115, 109, 1, 0, 0, 0, 1, 4, 1, 96, 0, 0, 2, 7, 1, 1, 109, 1, 102, 0, 0, 3, 2, 1, 0, 7, 5, 1, 1, 102, 0, 1, 10, 6, 1, 4, 0, 16, 0, 11];
  const f = new WebAssembly.Suspending(() => new Promise(() => {}));
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(new Uint8Array(bytes)), { m: { f } });
  const run = WebAssembly.promising(exports.f);
  const keep = [];
  for (;;) keep.push(run());
}
