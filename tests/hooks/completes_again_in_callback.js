function onRequest(request, response, modules) {
  modules.collectionAccess.collection('books').count({}, function () {
    response.body = 'late';
    response.complete(500);
  });
  response.body = 'early';
  response.continue();
}
