// attack: floods: starts a timer in each timer until the wall limit
// expect: hook_timeout
// debug: the wall limit of 300 ms passed
// limit: timeout_ms=300
function onRequest() { (function again() { setTimeout(again, 0); })(); }
