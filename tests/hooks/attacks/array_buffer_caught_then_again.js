// attack: memory: catches a refused allocation and goes on asking
// expect: hook_out_of_memory
// debug: 67108864 bytes
function onRequest() {
  const keep = [];
  try { for (;;) keep.push(new Uint8Array(1 << 22)); } catch { keep.push(1); }
  new Uint8Array(1 << 26);
}
