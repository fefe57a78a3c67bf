// attack: parser: evaluates a chain of a million property names
// expect: hook_threw
// debug: RangeError: Maximum call stack size exceeded
function onRequest() { eval('x' + '.a'.repeat(1e6)); }
