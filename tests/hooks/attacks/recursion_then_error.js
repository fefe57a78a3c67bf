// attack: recursion: fails at every depth from where the stack ends
// expect: hook_error
// debug: UserDefinedError: told
function onRequest(request, response) {
  function dive() {
    try { dive(); } catch { response.error('told'); }
  }
  dive();
}
