// attack: reentry: passes a status whose valueOf completes
// expect: completed
// body: {"first":1}
function onRequest(request, response) {
  response.body = { first: 1 };
  response.complete({ valueOf() { response.body = 'forged'; response.complete(500); return 200; }, toString() { response.error('forged'); return '200'; } });
}
