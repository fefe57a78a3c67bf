// attack: realm: looks whether variables of the host's modules are in scope of eval
// expect: completed
// body: {"seen":[]}
function onRequest(request, response) {
  const names = ['host', 'pending', 'timers', 'lastTimer', 'settle', 'finished', 'bridge', 'data', 'hidden', 'jsonParse', 'promiseThen', 'resolved', 'begin', 'finish', 'fail'];
  response.body = { seen: names.filter((name) => eval(`typeof ${name}`) !== 'undefined' || Function(`return typeof ${name}`)() !== 'undefined') };
  response.complete();
}
