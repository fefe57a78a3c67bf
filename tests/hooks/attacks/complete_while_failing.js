// attack: reentry: completes from toJSON of the error object that fails the hook
// expect: hook_error
// debug: UserDefinedError: {"told":1}
function onRequest(request, response) {
  response.error({ toJSON() { response.body = 'forged'; response.complete(); return { told: 1 }; } });
}
