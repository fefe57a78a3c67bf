// attack: memory: spreads a rope of 2^28 characters into an array
// expect: hook_out_of_memory
// debug: 67108864 bytes
function onRequest() { return [...'x'.repeat(2 ** 28)]; }
