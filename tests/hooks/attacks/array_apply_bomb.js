// attack: memory: passes 2^27 arguments
// expect: hook_out_of_memory
// debug: 67108864 bytes
function onRequest() { return Math.max.apply(null, { length: 2 ** 27 }); }
