// attack: memory: grows resizable buffers, which no allocator is asked for
// expect: hook_out_of_memory
// debug: 67108864 bytes
function onRequest() {
  const keep = [];
  for (;;) {
    const buffer = new ArrayBuffer(1, { maxByteLength: 2 ** 25 });
    buffer.resize(2 ** 25);
    new Uint8Array(buffer).fill(1);
    keep.push(buffer);
  }
}
