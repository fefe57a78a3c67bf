function onRequest(request, response, modules) {
  const books = modules.collectionAccess.collection('books');
  let calls = 0;
  (function next() {
    calls += 1;
    books.count({}, next);
  })();
}
