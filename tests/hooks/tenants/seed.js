// Of the tests: puts documents into collections, as they are.
function onRequest(request, response, modules) {
  var names = Object.keys(request.body);
  modules.async.each(names, function (name, done) {
    modules.collectionAccess.collection(name).insert(request.body[name], done);
  }, function (err) {
    if (err) return response.error(err);
    response.complete(201);
  });
}
