// attack: memory: turns a number of 2^29 bits into decimal digits: native memory, not the heap
// expect: hook_out_of_memory
// debug: 67108864 bytes
function onRequest() { return String(2n ** (2n ** 29n)); }
