function onRequest(request, response) {
  response.body = 'done';
  response.complete();
  for (;;) {}
}
