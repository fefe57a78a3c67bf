function onRequest(request, response, modules) {
  var access = modules.collectionAccess, books = access.collection('books'), Promise = modules.bluebird;
  var names = ['find', 'findOne', 'insert', 'save', 'update', 'remove', 'findAndModify', 'findAndRemove', 'count',
    'distinct', 'geoNear', 'group', 'mapReduce'];
  response.body.missing = names.filter(function (name) { return typeof books[name + 'Async'] !== 'function'; });
  Promise.join(books.findAsync({}), access.collectionExistsAsync('books'), function (found, exists) {
    return [found.length, exists];
  })
    .tap(function (joined) { response.body.joined = joined; })
    .then(function () { return books.removeAsync({}); })
    .catch(function (error) { response.body.caught = error.code; })
    .finally(function () { response.complete(); });
}
