// attack: memory: fills a WeakMap whose keys live
// expect: hook_out_of_memory
// debug: 67108864 bytes
function onRequest() {
  const map = new WeakMap(), keep = [];
  for (;;) { const key = {}; keep.push(key); map.set(key, keep); }
}
