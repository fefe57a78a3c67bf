// attack: memory: fills an array of four milliards in one native call
// expect: hook_out_of_memory
// debug: 67108864 bytes
function onRequest() {
  const list = [];
  list.length = 2 ** 32 - 1;
  return list.fill(1);
}
