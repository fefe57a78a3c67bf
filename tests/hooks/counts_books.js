function onRequest(request, response, modules) {
  modules.collectionAccess.collection('books').count({}, function (error, count) {
    response.body = count;
    response.complete();
  });
}
