// attack: intrinsics: replaces Promise.prototype.then, then uses callbacks, promises and microtasks
// expect: completed
// body: {"worked":[1,1,"micro"]}
function onRequest(request, response) {
  const then = Promise.prototype.then;
  Promise.prototype.then = Promise.prototype.catch = Promise.prototype.finally = () => { throw new Error('replaced'); };
  db.insert('replaced_promise_then', [{ n: 1 }], function (error, stored) {
    then.call(db.count('replaced_promise_then'), (count) => {
      queueMicrotask(() => {
        response.body = { worked: [stored.length, count, 'micro'] };
        response.complete();
      });
    });
  });
}
