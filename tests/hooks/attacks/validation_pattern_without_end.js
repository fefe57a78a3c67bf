// attack: natives: has a validation search for ever
// expect: hook_timeout
// debug: wall limit of 400 ms
// limit: timeout_ms=400
function onRequest(request, response, modules) {
  modules.validation.doValidation({ a: { pattern: ['^(?=(a+))*(\\1|a|aa)+$'] } }, { a: 'a'.repeat(60) + 'b' });
}
