// attack: intrinsics: freezes request and response, then completes
// expect: completed
// body: {"kept":1}
function onRequest(request, response) {
  response.body = { kept: 1 };
  Object.freeze(response);
  Object.freeze(request);
  response.body = { forged: 1 };
  response.complete();
}
