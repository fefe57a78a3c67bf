// attack: thenable: resolves a promise with thenables for ever
// expect: hook_timeout
// debug: wall limit of 400 ms
// limit: timeout_ms=400
function onRequest() {
  const again = { then(resolve) { resolve(again); } };
  Promise.resolve(again);
}
