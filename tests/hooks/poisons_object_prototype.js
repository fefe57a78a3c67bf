function onRequest(request, response, modules) {
  const poison = function () { throw new Error('poisoned'); };
  const trap = { __proto__: null, get: poison, set: poison, configurable: true };
  for (const name of ['get', 'set', 'value', 'callback', 'convert', 'then', 'collection', 'query', 'resolve']) {
    Object.defineProperty(Object.prototype, name, trap);
  }
  modules.collectionAccess.collection('books').insert([{ n: 1 }, { n: 2 }], function (error, stored) {
    response.body = stored.length;
    response.complete();
  });
}
