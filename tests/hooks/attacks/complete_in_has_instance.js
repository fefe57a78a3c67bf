// attack: reentry: completes from Symbol.hasInstance, which the host's instanceof asks
// expect: hook_error
// debug: UserDefinedError: {"told":1}
function onRequest(request, response) {
  Object.defineProperty(Error, Symbol.hasInstance, { value() { response.complete(); return false; } });
  response.error({ told: 1 });
}
