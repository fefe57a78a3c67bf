// attack: thenable: awaits a thenable that keeps its callbacks
// expect: hook_never_completed
// debug: ended without a terminal call
async function onRequest(request, response) {
  await { then() {} };
  response.complete();
}
