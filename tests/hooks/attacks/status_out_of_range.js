// attack: forging: completes with statuses that are none
// expect: completed
// body: {"alive":true}
function onRequest(request, response) {
  response.body = { alive: true };
  response.complete('99999999999999999999');
}
