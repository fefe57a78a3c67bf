// attack: recursion: logs and starts timers where the stack ends
// expect: completed
// body: {"alive":true}
function onRequest(request, response, modules) {
  let calls = 0;
  function dive() {
    try { dive(); } catch { /* at the end of the stack */ }
    if (calls++ < 50) { try { modules.logger.info({ calls }); setTimeout(() => {}, 0); } catch { /* too deep */ } }
  }
  dive();
  setTimeout(() => { response.body = { alive: true }; response.complete(); }, 1);
}
