// attack: pollution: reaches Object.prototype through keys of the temporary store
// expect: completed
// body: {"polluted":false,"got":1}
function onRequest(request, response, modules) {
  const store = modules.utils.tempObjectStore;
  store.set('__proto__', { polluted: true });
  store.set('a', 1);
  response.body = { polluted: {}.polluted === true, got: store.get('a') };
  response.complete();
}
