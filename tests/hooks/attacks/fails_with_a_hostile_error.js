// attack: coercion: fails with an error whose message, name and stack are traps
// expect: hook_error
// debug: UserDefinedError:
function onRequest(request, response) {
  const trap = () => { for (;;) {} };
  const error = new Error('told');
  for (const name of ['message', 'name', 'stack', 'toString', 'toJSON', 'constructor', 'cause']) Object.defineProperty(error, name, { get: trap });
  response.error(error);
}
