function onRequest(request, response, modules) {
  const books = modules.collectionAccess.collection('books');
  for (let i = 0; i < 5000; i++) books.count({}, function () {});
  response.complete();
}
