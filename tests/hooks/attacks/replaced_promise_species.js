// attack: intrinsics: replaces Promise[Symbol.species] by a constructor that throws
// expect: completed
// body: {"worked":[1,"micro"],"hijacked":0}
function onRequest(request, response) {
  let hijacked = 0;
  class Thief { constructor() { hijacked++; throw new Error('replaced'); } }
  Object.defineProperty(Promise, Symbol.species, { value: Thief, configurable: true });
  db.insert('replaced_promise_species', [{}], function (error, stored) {
    queueMicrotask(() => {
      response.body = { worked: [stored.length, 'micro'], hijacked };
      response.complete();
    });
  });
}
