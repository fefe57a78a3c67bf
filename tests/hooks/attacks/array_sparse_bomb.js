// attack: memory: writes far apart indices
// expect: hook_out_of_memory
// debug: 67108864 bytes
function onRequest() {
  const list = [];
  for (let i = 0; ; i++) list[i * 1000] = i;
}
