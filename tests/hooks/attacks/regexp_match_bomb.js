// attack: memory: collects a hundred million matches
// expect: hook_out_of_memory
// debug: 67108864 bytes
function onRequest() { return 'x'.repeat(2 ** 25).match(/x/g); }
