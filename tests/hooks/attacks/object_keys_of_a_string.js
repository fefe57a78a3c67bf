// attack: memory: asks for the keys of a long string
// expect: hook_out_of_memory
// debug: 67108864 bytes
function onRequest() { return Object.keys('x'.repeat(2 ** 24)); }
