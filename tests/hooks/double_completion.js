function onRequest(request, response) {
  response.body = 'first';
  response.complete(201);
  response.body = 'second';
  response.error('second');
  response.continue();
  response.complete(202);
}
