// attack: reentry: fails and then throws from toJSON
// expect: hook_threw
// debug: response.body cannot be serialised: Error: thrown
function onRequest(request, response) {
  response.body = { toJSON() { response.error('forged'); throw new Error('thrown'); } };
  response.complete();
}
