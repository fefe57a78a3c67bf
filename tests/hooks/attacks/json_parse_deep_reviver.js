// attack: parser: walks deep JSON with a reviver
// expect: hook_threw
// debug: RangeError: Maximum call stack size exceeded
function onRequest() { return JSON.parse('['.repeat(1e5) + ']'.repeat(1e5), (key, value) => value); }
