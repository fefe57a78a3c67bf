// attack: memory: lets native code make a text nine times as long
// expect: hook_out_of_memory
// debug: 67108864 bytes
function onRequest() { return encodeURIComponent('\u20ac'.repeat(1.5e7)).length; }
