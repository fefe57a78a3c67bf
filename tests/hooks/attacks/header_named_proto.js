// attack: forging: sets headers named like parts of every object
// expect: completed
// body: {"alive":true}
function onRequest(request, response) {
  response.headers = JSON.parse('{"__proto__":"a","constructor":"b","toJSON":"c","hasOwnProperty":"d"}');
  response.body = { alive: true };
  response.complete();
}
