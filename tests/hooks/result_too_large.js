function onRequest(request, response) {
  response.body = 'x'.repeat(2 << 20);
  response.complete();
}
