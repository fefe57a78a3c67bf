// attack: wasm: copies a module's custom section again and again
// expect: hook_out_of_memory
// debug: 67108864 bytes
function onRequest() {
  const size = 1000000;
  // A custom section "n": its length as three bytes of LEB128.
  const length = size + 2;
  const head = [0, 97, 115, 109, 1, 0, 0, 0, 0, (length & 127) | 128, ((length >> 7) & 127) | 128, length >> 14, 1, 110];
  const bytes = new Uint8Array(head.length + size);
  bytes.set(head);
  const module = new WebAssembly.Module(bytes);
  const keep = [];
  for (;;) keep.push(...WebAssembly.Module.customSections(module, 'n'));
}
