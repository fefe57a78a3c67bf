// attack: memory: parses a small text into many objects
// expect: hook_out_of_memory
// debug: 67108864 bytes
function onRequest() { return JSON.parse('[' + '{"a":{}},'.repeat(2e6) + '1]'); }
