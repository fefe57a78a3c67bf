// attack: memory: shifts beyond the largest BigInt
// expect: hook_threw
// debug: RangeError: Maximum BigInt size exceeded
function onRequest() { return 1n << 2n ** 40n; }
