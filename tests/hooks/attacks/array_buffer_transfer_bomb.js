// attack: memory: grows a buffer by transferring it
// expect: hook_out_of_memory
// debug: the ArrayBuffer limit of 67108864 bytes was reached
function onRequest() {
  let buffer = new ArrayBuffer(2 ** 20);
  for (;;) buffer = buffer.transfer(buffer.byteLength * 2);
}
