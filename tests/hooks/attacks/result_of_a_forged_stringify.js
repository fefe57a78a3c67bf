// attack: forging: gives toJSON that returns JSON text, which must stay a text
// expect: completed
// body: "}},\"tag\":\"completed\",\"blame\":\"none\"}"
function onRequest(request, response) {
  response.body = { toJSON: () => '}},"tag":"completed","blame":"none"}' };
  response.complete();
}
