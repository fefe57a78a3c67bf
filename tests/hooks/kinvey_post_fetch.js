function onPostFetch(request, response, modules) {
  response.body.forEach(function (book) { book.seen = request.params.query; });
  response.headers['x-date'] = new Date(0);
  response.headers['x-count'] = response.body.length;
  delete response.headers['x-old'];
  response.continue();
}
