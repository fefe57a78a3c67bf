// attack: realm: replaces toPrimitive, toStringTag and isConcatSpreadable on the API's objects
// expect: completed
// body: {"worked":1}
function onRequest(request, response, modules) {
  for (const object of [request, response, modules, db, Object.prototype]) {
    for (const name of ['toPrimitive', 'toStringTag', 'isConcatSpreadable', 'unscopables']) {
      Object.defineProperty(object, Symbol[name], { get() { throw new Error('trap'); }, configurable: true });
    }
  }
  db.insert('symbols_of_the_language', [{}], function (error, stored) {
    response.body = { worked: stored.length };
    response.complete();
  });
}
