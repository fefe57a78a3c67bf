// Names and habits from before the libraries of today.
function onRequest(request, response, modules) {
  var _ = modules.lodash, access = modules.collectionAccess, Promise = modules.bluebird, body = response.body;
  var people = [{ name: 'Ann', age: 3, at: { n: 1 } }, { name: 'Bob', age: 5, at: { n: 2 } }];
  body.lodash = [
    _.pluck(people, 'name'), _.contains([1, 2], 2), _.where(people, { age: 5 }).length, _.findWhere(people, { age: 3 }).name,
    _.any(people, 'age'), _.all(people, { age: 3 }), _.include('abc', 'b'), _.inject([1, 2], function (a, b) { return a + b; }, 0),
    _.object(['a'], [1]), _.pairs({ a: 1 }), _.keys(_.indexBy(people, 'name')), _.unique([1, 1]), _.select([1, 0], Boolean),
    _(people).chain().pluck('at.n').collect(function (n) { return n * 2; }).value(), _(people).pluck('age').contains(5),
    _.first([7, 8]), _.extend({ a: 1 }, { b: 2 }), _.each([1], _.noop).length,
  ];
  var made = access.objectID(), again = new access.objectID();
  body.ids = [/^[0-9a-f]{24}$/.test(made), made.toString() !== again + '', access.objectID(made).equals(made.toHexString()), JSON.stringify({ id: made }).length];
  var books = access.collection('books'), twin = books.findAsync;
  Promise.promisifyAll(books);
  Promise.promisifyAll(modules.request);
  body.twins = [books.findAsync === twin, typeof books.findAsyncAsync, Object.keys(books).indexOf('findAsync')];
  Promise.promisifyAll({ later: function (n, done) { setTimeout(done, 1, null, n * 2); } }).laterAsync(4)
    .then(function (eight) {
      body.eight = eight;
      return Promise.promisify(books.find)({});
    })
    .catch(function (error) {
      body.caught = [error.code, error instanceof Error];
      books.find({}, function (error) {
        body.told = [JSON.parse(JSON.stringify(error)), String(error)];
        response.complete();
      });
    });
}
