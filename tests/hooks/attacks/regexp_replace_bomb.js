// attack: memory: replaces each character by a longer text
// expect: hook_out_of_memory
// debug: 67108864 bytes
function onRequest() { return 'x'.repeat(2 ** 25).replaceAll('x', 'y'.repeat(20)); }
