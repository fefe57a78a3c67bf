function onRequest(request, response) {
  lookUp(request.body.book);
  response.complete();
}

function lookUp(book) {
  return book.title.length;
}
