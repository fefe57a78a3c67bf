// attack: recursion: calls the host where the stack ends and then goes on
// expect: completed
// body: {"alive":true,"count":0}
function onRequest(request, response) {
  let calls = 0;
  function dive() {
    try { dive(); } catch { /* at the end of the stack */ }
    if (calls < 50) { calls++; try { db.count('recursion_then_host_call', {}, () => {}); } catch { /* too deep */ } }
  }
  dive();
  db.count('recursion_then_host_call', {}, function (error, count) {
    response.body = { alive: true, count };
    response.complete();
  });
}
