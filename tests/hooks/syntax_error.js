function onRequest(request, response) {
  var total = 1 +;
  response.complete();
}
