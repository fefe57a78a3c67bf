// The two hooks of a save: one before the database, which may end the request, and one after it.
function onPreSave(request, response, modules) {
  var books = modules.collectionAccess.collection('books');
  books.findOne({ title: request.body.title }, function (error, book) {
    if (error) return response.error(error);
    if (!book) {
      response.body = { sorry: 'no such book' };
      return response.complete(409);
    }
    request.body.author = book.author;
    modules.utils.tempObjectStore.set('reader', request.username);
    response.continue();
  });
}

function onPostSave(request, response, modules) {
  var reader = modules.utils.tempObjectStore.get('reader');
  response.body = { lent: response.body.title, by: response.body.author, to: reader };
  response.continue();
}
