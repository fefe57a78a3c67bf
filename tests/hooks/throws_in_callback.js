function onRequest(request, response, modules) {
  modules.collectionAccess.collection('books').find({}, function afterFind(error, books) {
    response.body = books[0].title;
    response.complete();
  });
}
