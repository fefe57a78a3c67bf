// Reads, and then forgets to say that it is done.
function onRequest(request, response, modules) {
  modules.collectionAccess.collection('books').find({}, function (error, books) {
    response.body = books;
  });
}
