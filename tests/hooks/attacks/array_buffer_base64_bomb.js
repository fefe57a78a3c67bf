// attack: memory: turns a buffer into a text twice as long
// expect: hook_out_of_memory
// debug: 67108864 bytes
function onRequest() {
  const keep = [];
  for (;;) keep.push(new Uint8Array(1 << 20).toHex());
}
