// attack: memory: fills a Set
// expect: hook_out_of_memory
// debug: 67108864 bytes
function onRequest() {
  const set = new Set();
  for (;;) set.add({});
}
