// attack: memory: asks for a gigabyte at once
// expect: hook_out_of_memory
// debug: the ArrayBuffer limit of 67108864 bytes was reached
function onRequest() { return new ArrayBuffer(2 ** 30); }
