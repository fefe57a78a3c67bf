// attack: intrinsics: replaces the global Promise and Promise.resolve
// expect: completed
// body: {"worked":1,"own":true}
const Real = Promise;
Promise.resolve = Promise.reject = () => { throw new Error('replaced'); };
globalThis.Promise = class { constructor() { throw new Error('replaced'); } };
const made = db.insert('replaced_promise_constructor', [{}]);
made.then((stored) => complete(null, { worked: stored.length, own: made instanceof Real }));
