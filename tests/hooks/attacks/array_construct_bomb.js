// attack: memory: constructs an array of 2^26 arguments by Reflect
// expect: hook_out_of_memory
// debug: 67108864 bytes
function onRequest() { return Reflect.construct(Array, { length: 2 ** 26 }); }
