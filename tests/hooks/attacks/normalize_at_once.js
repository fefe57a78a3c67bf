// attack: memory: normalises one text whose result native code cannot hold
// expect: hook_out_of_memory
// debug: 67108864 bytes
function onRequest() { return '\ufdfa'.repeat(3e6).normalize('NFKD').length; }
