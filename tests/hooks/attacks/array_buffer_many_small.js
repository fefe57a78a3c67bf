// attack: memory: keeps empty buffers, which cost heap and no buffer memory
// expect: hook_out_of_memory
// debug: 67108864 bytes
function onRequest() {
  const keep = [];
  for (;;) keep.push(new ArrayBuffer(0));
}
