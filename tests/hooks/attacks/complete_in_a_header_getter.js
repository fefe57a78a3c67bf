// attack: reentry: completes again while headers are turned to texts
// expect: completed
// body: {"first":1}
function onRequest(request, response) {
  response.body = { first: 1 };
  response.headers = { get 'x-a'() { response.body = 'forged'; response.complete(); return { toString() { complete('forged'); return 'b'; } }; } };
  response.complete();
}
