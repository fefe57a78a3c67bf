// One native operation that V8 does not interrupt.
function onRequest(request, response) {
  let big = 3n ** 3000000n;
  for (;;) big = big * big;
}
