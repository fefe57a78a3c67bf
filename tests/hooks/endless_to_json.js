function onRequest(request, response) {
  response.body = { toJSON: function spin() { for (;;) {} } };
  response.complete();
}
