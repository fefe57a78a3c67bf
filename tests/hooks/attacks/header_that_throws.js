// attack: coercion: sets a header whose toJSON throws
// expect: hook_threw
// debug: response.headers cannot be serialised: Error: trap
function onRequest(request, response) {
  response.headers = { 'x-a': { toJSON() { throw new Error('trap'); } } };
  response.complete();
}
