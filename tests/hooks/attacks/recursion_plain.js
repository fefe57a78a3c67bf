// attack: recursion: calls itself
// expect: hook_threw
// debug: RangeError: Maximum call stack size exceeded
function onRequest() { return onRequest() + 1; }
