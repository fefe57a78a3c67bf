// attack: host_errors: replaces Error.prototype.toString before an error is logged and reported
// expect: hook_error
// debug: UserDefinedError: TypeError: mine
function onRequest(request, response) {
  Error.prototype.toString = () => 'forged';
  console.error(new TypeError('mine'));
  response.error(new TypeError('mine'));
}
