// attack: parser: evaluates a million opening brackets
// expect: hook_threw
// debug: RangeError: Maximum call stack size exceeded
function onRequest() { eval('['.repeat(1e6)); }
