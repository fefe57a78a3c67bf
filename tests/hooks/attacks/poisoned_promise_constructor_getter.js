// attack: intrinsics: makes reading Promise.prototype.constructor throw
// expect: completed
// body: {"worked":[1,"micro"]}
function onRequest(request, response) {
  Object.defineProperty(Promise.prototype, 'constructor', { get() { throw new Error('replaced'); }, configurable: true });
  db.insert('poisoned_promise_constructor', [{}], function (error, stored) {
    queueMicrotask(() => {
      response.body = { worked: [stored.length, 'micro'] };
      response.complete();
    });
  });
}
