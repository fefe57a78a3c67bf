function onRequest(request, response, modules) {
  response.error('the book is lent');
}
