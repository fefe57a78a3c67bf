// attack: constructors: takes the constructor of a promise that db gave
// expect: completed
// body: {"promise":true,"executor":true}
const promise = db.find('constructor_of_a_promise');
const P = promise.constructor;
let executor = false;
new P(function (resolve) { executor = this === globalThis && typeof resolve === 'function'; });
complete(null, { promise: P === Promise && Object.getPrototypeOf(promise) === Promise.prototype, executor });
