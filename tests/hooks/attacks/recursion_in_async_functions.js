// attack: recursion: awaits itself
// expect: hook_threw
// debug: RangeError: Maximum call stack size exceeded (the stack limit is 983040 bytes) (unhandled promise rejection)
async function onRequest() { await onRequest(); }
