// attack: pollution: puts throwing accessors for every internal option name on Object.prototype
// expect: completed
// body: {"stored":"Emma","count":1,"touched":[]}
function onRequest(request, response, modules) {
  const names = ['convert', 'callback', 'resolve', 'reject', 'fn', 'args', 'repeat', 'values', 'collection', 'query', 'options',
    'entity', 'get', 'set', 'value', 'writable', 'enumerable', 'configurable', 'count', 'numberAffected', 'plain', 'ok', 'method', 'from', 'run',
    'request', 'response', 'appKey'];
  const touched = [];
  for (const name of names) {
    const trap = () => { touched.push(name); };
    Object.defineProperty(Object.prototype, name, { __proto__: null, get: trap, set: trap, configurable: true });
  }
  const books = modules.collectionAccess.collection('option_names');
  books.insert({ title: 'Emma' }, function (error, stored) {
    books.count({}, function (error, count) {
      setTimeout(function () {
        for (const name of names) delete Object.prototype[name];
        response.body = { stored: stored[0].title, count, touched };
        response.complete();
      }, 0);
    });
  });
}
