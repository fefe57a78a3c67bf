// attack: memory: makes garbage for ever, all of which can be collected
// expect: hook_timeout
// debug: wall limit of 400 ms
// limit: timeout_ms=400
function onRequest() {
  let last;
  for (;;) last = new Array(1000).fill(last && last.length);
}
