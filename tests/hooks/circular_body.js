function onRequest(request, response) {
  response.body = { self: response };
  response.body.body = response.body;
  response.complete();
}
