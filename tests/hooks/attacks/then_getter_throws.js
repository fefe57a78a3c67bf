// attack: thenable: makes looking for then throw inside the host's resolve
// expect: completed
// body: {"promise":"rejected: poisoned","callback":1}
function onRequest(request, response) {
  let callback = 0;
  Object.defineProperty(Object.prototype, 'then', { get() { throw new Error('poisoned'); }, configurable: true });
  const promise = db.insert('then_getter_throws', [{ n: 1 }]);
  db.insert('then_getter_throws', [{ n: 2 }], function () { callback++; });
  promise.catch((error) => {
    delete Object.prototype.then;
    // Replies come in the order of the calls: the callback has been called by then.
    db.count('then_getter_throws', {}, () => {
      response.body = { promise: 'rejected: ' + error.message, callback };
      response.complete();
    });
  });
}
