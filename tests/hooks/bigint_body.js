function onRequest(request, response) {
  response.body = { count: 10n };
  response.complete();
}
