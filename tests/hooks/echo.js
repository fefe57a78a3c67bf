function onRequest(request, response) {
  response.body = request.body;
  response.complete();
}
