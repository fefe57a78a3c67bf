function onRequest(request, response) {
  response.body = greet(request.body.name) + counted;
  response.complete();
}
