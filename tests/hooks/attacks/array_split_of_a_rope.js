// attack: memory: splits a long text into characters
// expect: hook_out_of_memory
// debug: 67108864 bytes
function onRequest() { return '\u20ac'.repeat(2 ** 24).split(''); }
