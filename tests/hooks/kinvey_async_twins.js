function onRequest(request, response, modules) {
  var books = modules.collectionAccess.collection('books');
  books.insertAsync({ _id: 'a', n: 1 })
    .then(function (stored) { return books.saveAsync({ _id: 'b', n: stored.length }); })
    .then(function () { return books.updateAsync({}, { $inc: { n: 1 } }, { multi: true }); })
    .then(function (affected) {
      return Promise.all([
        affected, books.findAsync({}), books.findOneAsync({ _id: 'b' }), books.countAsync({}),
        books.removeAsync({ _id: 'a' }), books.findAsync({ $nonsense: 1 }).catch(function () { return 'caught'; }),
      ]);
    })
    .then(function (results) {
      response.body = [results[0], results[1].length, results[2].n, results[3], results[4], results[5]];
      response.complete();
    });
}
