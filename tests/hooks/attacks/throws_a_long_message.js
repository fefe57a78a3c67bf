// attack: memory: throws a message of a quarter of a gigabyte
// expect: hook_out_of_memory
// debug: 67108864 bytes
function onRequest() { throw new Error('x'.repeat(2 ** 28)); }
