// attack: memory: catches every exception while it fills the heap
// expect: hook_out_of_memory
// debug: 67108864 bytes
function onRequest() {
  const keep = [];
  for (;;) {
    try { for (;;) keep.push({}, []); } catch { keep.push(1); } finally { keep.push(2); }
  }
}
