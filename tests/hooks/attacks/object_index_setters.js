// attack: pollution: puts setters for indices on Object.prototype
// expect: completed
// body: {"count":2,"caught":0}
function onRequest(request, response, modules) {
  let caught = 0;
  Object.defineProperty(Object.prototype, '0', { set() { caught++; }, get() { return { forged: 1 }; }, configurable: true });
  modules.collectionAccess.collection('object_index_setters').insert([{ n: 1 }, { n: 2 }], function (error, stored) {
    delete Object.prototype[0];
    response.body = { count: stored ? stored.length : String(error), caught };
    response.complete();
  });
}
