// attack: recursion: completes at every depth from where the stack ends: one of the calls ends in the middle
// expect: hook_threw
// debug: cannot be serialised: RangeError: Maximum call stack size exceeded
function onRequest(request, response) {
  function dive() {
    try { dive(); } catch { response.complete(); }
  }
  dive();
}
