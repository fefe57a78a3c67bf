// attack: realm: leaves the hook through every kind of abrupt end
// expect: hook_never_completed
// debug: ended without a terminal call
function onRequest(request, response) {
  outer: for (;;) { try { for (;;) { try { break outer; } finally { continue outer; } } } finally { break outer; } }
}
