// attack: natives: formats a list of a million entries
// expect: hook_out_of_memory
// debug: 67108864 bytes
function onRequest() { return new Intl.ListFormat('en').format(Array(1e6).fill('x'.repeat(50))).length; }
