function onRequest(request, response) {
  response.body = Math.random();
  response.complete();
}
