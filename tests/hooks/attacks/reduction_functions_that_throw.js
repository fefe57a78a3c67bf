// attack: reduction: throws hostile values from map, reduce, toJSON and the getters of a scope, and takes globals away
// expect: completed
// body: {"codes":["MongoError","MongoError","MongoError","MongoError"],"scoped":[{"_id":"k","value":1}],"kept":"function"}
function onRequest(request, response, modules) {
  const things = modules.collectionAccess.collection('reduction_functions_that_throw'), codes = [];
  const hostile = new Proxy({}, { get() { throw hostile; }, getPrototypeOf() { throw hostile; } });
  const nothing = function () { return 1; }, tries = [
    (done) => things.group([], {}, {}, function () { throw hostile; }, done),
    (done) => things.mapReduce(function () { throw null; }, nothing, {}, done),
    (done) => things.mapReduce(function () { emit({ toJSON() { throw hostile; } }, 1); }, nothing, {}, done),
    (done) => things.mapReduce(function () { emit(1, 1); emit(1, 1); }, function () { throw hostile; }, {}, done),
  ];
  things.insert([{ n: 1 }, { n: 2 }], function next() {
    const one = tries.shift();
    if (one) return one(function (error) { codes.push(error.code); next(); });
    const scope = { JSON: null, Object: null, Array: null, emitted: 1 };
    things.mapReduce(function () { if (this.n === 1) emit('k', emitted); }, nothing, { scope }, function (error, scoped) {
      response.body = { codes, scoped, kept: typeof Object };
      response.complete();
    });
  });
}
