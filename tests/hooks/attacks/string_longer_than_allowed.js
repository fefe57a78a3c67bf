// attack: memory: repeats a text beyond the longest string
// expect: hook_threw
// debug: RangeError: Invalid
function onRequest() { return 'x'.repeat(2 ** 30); }
