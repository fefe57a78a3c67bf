// attack: natives: compares long texts of combining marks
// expect: hook_timeout
// debug: the wall limit of 400 ms passed
// limit: timeout_ms=400
function onRequest() {
  const a = '\u0301'.repeat(1e6), b = '\u0300'.repeat(1e6);
  for (;;) a.localeCompare(b);
}
