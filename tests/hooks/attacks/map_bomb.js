// attack: memory: fills a Map
// expect: hook_out_of_memory
// debug: 67108864 bytes
function onRequest() {
  const map = new Map();
  for (let i = 0; ; i++) map.set(i, {});
}
