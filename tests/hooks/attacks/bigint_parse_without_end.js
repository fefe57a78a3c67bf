// attack: natives: parses a decimal number of twenty million digits
// expect: hook_timeout
// debug: the wall limit of 400 ms passed
// limit: timeout_ms=400
function onRequest() { return BigInt('9'.repeat(2e7)); }
