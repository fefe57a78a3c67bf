function onRequest(request, response, modules) {
  const books = modules.collectionAccess.collection('books');
  for (let i = 0; i < 50; i++) books.insert({ _id: 'book-' + i, n: i });
  response.complete();
}
