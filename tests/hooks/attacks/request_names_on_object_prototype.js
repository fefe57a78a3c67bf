// attack: pollution: puts accessors for the names of request and response on Object.prototype
// expect: completed
// body: {"kept":1}
function onRequest(request, response, modules) {
  for (const name of ['body', 'headers', 'params', 'query', 'method', 'tempObjectStore', 'entityId', 'collectionName', 'username', 'complete', 'error']) {
    Object.defineProperty(Object.prototype, name, { __proto__: null, get() { return 'forged'; }, set() { throw new Error('forged'); }, configurable: true });
  }
  modules.utils.tempObjectStore.set('a', 1);
  response.body = { kept: modules.utils.tempObjectStore.get('a') };
  response.complete();
}
