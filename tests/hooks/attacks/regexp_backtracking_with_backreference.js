// attack: natives: backtracks for ever with a backreference and lookbehind
// expect: hook_timeout
// debug: wall limit of 400 ms
// limit: timeout_ms=400
function onRequest() { return /^(?=(a+))*(\1|a|aa)+$/.test('a'.repeat(60) + 'b'); }
