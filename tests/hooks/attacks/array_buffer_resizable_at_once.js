// attack: memory: asks for a gigabyte of resizable buffer
// expect: hook_out_of_memory
// debug: 67108864 bytes
function onRequest() { return new ArrayBuffer(2 ** 30, { maxByteLength: 2 ** 30 }); }
