// attack: parser: evaluates functions nested in functions
// expect: hook_threw
// debug: RangeError: Maximum call stack size exceeded
function onRequest() { (0, eval)('function f(){'.repeat(3e4) + '}'.repeat(3e4)); }
