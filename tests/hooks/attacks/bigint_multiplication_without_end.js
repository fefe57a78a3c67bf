// attack: natives: squares a number in one native operation after the other
// expect: hook_timeout
// debug: the wall limit of 400 ms passed
// limit: timeout_ms=400
function onRequest() {
  let big = 2n ** 20000000n - 1n;
  for (;;) big = (big * big) >> 20000000n;
}
